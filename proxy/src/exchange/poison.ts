/**
 * What stands in a released exchange's fields while the pool is poisoned: reading it throws.
 *
 * Pooled objects have one kind of defect of their own: a late callback that missed its epoch reads
 * the next request's connection and answers the wrong client. Poisoned, it fails where it happens.
 * Process-level tests run like that; production does not, since a null would crash there too late.
 *
 * Pure. Used by `exchange.ts` when the process was started with REMORA_POISON=1.
 */

/** For any field of an object type. */
export function poison<T extends object>(what: string): T {
  const refuse = (_target: object, name: string | symbol): never => {
    throw new Error(`${what}.${String(name)} was used after its exchange was released`);
  };
  return new Proxy({}, { get: refuse, set: refuse }) as T;
}
