/**
 * `remora drain`: tells one proxy to leave without losing a request, as the preStop hook of its pod
 * does by the proxy's own `drain`.
 *
 * The page is on loopback only, so this is for who is on the machine, or forwards the port. Exit
 * codes: 0 it drains, 1 requests are left after the wait, 69 where no proxy is.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ports } from '@remora/api/ports.ts';
import { EXIT_FOUND, EXIT_OK, EXIT_UNAVAILABLE, EXIT_USAGE, type ExitCode } from './exit-codes.ts';
import type { Io, Verb } from './verb.ts';

const CHECK_MS = 100;
const ANSWER_TIMEOUT_MS = 5_000;
const WAIT_SECONDS_MAX = 3_600;

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
    const { phase, inFlight } = await stateAt(url);
    const passedMs = performance.now() - startedAtMs;
    const passed = `After ${(passedMs / 1_000).toFixed(1)} s`;
    if (phase !== 'serving' && phase !== 'closing-in') {
      io.out(`${passed} the way in is closed, all of its requests are answered.`);
      return EXIT_OK;
    }
    if (passedMs >= waitMs) {
      io.err(`${passed} the way in is not closed, ${inFlight} in flight; it goes on draining.`);
      return EXIT_FOUND;
    }
    await sleep(Math.min(CHECK_MS, waitMs - passedMs));
  }
}

/** A proxy that has ended has nothing in flight. */
async function stateAt(url: string): Promise<Draining> {
  try {
    const answer = await ask(url, 'GET');
    if (answer.status === 200) return (await answer.json()) as Draining;
  } catch {
    // Gone, or going.
  }
  return { phase: 'done', inFlight: 0 };
}

async function ask(url: string, method: 'GET' | 'POST'): Promise<Response> {
  return await fetch(url, { method, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
