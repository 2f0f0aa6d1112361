/**
 * How metrics are written: Prometheus text 0.0.4, and OpenMetrics 1.0.0, which carries exemplars.
 *
 * One series is the same in both, whoever scrapes it in which format: the values of `le` are not
 * written as floats (`1.0`) in OpenMetrics, where that is advice, since the series would change
 * their names with the scraper, and dashboards made for Linkerd ask for `le="500"`.
 *
 * Pure. Used by `registry.ts` and `family.ts`, and for the application's own by `admin/`.
 */
import type { Scale } from './latency-buckets.ts';

export type Format = 'text' | 'openmetrics';
export type MetricType = 'counter' | 'gauge' | 'histogram';

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** What ends a page in OpenMetrics: without it the page was cut off. */
export const OPENMETRICS_END = '# EOF\n';

const TOTAL = '_total';
const UNIT = /_(seconds|bytes|ratio)$/;

/** A request that fell into a bucket, by its trace. */
export interface Exemplar {
  traceId: string;
  ms: number;
  epochSeconds: number;
}

/** A histogram as it is read: counts of each bucket alone, and the sum in milliseconds. */
export interface HistogramReading {
  readonly sum: number;
  bucket(index: number): number;
  exemplar?(index: number): Exemplar | null;
}

/** The name that HELP and TYPE bear: OpenMetrics takes `_total` for a part of the sample. */
export function familyName(name: string, type: string, format: Format): string {
  const isBare = format === 'openmetrics' && type === 'counter' && name.endsWith(TOTAL);
  return isBare ? name.slice(0, -TOTAL.length) : name;
}

export function header(name: string, help: string, type: MetricType, format: Format): string {
  const family = familyName(name, type, format);
  const text = `# HELP ${family} ${help}\n# TYPE ${family} ${type}\n`;
  const unit = format === 'openmetrics' ? UNIT.exec(family)?.[1] : undefined;
  return unit === undefined ? text : `${text}# UNIT ${family} ${unit}\n`;
}

export function numberLine(name: string, labels: string, value: number): string {
  return `${name}${braced(labels)} ${numberText(value)}\n`;
}

export function histogramLines(
  name: string,
  labels: string,
  reading: HistogramReading,
  { bounds, msPerUnit }: Scale,
  format: Format,
): string {
  const before = `${name}_bucket{${labels}${labels === '' ? '' : ','}le="`;
  const hasExemplars = format === 'openmetrics' && reading.exemplar !== undefined;
  let text = '';
  let count = 0;
  for (let index = 0; index < bounds.length; index++) {
    count += reading.bucket(index);
    text += `${before}${bounds[index]}"} ${count}`;
    const exemplar = hasExemplars ? reading.exemplar!(index) : null;
    if (exemplar !== null) text += exemplarText(exemplar, msPerUnit);
    text += '\n';
  }
  const after = braced(labels);
  return `${text}${name}_sum${after} ${reading.sum / msPerUnit}\n${name}_count${after} ${count}\n`;
}

export function labelPair(name: string, value: string): string {
  return `${name}="${escapeLabel(value)}"`;
}

/** Prometheus knows other words for what is no number. */
export function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

function exemplarText({ traceId, ms, epochSeconds }: Exemplar, msPerUnit: number): string {
  return ` # {${labelPair('trace_id', traceId)}} ${ms / msPerUnit} ${epochSeconds}`;
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}

function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
}
