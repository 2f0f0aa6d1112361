/**
 * GET /metrics: everything in docs/metrics.md, as Prometheus text or OpenMetrics, and behind it the
 * application's own metrics where they are merged.
 *
 * The delay of the event loop is measured here, once a scrape: a timer of its own would wake an
 * idle sidecar many times a second. With the application's page merged, the names `process_*` are
 * the application's, whether or not it answers: they must not mean now one process, now the other.
 */
import type { Head } from '../http1/head.ts';
import * as limits from '../limits.ts';
import { CONTENT_TYPES, type Format, OPENMETRICS_END } from '../telemetry/exposition.ts';
import type { ProxyMetrics } from '../telemetry/proxy-metrics.ts';
import type { AppFamilies } from './app-families.ts';
import { formatFor } from './metrics-format.ts';
import { answerPieces, nextTurn, type Page } from './page.ts';

const MS_PER_SECOND = 1_000;
const SCRAPE_TIMEOUT = Buffer.from('x-prometheus-scrape-timeout-seconds');
const ACCEPT = Buffer.from('accept');
const APP_NAMES = /^process_/;

export const metricsPage: Page = {
  method: 'GET',
  path: '/metrics',
  async answer(world, answer, head) {
    const { metrics, clock, app } = world;
    // Before anything is awaited: the head is another request's after that.
    const format = formatFor(fieldOf(head, ACCEPT));
    const withinMs = appTimeoutMs(fieldOf(head, SCRAPE_TIMEOUT));
    const askedAtMs = clock.nowMs();
    await nextTurn();
    metrics.loopDelay.set((clock.nowMs() - askedAtMs) / MS_PER_SECOND);
    const families = app === null ? null : await app.fetch(withinMs);
    const taken = namesTaken(metrics, app !== null);
    const dropped = families?.dropped(taken, format) ?? new Set<string>();
    if (app !== null) app.reading = { isUp: families !== null, familiesDropped: dropped.size };
    const isOmitted = (name: string): boolean => app !== null && APP_NAMES.test(name);
    const own = metrics.registry.expose(format, isOmitted);
    try {
      const pieces = pagePieces(own, families, { format, dropped });
      await answerPieces(world, answer, CONTENT_TYPES[format], pieces);
    } finally {
      if (families !== null) app?.release();
    }
  },
};

function* pagePieces(
  own: Iterable<string>,
  families: AppFamilies | null,
  how: { readonly format: Format; readonly dropped: ReadonlySet<string> },
): Generator<string> {
  yield* own;
  if (families !== null) yield* families.pieces(how.format, how.dropped);
  if (how.format === 'openmetrics') yield OPENMETRICS_END;
}

/** Families and samples that are ours, in either format. */
function namesTaken(metrics: ProxyMetrics, isMerged: boolean): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { name, type } of metrics.registry.entries()) {
    if (isMerged && APP_NAMES.test(name)) continue;
    names.add(name);
    names.add(name.replace(/_total$/, ''));
    if (type !== 'histogram') continue;
    for (const part of ['_bucket', '_sum', '_count']) names.add(name + part);
  }
  return names;
}

/** Half of what the scraper gives us: ours must be written too. */
function appTimeoutMs(scrapeSeconds: string): number {
  const halfMs = (Number(scrapeSeconds) * MS_PER_SECOND) / 2;
  return halfMs > 0 ? Math.min(halfMs, limits.appMetricsTimeoutMs) : limits.appMetricsTimeoutMs;
}

function fieldOf(head: Head, name: Uint8Array): string {
  const at = head.find(name);
  return at < 0 ? '' : head.valueText(at);
}
