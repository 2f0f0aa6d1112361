/**
 * `remora-proxy drain`: tells the proxy of this pod to leave; the command of its preStop hook.
 *
 * Part of the proxy's own bundle, since its image holds nothing else: no shell, no curl. Written on
 * a plain socket, as `fetch` would load more than the proxy itself.
 *
 * Exit codes: 0 it drains, 1 nobody is there or requests are left after the wait, 2 wrong flags.
 * Impure: sockets and time. Called by `main.ts`. `remora drain` does the same from outside.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  DRAIN_ANSWER_TIMEOUT_MS,
  DRAIN_WAIT_SECONDS_MAX,
  DRAINING,
  GONE_CODES,
  untilDrained,
} from '@remora/api/draining.ts';
import { ports } from '@remora/api/ports.ts';
import { systemClock } from './clock.ts';
import { addressOf, number } from './flags.ts';
import type { ListenAddress } from './net/listener.ts';

export const DRAIN_USAGE = `usage: remora-proxy drain [--admin HOST:PORT] [--wait SECONDS]

  --admin HOST:PORT  the proxy's loopback pages (default: 127.0.0.1:${ports.admin})
  --wait SECONDS     returns when the way in is closed and all of its requests are answered
`;

const EXIT_OK = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const WAIT_SECONDS = { least: 0, most: DRAIN_WAIT_SECONDS_MAX, standard: 0 };
const ANSWER_BYTES_MAX = 4_096;

/** What became of it, in an exit code. `say` is for people who read events of the pod. */
export async function drain(args: readonly string[], say: (text: string) => void): Promise<number> {
  let at: ListenAddress;
  let waitMs: number;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { admin: { type: 'string' }, wait: { type: 'string' } },
    });
    at = addressOf('--admin', values.admin ?? `127.0.0.1:${ports.admin}`);
    waitMs = number('--wait', values.wait, WAIT_SECONDS) * 1_000;
  } catch (error) {
    say(`remora-proxy drain: ${reasonOf(error)}\n\n${DRAIN_USAGE}`);
    return EXIT_USAGE;
  }
  try {
    const { status, body } = await ask(at, 'POST');
    if (status !== 202) throw new Error(`it answered ${status} ${body}`);
  } catch (error) {
    say(`no proxy drains at ${at.host}:${at.port}: ${reasonOf(error)}\n`);
    return EXIT_FAILED;
  }
  say(`${DRAINING}\n`);
  if (waitMs === 0) return EXIT_OK;
  const watch = {
    look: async (limitMs: number) => await ask(at, 'GET', limitMs),
    isGone: (error: unknown) => error instanceof Gone,
    nowMs: systemClock.nowMs,
    sleep,
  };
  const end = await untilDrained(watch, waitMs);
  say(`${end.text}\n`);
  return end.isDrained ? EXIT_OK : EXIT_FAILED;
}

/** Nobody is there, or is there no more. */
class Gone extends Error {}

function ask(
  { host, port }: ListenAddress,
  method: 'GET' | 'POST',
  timeoutMs = DRAIN_ANSWER_TIMEOUT_MS,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no answer in time')));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      reject(GONE_CODES.has(error.code ?? '') ? new Gone(error.message) : error);
    });
    socket.on('data', (piece: string) => {
      text += piece;
      if (text.length > ANSWER_BYTES_MAX) socket.destroy(new Error('its answer is too long'));
    });
    socket.on('close', () => {
      const [, status, body = ''] = /^HTTP\/1\.1 (\d{3}).*?\r\n\r\n(.*)$/s.exec(text) ?? [];
      if (text === '') reject(new Gone('it ended the connection'));
      else if (status === undefined) reject(new Error('its answer is not HTTP'));
      else resolve({ status: Number(status), body: body.trim() });
    });
    socket.write(`${method} /drain HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 0\r\n\r\n`);
  });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
