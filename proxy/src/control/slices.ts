/**
 * Runs long work in slices, so that a change of configuration never stalls requests.
 *
 * The work is a generator that yields often; it goes on within the slice while there is time, and
 * after a turn of the loop when there is none. A worker thread was refused: what it compiled would
 * have to be copied back, at the cost of compiling it.
 *
 * Impure in `setImmediate` only. Called by everything in this room that works on whole files.
 */
import type { Clock } from '../clock.ts';
import * as limits from '../limits.ts';

/** Small work ends within the call, before the promise is awaited. */
export async function runSliced<T>(work: Generator<void, T>, clock: Clock): Promise<T> {
  for (;;) {
    const untilMs = clock.nowMs() + limits.compileSliceMs;
    do {
      const step = work.next();
      if (step.done === true) return step.value;
    } while (clock.nowMs() < untilMs);
    await nextTurn();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
