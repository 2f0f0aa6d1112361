/**
 * When open-loop requests are due: a Poisson process, drawn in advance from a seed.
 *
 * Real callers do not know of each other, so their arrivals have exponential gaps. Generators that
 * fire all connections in the same instant flatter a proxy that batches by tick; evenly spaced ones
 * never make a queue. All peers of a round get the same seed, so the same arrivals.
 *
 * Pure. Called by `generator.ts`. Tests: `arrival-times.test.ts`.
 */

/**
 * How much earlier than due the sender is woken: about what a message between threads
 * takes. The sender spins what is left of it, at most a sixth of a core at 2,000/s.
 */
export const WAKE_LEAD_MS = 0.08;

/** Milliseconds from the start, ascending, all below `seconds`; in shared memory for the waker. */
export function arrivalTimes(
  ratePerSecond: number,
  seconds: number,
  seed: number,
): Float64Array<SharedArrayBuffer> {
  const random = seededRandom(seed);
  const times: number[] = [];
  let atMs = 0;
  for (;;) {
    atMs += (-Math.log(1 - random()) * 1000) / ratePerSecond;
    if (atMs >= seconds * 1000) break;
    times.push(atMs);
  }
  const bytes = new SharedArrayBuffer(times.length * Float64Array.BYTES_PER_ELEMENT);
  const shared = new Float64Array(bytes);
  shared.set(times);
  return shared;
}

/** Mulberry32: 32 bits of state are plenty for arrivals, and the same on every machine. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
