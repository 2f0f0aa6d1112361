/**
 * Whether a page is OpenMetrics 1.0.0, read strictly: promtool of today reads the older text only.
 *
 * Every line is a TYPE, UNIT, HELP, a sample or the end; a family comes once and in one piece,
 * after its TYPE; a sample bears a suffix that its type allows; no series comes twice; buckets rise
 * up to the count; exemplars stand on buckets and counters only.
 *
 * Pure. Used by tests of the metrics page.
 */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count', '_created'],
  summary: ['', '_sum', '_count', '_created'],
  unknown: [''],
};
const ABOUT = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][\w:]*) (.+)$/;
const LABELS = '(?:[a-zA-Z_]\\w*="(?:[^"\\\\\\n]|\\\\["\\\\n])*")';
const NUMBER = '(?:[+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[+-]?\\d+)?|[+-]Inf|NaN)';
const SAMPLE = new RegExp(
  `^([a-zA-Z_:][\\w:]*)(\\{${LABELS}(?:,${LABELS})*\\})? (${NUMBER})( ${NUMBER})?` +
    `( # \\{(?:${LABELS}(?:,${LABELS})*)?\\} ${NUMBER}( ${NUMBER})?)?$`,
);

/** What is wrong with it, first thing first; empty: nothing. */
export function openMetricsFaults(page: string): string[] {
  const faults: string[] = [];
  if (!page.endsWith('\n# EOF\n')) faults.push('does not end with # EOF');
  const reader = new Reader(faults);
  for (const line of page.split('\n').slice(0, -2)) reader.line(line);
  return faults;
}

class Reader {
  readonly #faults: string[];
  readonly #families = new Set<string>();
  readonly #series = new Set<string>();
  #family = '';
  #type = 'unknown';
  #hasSamples = false;
  #bucket = 0;

  constructor(faults: string[]) {
    this.#faults = faults;
  }

  line(line: string): void {
    const about = ABOUT.exec(line);
    if (about !== null) return this.#about(line, about);
    const [, name = '', labels = '', value = '', , exemplar] = SAMPLE.exec(line) ?? [];
    if (name === '') return this.#refuse('no line of OpenMetrics', line);
    this.#hasSamples = true;
    const suffix = SUFFIXES[this.#type]?.find((one) => name === this.#family + one);
    if (suffix === undefined) this.#refuse(`no sample of ${this.#type} ${this.#family}`, line);
    if (this.#series.has(name + labels)) this.#refuse('comes twice', line);
    this.#series.add(name + labels);
    if (exemplar !== undefined && suffix !== '_bucket' && suffix !== '_total') {
      this.#refuse('has an exemplar', line);
    }
    if (suffix === '_total' && !(Number(value) >= 0)) this.#refuse('is no count', line);
    if (suffix === '_bucket') this.#onBucket(labels, Number(value), line);
  }

  #onBucket(labels: string, count: number, line: string): void {
    if (count < this.#bucket) this.#refuse('is less than the bucket before', line);
    this.#bucket = labels.includes('le="+Inf"') ? 0 : count;
  }

  #about(line: string, [, what, family = '', text = '']: readonly string[]): void {
    if (family !== this.#family || this.#hasSamples) {
      if (this.#families.has(family)) this.#refuse('its family was there before', line);
      this.#families.add(family);
      this.#family = family;
      this.#type = 'unknown';
      this.#hasSamples = false;
    }
    if (what === 'TYPE') {
      if (SUFFIXES[text] === undefined) this.#refuse('is no type', line);
      this.#type = text;
    }
    if (what === 'UNIT' && !family.endsWith(`_${text}`)) this.#refuse('is not in the name', line);
  }

  #refuse(why: string, line: string): void {
    this.#faults.push(`${why}: ${line}`);
  }
}
