/**
 * Random bytes from the kernel, without loading `node:crypto`: for a few ids that would cost each
 * sidecar 3 MB, 1.4 of them private. Where there is no such device, it is loaded after all.
 *
 * Impure: holds one descriptor for the life of the process. Handed to `id-source.ts`.
 */
import { openSync, readSync } from 'node:fs';

const DEVICE = '/dev/urandom';

/** A function that fills all of a buffer. `device` is another one in tests. */
export function systemRandom(device: string = DEVICE): (pool: Uint8Array) => void {
  let descriptor: number;
  try {
    descriptor = openSync(device, 'r');
  } catch {
    const { randomFillSync } = process.getBuiltinModule('node:crypto');
    return (pool) => void randomFillSync(pool);
  }
  return (pool) => {
    for (let filled = 0; filled < pool.length; ) {
      filled += readSync(descriptor, pool, filled, pool.length - filled, null);
    }
  };
}
