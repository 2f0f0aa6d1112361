/**
 * `remora drain`: tells one proxy to leave without losing a request, as the preStop hook of its pod
 * does by the proxy's own `drain`.
 *
 * The page is on loopback only, so this is for who is on the machine, or forwards the port. Exit
 * codes: 0 it drains, 1 requests are left after the wait, 69 where no proxy is.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ports } from '@remora/api/ports.ts';
import { causeOf } from './control-client.ts';
import { EXIT_FOUND, EXIT_OK, EXIT_UNAVAILABLE, EXIT_USAGE, type ExitCode } from './exit-codes.ts';
import type { Io, Verb } from './verb.ts';

const CHECK_MS = 100;
const ANSWER_TIMEOUT_MS = 5_000;
const WAIT_SECONDS_MAX = 3_600;
const GONE_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** What the proxy's GET /drain says. */
interface Draining {
  readonly phase: string;
  readonly inFlight: number;
}

export const drain: Verb = {
  usage: 'drain',
  summary: 'Tell a proxy to leave: not ready, callers go elsewhere, its application is served on.',
  group: 'Run:',
  options: [
    ['--admin <address>', "the proxy's loopback pages", `127.0.0.1:${ports.admin}`],
    ['--wait <seconds>', 'until the way in is closed and all of its requests are answered', '0'],
  ],

  async run(_args, { admin, wait }, io) {
    const seconds = Number(wait);
    if (!(seconds >= 0 && seconds <= WAIT_SECONDS_MAX)) {
      io.err(`--wait ${wait} is no number of seconds from 0 to ${WAIT_SECONDS_MAX}.`);
      return EXIT_USAGE;
    }
    const url = `http://${admin}/drain`;
    if (!URL.canParse(url)) {
      io.err(`--admin ${admin} is no address: write HOST:PORT.`);
      return EXIT_USAGE;
    }
    try {
      const answer = await ask(url, 'POST');
      if (answer.status !== 202) throw new Error(`it answered ${answer.status}`);
    } catch (error) {
      io.err(`No proxy drains at ${admin}: ${causeOf(error)}.`);
      io.err('The ready line of a proxy names its admin address; in a pod, forward that port.');
      return EXIT_UNAVAILABLE;
    }
    io.out('Draining: not ready, callers are told to leave; the way out stays open until SIGTERM.');
    return seconds === 0 ? EXIT_OK : await waitFor(url, seconds * 1_000, io);
  },
};

async function waitFor(url: string, waitMs: number, io: Io): Promise<ExitCode> {
  const startedAtMs = performance.now();
  for (;;) {
    const leftMs = waitMs - (performance.now() - startedAtMs);
    const state = await stateAt(url, Math.min(ANSWER_TIMEOUT_MS, Math.max(CHECK_MS, leftMs)));
    const passedMs = performance.now() - startedAtMs;
    const passed = `After ${(passedMs / 1_000).toFixed(1)} s`;
    if (state !== null && state.phase !== 'serving' && state.phase !== 'closing-in') {
      io.out(`${passed} the way in is closed, all of its requests are answered.`);
      return EXIT_OK;
    }
    if (passedMs >= waitMs) {
      const open = `the way in is not closed, ${state?.inFlight} in flight`;
      const what = state === null ? 'the proxy does not answer' : open;
      io.err(`${passed} ${what}; it goes on draining.`);
      return EXIT_FOUND;
    }
    await sleep(Math.min(CHECK_MS, waitMs - passedMs));
  }
}

/** A proxy that has ended has nothing in flight. Null: it said nothing, and may have a lot. */
async function stateAt(url: string, timeoutMs: number): Promise<Draining | null> {
  try {
    const answer = await ask(url, 'GET', timeoutMs);
    return answer.status === 200 ? ((await answer.json()) as Draining) : null;
  } catch (error) {
    return isGone(error) ? { phase: 'done', inFlight: 0 } : null;
  }
}

async function ask(
  url: string,
  method: 'GET' | 'POST',
  timeoutMs = ANSWER_TIMEOUT_MS,
): Promise<Response> {
  return await fetch(url, { method, signal: AbortSignal.timeout(timeoutMs) });
}

/** The connection was refused, or ended without an answer: `fetch` has a code of its own for it. */
function isGone(error: unknown): boolean {
  const { code } = (error instanceof Error ? (error.cause ?? {}) : {}) as NodeJS.ErrnoException;
  return code !== undefined && GONE_CODES.has(code);
}
