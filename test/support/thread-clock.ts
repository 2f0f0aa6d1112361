/**
 * The CPU time of the calling thread, exactly.
 *
 * `process.threadCpuUsage` asks `getrusage`, which counts a running thread in ticks of up to 4 ms:
 * a turn of 2 ms is read as 0 or as 4. The clock of the thread has no ticks.
 *
 * Impure: one system call a reading, by `node:ffi`. Used to judge how long a turn of a loop was.
 */
import { dlopen } from 'node:ffi';

const CLOCK_THREAD_CPUTIME_ID = 3;

/** Gives milliseconds. The first readings are slower than those after them: take some. */
export function threadClock(): () => number {
  const { functions } = dlopen(null, {
    clock_gettime: { arguments: ['i32', 'pointer'], return: 'i32' },
  });
  const time = new BigInt64Array(2);
  return () => {
    functions.clock_gettime(CLOCK_THREAD_CPUTIME_ID, time);
    return Number(time[0]) * 1e3 + Number(time[1]) / 1e6;
  };
}
