/**
 * Preloaded into a proxy: how long the longest turn of its event loop was, in CPU time of its
 * thread.
 *
 * A turn's wall time on a shared machine is mostly its neighbours'. The CPU time of the one thread
 * is what the proxy itself held its requests up for. The loop is kept turning without a pause, so a
 * measured process is busier than one in service, and never the one whose CPU is reported.
 *
 * Impure. Started by `table.ts` with `--import`; writes a line each 50 ms to REMORA_BENCH_TURNS.
 */
import { appendFileSync } from 'node:fs';
import { threadClock } from '../../test/support/thread-clock.ts';

const REPORT_MS = 50;
const START_MS = 500;

function measure(file: string): void {
  const cpuMs = threadClock();
  let beganMs = cpuMs();
  let longestMs = 0;
  let reportedAtMs = performance.now();
  const turn = (): void => {
    const nowMs = cpuMs();
    longestMs = Math.max(longestMs, nowMs - beganMs);
    beganMs = nowMs;
    if (performance.now() - reportedAtMs >= REPORT_MS) {
      appendFileSync(file, `${JSON.stringify({ atMs: Date.now(), longestMs })}\n`);
      reportedAtMs = performance.now();
      longestMs = 0;
      beganMs = cpuMs(); // Reporting is not the proxy's work.
    }
    setImmediate(turn);
  };
  turn();
}

const file = process.env['REMORA_BENCH_TURNS'];
if (file !== undefined) setTimeout(measure, START_MS, file); // Starting is no turn.
