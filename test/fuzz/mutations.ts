/**
 * How the fuzzer changes bytes: as smugglers do, more than as chance would. Single bytes that
 * parsers disagree about, lines doubled, moved and cut, framing words put anywhere, two in one.
 *
 * Pure: chance is handed in, so that a seed repeats a run.
 */
import type { Chance } from '../../proxy/src/clock.ts';

const WORDS: readonly string[] = [
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive, x\r\n',
  'Connection: upgrade\r\nUpgrade: websocket\r\n',
  'TE: trailers\r\n',
  'Trailer: x\r\n',
  'Expect: 100-continue\r\n',
  'Host: b.test\r\n',
  'x-remora-deadline-ms: 1\r\n',
  ' folded\r\n',
  '0\r\n\r\n',
  '5\r\nhello\r\n',
  ';a="b"',
  '\r\n',
  '\r\n\r\n',
  ' HTTP/1.1\r\n',
  ' HTTP/1.0\r\n',
  'GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n',
  '/../',
  '%2e%2e',
  '%00',
  'http://a.test',
];

const HARD_BYTES: readonly number[] = [
  0x00, 0x01, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1f, 0x20, 0x22, 0x23, 0x25, 0x2b, 0x2c, 0x2d, 0x2e,
  0x2f, 0x30, 0x3a, 0x3b, 0x3d, 0x3f, 0x40, 0x5c, 0x5f, 0x7f, 0x80, 0x85, 0xa0, 0xff,
];

type Mutation = (bytes: Buffer, random: Chance, other: Buffer) => Buffer;

export function below(random: Chance, bound: number): number {
  return Math.floor(random() * bound);
}

function splice(bytes: Buffer, at: number, drop: number, put: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + drop)]);
}

/** Where some line begins. */
function lineStart(bytes: Buffer, random: Chance): number {
  const lf = bytes.indexOf(0x0a, below(random, bytes.length + 1));
  return lf < 0 ? 0 : lf + 1;
}

function lineEnd(bytes: Buffer, from: number): number {
  const lf = bytes.indexOf(0x0a, from);
  return lf < 0 ? bytes.length : lf + 1;
}

const MUTATIONS: readonly Mutation[] = [
  (bytes, random) => {
    const byte = HARD_BYTES[below(random, HARD_BYTES.length)]!;
    return splice(bytes, below(random, bytes.length + 1), below(random, 2), Buffer.of(byte));
  },
  (bytes, random) =>
    splice(bytes, below(random, bytes.length + 1), 1 + below(random, 4), Buffer.of()),
  (bytes, random) => {
    const at = below(random, bytes.length + 1);
    return splice(bytes, at, 1, Buffer.of((bytes[at] ?? 0) ^ (1 << below(random, 8))));
  },
  (bytes, random) => {
    const word = WORDS[below(random, WORDS.length)]!;
    return splice(bytes, lineStart(bytes, random), 0, Buffer.from(word, 'latin1'));
  },
  (bytes, random) => {
    const word = WORDS[below(random, WORDS.length)]!;
    return splice(bytes, below(random, bytes.length + 1), 0, Buffer.from(word, 'latin1'));
  },
  (bytes, random) => {
    const from = lineStart(bytes, random);
    const line = bytes.subarray(from, lineEnd(bytes, from));
    return splice(bytes, lineStart(bytes, random), 0, line);
  },
  (bytes, random) => {
    const from = lineStart(bytes, random);
    return splice(bytes, from, lineEnd(bytes, from) - from, Buffer.of());
  },
  (bytes, random, other) => {
    const tail = other.subarray(below(random, other.length + 1));
    return Buffer.concat([bytes.subarray(0, below(random, bytes.length + 1)), tail]);
  },
  (bytes, _random, other) => Buffer.concat([bytes, other]),
  (bytes, random) => {
    // Bare LFs up to some line's end: heads that are all of them, and such as change midway.
    const to = lineStart(bytes, random);
    const lines = bytes.toString('latin1', 0, to).replaceAll('\r\n', '\n');
    return splice(bytes, 0, to, Buffer.from(lines, 'latin1'));
  },
];

const MUTATIONS_MAX = 5;
const BYTES_MAX = 40_000;

/** One to five changes of one of `seeds`. */
export function mutated(seeds: readonly Buffer[], random: Chance): Buffer {
  let bytes = seeds[below(random, seeds.length)]!;
  for (let left = 1 + below(random, MUTATIONS_MAX); left > 0; left--) {
    const other = seeds[below(random, seeds.length)]!;
    bytes = MUTATIONS[below(random, MUTATIONS.length)]!(bytes, random, other);
  }
  return bytes.subarray(0, BYTES_MAX);
}
