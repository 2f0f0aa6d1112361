/**
 * From counters that only grow, per proxy, to what the view shows per route.
 *
 * Once a second each proxy's counters are compared with the last ones; the growth, summed over the
 * proxies, is one slice of time. Rates and latencies look back ten seconds. Shares look back to the
 * last change of the weights, at most a minute: right after an edit they tell the new split, and
 * later they grow exact. A counter that fell is a proxy that was started again: it begins at zero.
 *
 * Pure. Fed by `mesh-numbers.ts` and `cli/mesh-traffic.ts`. Tests: `route-stats.test.ts`.
 */

/** What one proxy counted for one backend of one rule, since it was started. */
export interface RuleCounters {
  /** `name.namespace:port`. */
  readonly destination: string;
  readonly rule: string;
  /** `name.namespace:port`; empty for what was answered without one. */
  readonly backend: string;
  readonly requests: number;
  readonly failures: number;
  /** How many requests took at most so many milliseconds, not cumulated; Infinity: longer. */
  readonly latency: ReadonlyMap<number, number>;
}

interface Numbers {
  readonly requestsPerSecond: number;
  readonly successRatio: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** One rule and backend. */
export interface BackendNumbers extends Numbers {
  readonly destination: string;
  readonly rule: string;
  readonly backend: string;
}

export interface RouteNumbers extends Numbers {
  /** 0 to 1 by backend; empty: no request. */
  readonly shares: ReadonlyMap<string, number>;
}

type Place = Pick<RuleCounters, 'destination' | 'rule'>;

interface Growth {
  readonly backend: string;
  requests: number;
  failures: number;
  readonly latency: Map<number, number>;
}

const RATE_SLICES = 10;
const SLICES_MAX = 60;
/** The slice in which the weights changed has requests of both: it is left out. */
const MIXED = -1;

export class RouteStats {
  /** What a proxy that is new here has counted: all since it began, or what was found. */
  readonly #firstCounts: 'from zero' | 'as found';
  readonly #proxies = new Set<string>();
  readonly #places = new Map<string, Place>();
  readonly #last = new Map<string, RuleCounters>();
  /** Newest first; each by `ruleKey`, then by backend. */
  #slices: { readonly seconds: number; readonly grown: Map<string, Map<string, Growth>> }[] = [];
  /** How many slices there were when a rule's weights last changed, counted from the newest. */
  readonly #sharesFrom = new Map<string, { weights: string; slices: number }>();

  /** `as found`: the proxies have run for long, and what they have counted was not now. */
  constructor(firstCounts: 'from zero' | 'as found' = 'from zero') {
    this.#firstCounts = firstCounts;
  }

  /** One slice: what every proxy counts now, by the proxy's name; `seconds` since the last one. */
  add(counters: ReadonlyMap<string, readonly RuleCounters[]>, seconds: number): void {
    const grown = new Map<string, Map<string, Growth>>();
    for (const [proxy, rules] of counters) {
      for (const now of rules) this.#grow(grown, proxy, now);
      this.#proxies.add(proxy);
    }
    this.#slices = [{ seconds, grown }, ...this.#slices.slice(0, SLICES_MAX - 1)];
    for (const from of this.#sharesFrom.values()) {
      from.slices = Math.min(from.slices + 1, SLICES_MAX);
    }
  }

  /** `weights` in any form: shares begin anew when it changes. */
  numbers(destination: string, rule: string, weights: string): RouteNumbers {
    const key = ruleKey(destination, rule);
    const from = this.#sharesFrom.get(key);
    if (from === undefined) this.#sharesFrom.set(key, { weights, slices: this.#slices.length });
    else if (from.weights !== weights) this.#sharesFrom.set(key, { weights, slices: MIXED });
    const slices = Math.max(0, this.#sharesFrom.get(key)?.slices ?? 0);
    const lately = this.#sum(key, RATE_SLICES);
    const shares = sharesOf(this.#sum(key, slices));
    return { ...numbersOf(totalOf(lately), this.#seconds()), shares };
  }

  /** Every rule and backend that had a request in the last ten seconds. */
  lately(): BackendNumbers[] {
    const numbers: BackendNumbers[] = [];
    const seconds = this.#seconds();
    for (const [key, { destination, rule }] of this.#places) {
      for (const growth of this.#sum(key, RATE_SLICES)) {
        if (growth.requests === 0) continue;
        const { backend } = growth;
        numbers.push({ destination, rule, backend, ...numbersOf(growth, seconds) });
      }
    }
    return numbers;
  }

  #seconds(): number {
    return this.#slices.slice(0, RATE_SLICES).reduce((sum, one) => sum + one.seconds, 0);
  }

  #grow(grown: Map<string, Map<string, Growth>>, proxy: string, now: RuleCounters): void {
    const { destination, rule, backend } = now;
    const key = ruleKey(destination, rule);
    const lastKey = `${proxy} ${key} ${backend}`;
    const last = this.#last.get(lastKey);
    this.#last.set(lastKey, now);
    if (!this.#places.has(key)) this.#places.set(key, { destination, rule });
    if (this.#firstCounts === 'as found' && !this.#proxies.has(proxy)) return;
    const base = last === undefined || last.requests > now.requests ? null : last;
    const backends = grown.get(key) ?? new Map<string, Growth>();
    grown.set(key, backends);
    const growth = backends.get(backend) ?? nothingOf(backend);
    backends.set(backend, growth);
    growth.requests += now.requests - (base?.requests ?? 0);
    growth.failures += now.failures - (base?.failures ?? 0);
    for (const [upToMs, count] of now.latency) {
      addTo(growth.latency, upToMs, count - (base?.latency.get(upToMs) ?? 0));
    }
  }

  #sum(key: string, slices: number): Growth[] {
    const sums = new Map<string, Growth>();
    for (const { grown } of this.#slices.slice(0, slices)) {
      for (const [backend, growth] of grown.get(key) ?? []) {
        const sum = sums.get(backend) ?? nothingOf(backend);
        sums.set(backend, sum);
        addGrowth(sum, growth);
      }
    }
    return [...sums.values()];
  }
}

function ruleKey(destination: string, rule: string): string {
  return `${destination} ${rule}`;
}

function nothingOf(backend: string): Growth {
  return { backend, requests: 0, failures: 0, latency: new Map() };
}

function totalOf(growths: readonly Growth[]): Growth {
  const total = nothingOf('');
  for (const growth of growths) addGrowth(total, growth);
  return total;
}

function numbersOf(growth: Growth, seconds: number): Numbers {
  const { requests, failures, latency } = growth;
  return {
    requestsPerSecond: seconds === 0 ? 0 : requests / seconds,
    successRatio: requests === 0 ? null : 1 - failures / requests,
    p50Ms: quantile(latency, 0.5),
    p99Ms: quantile(latency, 0.99),
  };
}

function addGrowth(sum: Growth, growth: Growth): void {
  sum.requests += growth.requests;
  sum.failures += growth.failures;
  for (const [upToMs, count] of growth.latency) addTo(sum.latency, upToMs, count);
}

function addTo(counts: Map<number, number>, key: number, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

function sharesOf(growths: readonly Growth[]): Map<string, number> {
  const chosen = growths.filter(({ backend }) => backend !== '');
  const total = chosen.reduce((sum, { requests }) => sum + requests, 0);
  if (total === 0) return new Map();
  return new Map(chosen.map(({ backend, requests }) => [backend, requests / total]));
}

/** By straight line inside the bucket that holds it; in the open bucket, its lower bound. */
export function quantile(counts: ReadonlyMap<number, number>, share: number): number | null {
  const buckets = [...counts].sort(([a], [b]) => a - b);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return null;
  let below = 0;
  let lowerMs = 0;
  for (const [upToMs, count] of buckets) {
    if (count > 0 && below + count >= share * total) {
      if (upToMs === Number.POSITIVE_INFINITY) return lowerMs;
      return lowerMs + ((share * total - below) / count) * (upToMs - lowerMs);
    }
    below += count;
    lowerMs = upToMs;
  }
  return lowerMs;
}
