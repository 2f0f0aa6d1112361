/**
 * What all proxies count, by route, source and version: asked through the control plane, a bounded
 * number at a time, and compared with what they counted before.
 *
 * A source is a workload: its proxies are summed. The numbers are `dev/route-stats.ts`'s, one for
 * each source. A proxy that does not answer is named, and left out of that look.
 *
 * Owned by the verbs `top` and `stat`.
 */
import { readCounters } from '../dev/counters.ts';
import { RouteStats, type RuleCounters } from '../dev/route-stats.ts';
import type { ProxyStatus, Status } from '../status.ts';
import { askPage, type Refusal } from './control-client.ts';
import { askStats, type SilentProxy } from './proxy-stats.ts';
import { byName, type TrafficRow } from './traffic-table.ts';
import type { Io, Options } from './verb.ts';

const MS_PER_SECOND = 1_000;

export interface Look {
  /** Not null: the control plane refused. */
  readonly refusal: Refusal | null;
  readonly proxies: number;
  readonly silent: readonly SilentProxy[];
}

export class MeshTraffic {
  readonly #options: Options;
  readonly #io: Io;
  readonly #bySource = new Map<string, RouteStats>();
  #lastAtMs: number | null = null;

  constructor(options: Options, io: Io) {
    this.#options = options;
    this.#io = io;
  }

  /** Asks every proxy once. The first look is what the next ones are compared with. */
  async look(): Promise<Look> {
    const status = await askPage<Status>(this.#options, this.#io, '/v1/status');
    if (status.refusal !== null) return { refusal: status.refusal, proxies: 0, silent: [] };
    const { proxies } = status.body;
    const counted = new Map<string, Map<string, readonly RuleCounters[]>>();
    const question = { options: this.#options, io: this.#io };
    const silent = await askStats(proxies, question, (proxy, page) => {
      const counters = readCounters(page);
      mapOf(counted, sourceOf(proxy)).set(proxy.name, counters);
    });
    this.#add(counted);
    return { refusal: null, proxies: proxies.length, silent };
  }

  /** What was counted lately; `route` is part of a rule or of a destination. */
  rows(route: string | null): TrafficRow[] {
    const rows: TrafficRow[] = [];
    for (const [source, stats] of this.#bySource) {
      for (const { destination, rule, backend, ...numbers } of stats.lately()) {
        const isWanted = route === null || rule.includes(route) || destination.includes(route);
        if (isWanted) rows.push({ destination, rule, source, backend, ...numbers });
      }
    }
    return byName(rows);
  }

  #add(counted: ReadonlyMap<string, ReadonlyMap<string, readonly RuleCounters[]>>): void {
    const nowMs = performance.now();
    const seconds = this.#lastAtMs === null ? 0 : (nowMs - this.#lastAtMs) / MS_PER_SECOND;
    this.#lastAtMs = nowMs;
    for (const source of counted.keys()) {
      if (!this.#bySource.has(source)) this.#bySource.set(source, new RouteStats('as found'));
    }
    // Those without an answer too: for them, too, time has passed.
    for (const [source, stats] of this.#bySource) {
      stats.add(counted.get(source) ?? new Map(), seconds);
    }
  }
}

function sourceOf({ workload, namespace }: ProxyStatus): string {
  return `${workload}.${namespace}`;
}

function mapOf<T>(maps: Map<string, Map<string, T>>, key: string): Map<string, T> {
  const map = maps.get(key) ?? new Map<string, T>();
  maps.set(key, map);
  return map;
}
