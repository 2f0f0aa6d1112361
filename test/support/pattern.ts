/**
 * Bodies whose every byte tells its place, so that a byte lost, doubled or moved is found.
 *
 * The period is prime: a piece shifted by a buffer's size never matches by accident.
 */
import assert from 'node:assert/strict';

const PERIOD = 251;

/** Bytes [from, from + length) of the endless pattern. */
export function patternBytes(length: number, from = 0): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = (from + i) % PERIOD;
  return bytes;
}

/** Fails, naming the first wrong byte, unless `bytes` is the pattern from `from` on. */
export function assertPattern(bytes: Uint8Array, from = 0): void {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== (from + i) % PERIOD) assert.fail(`byte ${from + i} is ${bytes[i]}`);
  }
}
