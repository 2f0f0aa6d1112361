/**
 * An origin that is at its worst by chance: it stalls, resets, cuts answers off, answers early,
 * late or with garbage, and now and then well. What it answers well says for which request.
 *
 * The chance is seeded by the test, which prints the seed: the same misbehaviour comes again,
 * though not in the same order of events. Used by process-level tests.
 */
import type { Chance } from '../../proxy/src/clock.ts';
import { chunk, type Origin, type OriginRequest, response } from './origin.ts';
import { patternBytes } from './pattern.ts';

/** What a good answer to a request begins with; a pattern follows. */
export function signatureOf(method: string, target: string): string {
  return `${method} ${target}\n`;
}

const LATE_MS_MAX = 120;
const BODY_BYTES_MAX = 40_000;

/** Each of them, when a head was read or when all of the request was. */
const ON_HEAD = ['reset', 'early', 'refuse'] as const;
const WHEN_WHOLE = [
  'late',
  'reset',
  'cut-head',
  'cut-body',
  'busy',
  'error',
  'last',
  'stall',
  'garbage',
];

/** From now on the origin answers well in this share of cases, 0 to 1. Until its `reset`. */
export function wreakChaos(origin: Origin, chance: Chance, goodShare: number): void {
  const chaos = new Chaos(chance, goodShare);
  origin.onHead = (request) => chaos.onHead(request);
  origin.answer = (request) => chaos.onWhole(request);
}

class Chaos {
  readonly #chance: Chance;
  readonly #goodShare: number;
  readonly #answered = new WeakSet<object>();

  constructor(chance: Chance, goodShare: number) {
    this.#chance = chance;
    this.#goodShare = goodShare;
  }

  onHead(request: OriginRequest): void {
    const { connection } = request;
    this.#answered.delete(connection);
    if (this.#chance() < 1 - (1 - this.#goodShare) / 4) return;
    const what = ON_HEAD[Math.floor(this.#chance() * ON_HEAD.length)];
    this.#answered.add(connection);
    if (what === 'reset') connection.reset();
    else if (what === 'early') this.#sendGood(request);
    else connection.send(response({ status: 503, body: 'early' }));
  }

  onWhole(request: OriginRequest): void {
    const { connection } = request;
    if (this.#answered.has(connection)) return;
    if (this.#chance() < this.#goodShare) return this.#sendGood(request);
    switch (WHEN_WHOLE[Math.floor(this.#chance() * WHEN_WHOLE.length)]) {
      case 'late':
        setTimeout(() => this.#sendGood(request), this.#chance() * LATE_MS_MAX);
        return;
      case 'reset':
        return connection.reset();
      case 'cut-head':
        connection.send('HTTP/1.1 200 OK\r\ncontent-le');
        return connection.end();
      case 'cut-body':
        connection.send('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf');
        setTimeout(() => connection.reset(), 5);
        return;
      case 'busy':
        return connection.send(response({ status: 503, body: 'busy' }));
      case 'error':
        return connection.send(response({ status: 500, body: 'broken' }));
      case 'last':
        this.#sendGood(request, { connection: 'close' });
        return connection.end();
      case 'garbage':
        return connection.send('SPQR/1.1 okay\r\n\r\n');
      default:
        return; // Stalls.
    }
  }

  #sendGood(request: OriginRequest, fields: Record<string, string> = {}): void {
    const { method, target, connection } = request;
    const pattern = patternBytes(Math.floor(this.#chance() * BODY_BYTES_MAX));
    const body = Buffer.concat([Buffer.from(signatureOf(method, target)), pattern]);
    if (this.#chance() < 0.5) return connection.send(response({ fields, body }));
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n${lines.join('')}\r\n`;
    const end = Buffer.from('0\r\n\r\n');
    const half = body.length >> 1;
    connection.send(Buffer.concat([Buffer.from(head), chunk(body.subarray(0, half))]));
    connection.send(Buffer.concat([chunk(body.subarray(half)), end]));
  }
}
