/**
 * How requests were really split, for the control plane: of each rule with several backends, how
 * many ended at which since the report before. It is what a route's status calls realised.
 *
 * Differences of counters that are there anyway, read at every heartbeat: a request does nothing
 * for it. The first report of a series is everything it has counted.
 *
 * Pure but for its memory of what was reported. Used by `subscription.ts`.
 */
import { type SplitReport, wireLimits } from '@remora/api/wire.ts';
import type { Rule } from '../routing/compiled.ts';
import type { RouteSeries } from '../telemetry/proxy-metrics.ts';

interface Splitting {
  readonly compiled: {
    readonly destination: { readonly key: string };
    readonly rules: readonly Pick<Rule, 'id' | 'targets'>[];
  } | null;
}

export class SplitReporter {
  readonly #reported = new WeakMap<RouteSeries, number>();

  /** Rules with no request since the last report are left out. */
  take(entries: Iterable<Splitting>): readonly SplitReport[] {
    const reports: SplitReport[] = [];
    // One Service under two addresses is one destination, and its series are the same.
    for (const { compiled } of entries) {
      for (const rule of compiled?.rules ?? []) {
        if (rule.targets.length < 2) continue;
        if (reports.length >= wireLimits.splitReportsMax) return reports;
        const backends = this.#takeRule(rule.targets);
        if (backends === null) continue;
        reports.push({ destination: compiled!.destination.key, rule: rule.id, backends });
      }
    }
    return reports;
  }

  #takeRule(targets: Rule['targets']): Record<string, number> | null {
    const backends: Record<string, number> = {};
    let sum = 0;
    for (const { backend, series } of targets) {
      if (backend === null) continue;
      const more = series.requests - (this.#reported.get(series) ?? 0);
      this.#reported.set(series, series.requests);
      // Negative: the series was idle, dropped, and counts anew.
      if (more <= 0) continue;
      backends[backend.key] = (backends[backend.key] ?? 0) + more;
      sum += more;
    }
    return sum === 0 ? null : backends;
  }
}
