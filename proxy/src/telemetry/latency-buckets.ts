/**
 * Scales: the buckets that a histogram of milliseconds has, and how a reader sees them.
 *
 * Linkerd's bounds are for dashboards and canary tools made for it, those in seconds are what
 * Prometheus' own client libraries start with. All bounds are whole milliseconds, so whatever ends
 * within a second is found by one look-up in a table, and what is slower can afford a loop. One
 * class for all scales: `record` observes on two, and a call site that sees one shape stays fast.
 *
 * Pure. Used by `series.ts` and the registry. Budget: no allocation in `bucketOf`.
 */

const STEPS = [1, 2, 3, 4, 5] as const;
const DECADES = [1, 10, 100, 1_000, 10_000] as const;
const TABLE_MS = 1_000;
const MS_PER_SECOND = 1_000;

export const LATENCY_BOUNDS_MS: readonly number[] = DECADES.flatMap((decade) =>
  STEPS.map((step) => step * decade),
);

export class Scale {
  /** Upper bounds, inclusive and whole; one more bucket holds what is above. */
  readonly boundsMs: readonly number[];
  /** Values of the label `le`, the open one included. */
  readonly bounds: readonly string[];
  readonly msPerUnit: number;
  /** By whole milliseconds. */
  readonly #table: Uint8Array;

  constructor(boundsMs: readonly number[], msPerUnit: number) {
    this.boundsMs = boundsMs;
    this.bounds = [...boundsMs.map((bound) => String(bound / msPerUnit)), '+Inf'];
    this.msPerUnit = msPerUnit;
    this.#table = tableOf(boundsMs);
  }

  /** Index of the bucket that `ms` falls into: the first whose bound is not below it. */
  bucketOf(ms: number): number {
    if (ms <= 0) return 0;
    const whole = Math.ceil(ms);
    return whole <= TABLE_MS ? this.#table[whole]! : this.#search(whole);
  }

  #search(whole: number): number {
    const { boundsMs } = this;
    let index = 0;
    while (index < boundsMs.length && whole > boundsMs[index]!) index++;
    return index;
  }
}

/** By ranges: a loop hot enough for the optimizer would page it in, 7 MB of an idle sidecar. */
function tableOf(boundsMs: readonly number[]): Uint8Array {
  const table = new Uint8Array(TABLE_MS + 1).fill(boundsMs.length);
  let from = 0;
  for (const [index, bound] of boundsMs.entries()) {
    table.fill(index, from, bound + 1);
    from = bound + 1;
  }
  return table;
}

export const LINKERD_MS: Scale = new Scale(LATENCY_BOUNDS_MS, 1);

export const REQUEST_SECONDS: Scale = secondsScale([
  5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000,
]);

/** Measured in milliseconds, shown in seconds. */
export function secondsScale(boundsMs: readonly number[]): Scale {
  return new Scale(boundsMs, MS_PER_SECOND);
}
