/**
 * The proxy's own metric registry: numbers in typed arrays, text written in pieces.
 *
 * `prom-client` was refused: it takes 160 ns to count and blocks the loop for 88 ms to write 800
 * histogram series. Here a handle is bound once per configuration, counting is an array element,
 * and a scrape is a generator whose reader decides when to let requests through.
 *
 * Pure: time is handed in. How it is written: `exposition.ts`. `proxy-metrics.ts` registers.
 */
import { type CollectedSpec, collectedLines } from './collected.ts';
import { type Format, header, histogramLines, type MetricType, numberLine } from './exposition.ts';
import { Family, type FamilyShape, type MetricSpec } from './family.ts';
import { LINKERD_MS, type Scale } from './latency-buckets.ts';
import { type ExemplarRoom, HistogramSeries, histogramSlots, Series } from './series.ts';
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

export class Registry {
  readonly #store = new SlotStore();
  readonly #families: Family<string, Series>[] = [];
  readonly #reads: ReadSpec[] = [];
  readonly #collected: CollectedSpec[] = [];
  readonly #exemplarRoom: ExemplarRoom = { series: 0 };

  counter<L extends string>(spec: MetricSpec<L>): Family<L, Series> {
    return this.#register(spec, COUNTER);
  }

  gauge<L extends string>(spec: MetricSpec<L>): Family<L, Series> {
    return this.#register(spec, GAUGE);
  }

  /** Of milliseconds. */
  histogram<L extends string>(
    spec: MetricSpec<L>,
    scale: Scale = LINKERD_MS,
  ): Family<L, HistogramSeries> {
    return this.#register(spec, histogramShape(scale, this.#exemplarRoom));
  }

  read(spec: ReadSpec): void {
    this.#reads.push(spec);
  }

  collect(spec: CollectedSpec): void {
    this.#collected.push(spec);
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
    return [...families, ...reads, ...this.#collected].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** All metrics as text, piece by piece; without those that are somebody else's to show. */
  *expose(
    format: Format = 'text',
    isOmitted: (name: string) => boolean = () => false,
  ): Generator<string> {
    let piece = '';
    for (const lines of this.#lines(format, isOmitted)) {
      piece += lines;
      if (piece.length < PIECE_CHARS) continue;
      yield piece;
      piece = '';
    }
    yield piece;
  }

  *#lines(format: Format, isOmitted: (name: string) => boolean): Generator<string> {
    for (const { name, help, type, read } of this.#reads) {
      if (isOmitted(name)) continue;
      yield header(name, help, type, format) + numberLine(name, '', read());
    }
    for (const family of this.#families) {
      const { name, help } = family.spec;
      yield header(name, help, family.type, format);
      yield* family.lines(format);
    }
    for (const spec of this.#collected) {
      yield header(spec.name, spec.help, spec.type, format);
      yield* collectedLines(spec, format);
    }
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

function numberShape(type: 'counter' | 'gauge'): FamilyShape<Series> {
  return {
    type,
    slots: 1,
    make: (labels, slots) => new Series(labels, slots),
    write: (name, series) => numberLine(name, series.labels, series.value),
  };
}

function histogramShape(scale: Scale, room: ExemplarRoom): FamilyShape<HistogramSeries> {
  return {
    type: 'histogram',
    slots: histogramSlots(scale),
    make: (labels, slots) => new HistogramSeries(labels, slots, scale, room),
    write: (name, series, format) => histogramLines(name, series.labels, series, scale, format),
  };
}
