/**
 * `remora drain`: tells one proxy to leave without losing a request, as the preStop hook of its pod
 * does by the proxy's own `drain`.
 *
 * The page is on loopback only, so this is for who is on the machine, or forwards the port. Exit
 * codes: 0 it drains, 1 requests are left after the wait, 69 where no proxy is.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DRAIN_ANSWER_TIMEOUT_MS,
  DRAIN_WAIT_SECONDS_MAX,
  DRAINING,
  GONE_CODES,
  untilDrained,
} from '@remora/api/draining.ts';
import { ports } from '@remora/api/ports.ts';
import { systemClock } from '../clock.ts';
import { causeOf } from './control-client.ts';
import { EXIT_FOUND, EXIT_OK, EXIT_UNAVAILABLE, EXIT_USAGE } from './exit-codes.ts';
import type { Verb } from './verb.ts';

/** `fetch`'s own code for a connection that ended without an answer. */
const FETCH_CUT = 'UND_ERR_SOCKET';

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
    if (!(seconds >= 0 && seconds <= DRAIN_WAIT_SECONDS_MAX)) {
      io.err(`--wait ${wait} is no number of seconds from 0 to ${DRAIN_WAIT_SECONDS_MAX}.`);
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
    io.out(DRAINING);
    if (seconds === 0) return EXIT_OK;
    const watch = {
      look: async (limitMs: number) => {
        const answer = await ask(url, 'GET', limitMs);
        return { status: answer.status, body: await answer.text() };
      },
      isGone,
      nowMs: systemClock.nowMs,
      sleep,
    };
    const end = await untilDrained(watch, seconds * 1_000);
    if (end.isDrained) io.out(end.text);
    else io.err(end.text);
    return end.isDrained ? EXIT_OK : EXIT_FOUND;
  },
};

async function ask(
  url: string,
  method: 'GET' | 'POST',
  timeoutMs = DRAIN_ANSWER_TIMEOUT_MS,
): Promise<Response> {
  return await fetch(url, { method, signal: AbortSignal.timeout(timeoutMs) });
}

/** The connection was refused, or ended without an answer. */
function isGone(error: unknown): boolean {
  const { code } = (error instanceof Error ? (error.cause ?? {}) : {}) as NodeJS.ErrnoException;
  return code !== undefined && (code === FETCH_CUT || GONE_CODES.has(code));
}
