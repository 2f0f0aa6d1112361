/**
 * The application's own metrics, read line by line and written again by family.
 *
 * Nothing is passed on unread: one malformed line fails a whole scrape, ours included, so a page
 * with one is refused. Samples are gathered by family, since a family may come once, and a family
 * whose name is taken here is left out and counted. OpenMetrics names and stamps differently, so a
 * counter without `_total` is `unknown` there, and times become seconds.
 *
 * Pure. Bounded by the bytes that `app-metrics.ts` reads. Used by it alone.
 */
import { familyName, type Format } from '../telemetry/exposition.ts';

interface AppFamily {
  type: string;
  help: string | null;
  readonly samples: Sample[];
}

interface Sample {
  /** Name and labels. */
  readonly series: string;
  readonly value: string;
  /** Milliseconds, or empty. */
  readonly time: string;
}

const SAMPLE =
  /^([a-zA-Z_:][\w:]*)[ \t]*(?:\{([^\n]*)\})?[ \t]*([^\s{}]+)(?:[ \t]+(-?\d{1,17}))?[ \t]*$/;
const LABEL = /[ \t]*([a-zA-Z_]\w*)[ \t]*=[ \t]*"((?:[^"\\]|\\["\\n])*)"[ \t]*(?:,|$)/y;
const ABOUT = /^#[ \t]+(HELP|TYPE)[ \t]+([a-zA-Z_:][\w:]*)(?:[ \t]+(.*))?$/;
const VALUE = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?Inf|NaN)$/;
const PARTS: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['_sum', '_count'],
};
const TYPES = ['counter', 'gauge', 'histogram', 'summary'];
const MS_PER_SECOND = 1_000;
const PIECE_CHARS = 8 * 1024;

export class AppFamilies {
  /** A line that cannot be read; null: none so far. */
  malformed: string | null = null;
  readonly #families = new Map<string, AppFamily>();
  #rest = '';

  push(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) this.#line(line);
  }

  /** The page has ended. */
  end(): void {
    this.#line(this.#rest);
    this.#rest = '';
  }

  /** Names of families that are taken: by the names given, or by another one of this page. */
  dropped(taken: ReadonlySet<string>, format: Format): ReadonlySet<string> {
    const dropped = new Set<string>();
    const used = new Set<string>();
    for (const [name, { type, samples }] of this.#families) {
      const family = familyName(name, type, format);
      const isTaken = taken.has(name) || samples.some(({ series }) => taken.has(nameOf(series)));
      if (isTaken || used.has(family)) dropped.add(name);
      used.add(family);
    }
    return dropped;
  }

  /** All but those dropped, as text, piece by piece. */
  *pieces(format: Format, dropped: ReadonlySet<string>): Generator<string> {
    let piece = '';
    for (const [name, family] of this.#families) {
      if (dropped.has(name) || family.samples.length === 0) continue;
      piece += aboutText(name, family, format);
      for (const { series, value, time } of family.samples) {
        piece += `${series} ${value}${timeText(time, format)}\n`;
        if (piece.length < PIECE_CHARS) continue;
        yield piece;
        piece = '';
      }
    }
    yield piece;
  }

  #line(text: string): void {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text;
    if (this.malformed !== null || line.trim() === '') return;
    if (line.startsWith('#')) return this.#about(line);
    const [, name = '', labels, value = '', time = ''] = SAMPLE.exec(line) ?? [];
    const written = labels === undefined ? '' : labelsText(labels);
    if (name === '' || written === null || !VALUE.test(value)) {
      this.malformed = line;
      return;
    }
    this.#familyOf(name).samples.push({ series: name + written, value, time });
  }

  #about(line: string): void {
    const [, what, name, text = ''] = ABOUT.exec(line) ?? [];
    if (name === undefined) return; // A comment.
    const family = this.#named(name);
    if (what === 'HELP') family.help ??= text;
    else if (family.samples.length === 0 && TYPES.includes(text.trim())) family.type = text.trim();
  }

  /** A part of a histogram belongs to it. */
  #familyOf(name: string): AppFamily {
    for (const [type, parts] of Object.entries(PARTS)) {
      for (const part of parts) {
        if (!name.endsWith(part)) continue;
        const whole = this.#families.get(name.slice(0, -part.length));
        if (whole?.type === type) return whole;
      }
    }
    return this.#named(name);
  }

  #named(name: string): AppFamily {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { type: 'untyped', help: null, samples: [] };
      this.#families.set(name, family);
    }
    return family;
  }
}

function nameOf(series: string): string {
  const brace = series.indexOf('{');
  return brace === -1 ? series : series.slice(0, brace);
}

/** As we write them, or null: they cannot be read. */
function labelsText(labels: string): string | null {
  if (labels.trim() === '') return '';
  const pairs: string[] = [];
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < labels.length) {
    const [, name, value] = LABEL.exec(labels) ?? [];
    if (name === undefined) return null;
    pairs.push(`${name}="${value}"`);
    if (labels.slice(LABEL.lastIndex).trim() === '') break;
  }
  return `{${pairs.join(',')}}`;
}

function aboutText(name: string, { type, help }: AppFamily, format: Format): string {
  const isOpen = format === 'openmetrics';
  const family = familyName(name, type, format);
  const isNamedOtherwise = type === 'counter' && family === name;
  const shown = isOpen && (type === 'untyped' || isNamedOtherwise) ? 'unknown' : type;
  const text = isOpen ? help?.replaceAll('"', '\\"') : help;
  const helpLine = text === undefined || text === null ? '' : `# HELP ${family} ${text}\n`;
  return `${helpLine}# TYPE ${family} ${shown}\n`;
}

function timeText(time: string, format: Format): string {
  if (time === '') return '';
  return ` ${format === 'text' ? time : Number(time) / MS_PER_SECOND}`;
}
