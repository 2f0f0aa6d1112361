/**
 * A metric: its name, its labels, and its series, found by their labels.
 *
 * Every label is closed (its values are listed) or capped: beyond `metricSeriesMax` series all
 * newer ones share one, so that no name from outside can grow memory or a scrape without limit.
 *
 * Pure: time is handed in. Made by `registry.ts`.
 */
import * as limits from '../limits.ts';
import { OVERFLOW } from './collected.ts';
import { type Format, labelPair, type MetricType } from './exposition.ts';
import type { Series } from './series.ts';
import type { SlotStore, Slots } from './slot-store.ts';

/** A label whose values are names from configuration or from outside: capped. */
export const BY_NAME = 'by name';
export type LabelValues = typeof BY_NAME | readonly string[];

export interface MetricSpec<L extends string = string> {
  readonly name: string;
  readonly help: string;
  readonly labels: Readonly<Record<L, LabelValues>>;
}

export interface FamilyShape<S extends Series> {
  readonly type: MetricType;
  /** Slots of one series. */
  readonly slots: number;
  make(labels: string, slots: Slots): S;
  /** One series as lines of text. */
  write(name: string, series: S, format: Format): string;
}

export class Family<L extends string = string, S extends Series = Series> {
  readonly spec: MetricSpec<L>;
  readonly type: MetricType;
  readonly #shape: FamilyShape<S>;
  readonly #store: SlotStore;
  readonly #series = new Map<string, S>();

  constructor(spec: MetricSpec<L>, shape: FamilyShape<S>, store: SlotStore) {
    this.spec = spec;
    this.type = shape.type;
    this.#shape = shape;
    this.#store = store;
  }

  get size(): number {
    return this.#series.size;
  }

  /** The series of these labels, in use by one more; `release` takes that back. */
  bind(labels: Readonly<Record<L, string>>): S {
    const text = labelText(this.spec, labels);
    let series = this.#series.get(text);
    if (series === undefined && this.#series.size >= limits.metricSeriesMax) {
      return this.#bindOverflow();
    }
    series ??= this.#add(text);
    series.uses++;
    return series;
  }

  release(series: S, nowMs: number): void {
    series.uses--;
    if (series.uses === 0) series.idleSinceMs = nowMs;
  }

  /** Drops what nothing has been bound to for `seriesIdleMs`. */
  sweep(nowMs: number): void {
    for (const [labels, series] of this.#series) {
      if (series.uses > 0 || nowMs - series.idleSinceMs < limits.seriesIdleMs) continue;
      this.#series.delete(labels);
      this.#store.giveBack(series.detach(), this.#shape.slots);
    }
  }

  /** Text of one series at a time; series may come and go between two. */
  *lines(format: Format): Generator<string> {
    const { name } = this.spec;
    for (const series of this.#series.values()) yield this.#shape.write(name, series, format);
  }

  #bindOverflow(): S {
    const names = Object.keys(this.spec.labels);
    const text = names.map((name) => labelPair(name, OVERFLOW)).join(',');
    const series = this.#series.get(text) ?? this.#add(text);
    series.uses++;
    return series;
  }

  #add(labels: string): S {
    const series = this.#shape.make(labels, this.#store.take(this.#shape.slots));
    this.#series.set(labels, series);
    return series;
  }
}

/** A label with an empty value is left out: to Prometheus that is the same. */
function labelText<L extends string>(
  spec: MetricSpec<L>,
  labels: Readonly<Record<L, string>>,
): string {
  let text = '';
  for (const name in spec.labels) {
    const value = labels[name];
    const values: LabelValues = spec.labels[name];
    if (values !== BY_NAME && !values.includes(value)) {
      throw new Error(`${spec.name}: label ${name} cannot be "${value}"`);
    }
    if (value === '') continue;
    if (text !== '') text += ',';
    text += labelPair(name, value);
  }
  return text;
}
