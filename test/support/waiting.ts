/**
 * Waiting in tests: always with a limit, and always saying for what.
 *
 * A test that hangs tells nothing; "waited 5000 ms for the upstream's FIN" does.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** Rejects, naming what was waited for, if the promise is not settled in time. */
export async function within<Value>(
  promise: Promise<Value>,
  limitMs: number,
  what: () => string,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${limitMs} ms for ${what()}`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Polls until the condition holds. For what announces itself nowhere, such as another process;
 * `pollMs` for what costs more to ask than a look at it.
 */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  what: string | (() => string),
  limitMs = 5_000,
  pollMs = 5,
): Promise<void> {
  const endAtMs = performance.now() + limitMs;
  while (!(await isTrue())) {
    if (performance.now() > endAtMs) {
      throw new Error(`waited ${limitMs} ms for ${typeof what === 'string' ? what : what()}`);
    }
    await sleep(pollMs);
  }
}

/** `127.0.0.1:80` or `[::1]:80`, in parts. */
export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return {
    host: address.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: Number(address.slice(colon + 1)),
  };
}
