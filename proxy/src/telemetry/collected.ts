/**
 * A metric that is kept elsewhere and read when scraped: rows of label values and a value.
 *
 * What backends, pools and breakers know anyway is not counted a second time, and what is gone from
 * them is gone from the next scrape. Capped like every metric: rows beyond `metricSeriesMax` are
 * added up in one series named `_overflow`, and rows may be as many as there are backends, so they
 * come from a generator, of which a scrape takes a few at a time.
 *
 * Pure. Made by `registry.ts`.
 */
import * as limits from '../limits.ts';
import {
  type Format,
  type HistogramReading,
  histogramLines,
  labelPair,
  numberLine,
} from './exposition.ts';
import type { Scale } from './latency-buckets.ts';

/** Values of the labels, in order, and what was read. */
export interface Row<Value> {
  readonly labels: readonly string[];
  readonly value: Value;
}

interface Named {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

export interface NumberRows extends Named {
  readonly type: 'counter' | 'gauge';
  rows(): Iterable<Row<number>>;
}

export interface HistogramRows extends Named {
  readonly type: 'histogram';
  readonly scale: Scale;
  rows(): Iterable<Row<HistogramReading>>;
}

export type CollectedSpec = NumberRows | HistogramRows;

export const OVERFLOW = '_overflow';

/** Rows as text, one at a time. */
export function* collectedLines(spec: CollectedSpec, format: Format): Generator<string> {
  const { name, labels } = spec;
  const overflow = labels.map((label) => labelPair(label, OVERFLOW)).join(',');
  if (spec.type === 'histogram') {
    const rest = new Sum(spec.scale);
    for (const { labels: values, value } of capped(spec.rows(), (row) => rest.add(row.value))) {
      yield histogramLines(name, labelsText(labels, values), value, spec.scale, format);
    }
    if (rest.isUsed) yield histogramLines(name, overflow, rest, spec.scale, format);
    return;
  }
  let rest: number | null = null;
  const add = (row: Row<number>): void => {
    rest = (rest ?? 0) + row.value;
  };
  for (const { labels: values, value } of capped(spec.rows(), add)) {
    yield numberLine(name, labelsText(labels, values), value);
  }
  if (rest !== null) yield numberLine(name, overflow, rest);
}

/** The first rows; the others are added up. */
function* capped<Value>(
  rows: Iterable<Row<Value>>,
  add: (row: Row<Value>) => void,
): Generator<Row<Value>> {
  let count = 0;
  for (const row of rows) {
    if (count++ < limits.metricSeriesMax) yield row;
    else add(row);
  }
}

/** A label with an empty value is left out: to Prometheus that is the same. */
function labelsText(names: readonly string[], values: readonly string[]): string {
  let text = '';
  for (let at = 0; at < names.length; at++) {
    if (values[at] === '') continue;
    text += `${text === '' ? '' : ','}${labelPair(names[at]!, values[at]!)}`;
  }
  return text;
}

class Sum implements HistogramReading {
  sum = 0;
  isUsed = false;
  readonly #counts: Float64Array;

  constructor({ bounds }: Scale) {
    this.#counts = new Float64Array(bounds.length);
  }

  add(reading: HistogramReading): void {
    this.isUsed = true;
    this.sum += reading.sum;
    for (let index = 0; index < this.#counts.length; index++) {
      this.#counts[index]! += reading.bucket(index);
    }
  }

  bucket(index: number): number {
    return this.#counts[index]!;
  }
}
