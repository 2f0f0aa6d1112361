/**
 * The proxy's own metric registry: numbers in typed arrays, text written in pieces.
 *
 * `prom-client` was refused: it takes 160 ns to count and blocks the loop for 88 ms to write 800
 * histogram series. Here a handle is bound once per configuration, counting is an array element,
 * and a scrape is a generator whose reader decides when to let requests through.
 *
 * Pure: time is handed in. Exposition is Prometheus text 0.0.4. `proxy-metrics.ts` registers.
 */
import { Family, type FamilyShape, type MetricSpec, type MetricType } from './family.ts';
import { LATENCY_BOUNDS_MS } from './latency-buckets.ts';
import { HISTOGRAM_SLOTS, HistogramSeries, Series } from './series.ts';
import { SlotStore } from './slot-store.ts';

/** A metric without labels that is kept elsewhere and read when scraped. */
export interface ReadSpec {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly read: () => number;
}

/** What the reference page says of a metric. */
export interface MetricEntry {
  readonly name: string;
  readonly type: MetricType;
  readonly labels: readonly string[];
  readonly help: string;
}

/** A piece of a scrape: small enough to write, large enough to be worth it. */
const PIECE_CHARS = 8 * 1024;

const COUNTER: FamilyShape<Series> = numberShape('counter');
const GAUGE: FamilyShape<Series> = numberShape('gauge');
const HISTOGRAM: FamilyShape<HistogramSeries> = {
  type: 'histogram',
  slots: HISTOGRAM_SLOTS,
  make: (labels, slots) => new HistogramSeries(labels, slots),
  write: writeHistogram,
};

export class Registry {
  readonly #store = new SlotStore();
  readonly #families: Family<string, Series>[] = [];
  readonly #reads: ReadSpec[] = [];

  counter<L extends string>(spec: MetricSpec<L>): Family<L, Series> {
    return this.#register(spec, COUNTER);
  }

  gauge<L extends string>(spec: MetricSpec<L>): Family<L, Series> {
    return this.#register(spec, GAUGE);
  }

  /** Of milliseconds, in the buckets of `latency-buckets.ts`. */
  histogram<L extends string>(spec: MetricSpec<L>): Family<L, HistogramSeries> {
    return this.#register(spec, HISTOGRAM);
  }

  read(spec: ReadSpec): void {
    this.#reads.push(spec);
  }

  /** Series of all metrics. */
  get size(): number {
    return this.#families.reduce((sum, family) => sum + family.size, 0);
  }

  sweep(nowMs: number): void {
    for (const family of this.#families) family.sweep(nowMs);
  }

  entries(): readonly MetricEntry[] {
    const families = this.#families.map(({ spec, type }) => ({
      name: spec.name,
      type,
      labels: Object.keys(spec.labels),
      help: spec.help,
    }));
    const reads = this.#reads.map(({ name, type, help }) => ({ name, type, labels: [], help }));
    return [...families, ...reads].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** All metrics as text, piece by piece. */
  *expose(): Generator<string> {
    let piece = '';
    for (const { name, help, type, read } of this.#reads) {
      piece += `${header(name, help, type)}${name} ${read()}\n`;
    }
    for (const family of this.#families) {
      piece += header(family.spec.name, family.spec.help, family.type);
      for (const lines of family.lines()) {
        piece += lines;
        if (piece.length < PIECE_CHARS) continue;
        yield piece;
        piece = '';
      }
    }
    yield piece;
  }

  #register<L extends string, S extends Series>(
    spec: MetricSpec<L>,
    shape: FamilyShape<S>,
  ): Family<L, S> {
    const family = new Family(spec, shape, this.#store);
    this.#families.push(family as unknown as Family<string, Series>);
    return family;
  }
}

function header(name: string, help: string, type: MetricType): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function numberShape(type: 'counter' | 'gauge'): FamilyShape<Series> {
  return {
    type,
    slots: 1,
    make: (labels, slots) => new Series(labels, slots),
    write: (name, series) => `${name}${braced(series.labels)} ${series.value}\n`,
  };
}

function writeHistogram(name: string, series: HistogramSeries): string {
  const { labels } = series;
  const before = `${name}_bucket{${labels}${labels === '' ? '' : ','}le="`;
  let text = '';
  let count = 0;
  for (let index = 0; index <= LATENCY_BOUNDS_MS.length; index++) {
    count += series.bucket(index);
    text += `${before}${LATENCY_BOUNDS_MS[index] ?? '+Inf'}"} ${count}\n`;
  }
  const after = braced(labels);
  return `${text}${name}_sum${after} ${series.sum}\n${name}_count${after} ${count}\n`;
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}
