/**
 * `remora tap [ROUTE]`: requests as they end, a line for each, until Ctrl-C or the time is over.
 *
 * The control plane's windows are short, so that a tap that nobody reads ends by itself; here they
 * are asked for one after another, each a little before the last one ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type RecordsPage, TAP_MS } from '../publish/query-pages.ts';
import { askPage, CONTROL_OPTION, type Page, tellRefusal } from './control-client.ts';
import { durationOption } from './duration-option.ts';
import { EXIT_OK, EXIT_USAGE, type ExitCode } from './exit-codes.ts';
import { type Painter, painterOf } from './painter.ts';
import { tapLine } from './tap-line.ts';
import { TapWindows } from './tap-windows.ts';
import { type Io, JSON_OPTION, type Options, type Verb } from './verb.ts';

/** What a slow network may take from a window's beginning. */
const OVERLAP_MS = 300;
const STEP_MS = TAP_MS - OVERLAP_MS;
const TOO_MANY_TAPS = 429;
const PATIENCE_MS = 500;

export const tap: Verb = {
  usage: 'tap [route]',
  summary: 'Show requests as they end, one a line, until Ctrl-C.',
  group: 'Look:',
  options: [
    ['--failed', 'only those that failed'],
    ['--method <method>', 'only those of this method'],
    ['--path <path>', 'only those whose path begins so'],
    ['--for <duration>', 'end after this long, such as 10s'],
    JSON_OPTION,
    CONTROL_OPTION,
  ],

  async run([route], options, io) {
    const forMs = durationOption(options, Number.POSITIVE_INFINITY, io);
    if (forMs === null) return EXIT_USAGE;
    return await new Tapping(tapPath(route, options), options, io).run(forMs);
  },
};

function tapPath(route: string | undefined, options: Options): string {
  const query = new URLSearchParams();
  if (route !== undefined) query.set('route', route);
  if (options['failed'] === true) query.set('failed', 'true');
  if (typeof options['method'] === 'string') query.set('method', options['method']);
  if (typeof options['path'] === 'string') query.set('path', options['path']);
  return `/v1/tap?${query}`;
}

class Tapping {
  readonly #path: string;
  readonly #options: Options;
  readonly #io: Io;
  readonly #painter: Painter;
  readonly #windows = new TapWindows();
  readonly #told = new Set<string>();
  readonly #end = new AbortController();
  #code: ExitCode = EXIT_OK;
  #hasSeen = false;

  constructor(path: string, options: Options, io: Io) {
    this.#path = path;
    this.#options = options;
    this.#io = io;
    this.#painter = painterOf(io);
  }

  async run(forMs: number): Promise<ExitCode> {
    this.#io.onInterrupt(() => this.#end.abort());
    const untilMs = performance.now() + forMs;
    let shown = Promise.resolve();
    while (!this.#end.signal.aborted && performance.now() < untilMs) {
      const window = askPage<RecordsPage>(this.#options, this.#io, this.#path);
      // One after another, as they were opened: an answer may overtake the one before it.
      shown = shown.then(async () => this.#show(await window));
      const leftMs = untilMs - performance.now();
      await Promise.race([
        this.#passed(Math.max(0, Math.min(STEP_MS, leftMs))),
        this.#failure(window),
      ]);
    }
    // Whoever pressed Ctrl-C does not wait for the rest.
    await Promise.race([shown, this.#interrupted()]);
    return this.#code;
  }

  #show(page: Page<RecordsPage>): void {
    if (this.#end.signal.aborted) return;
    if (page.refusal !== null) {
      if (page.refusal.status === TOO_MANY_TAPS && this.#hasSeen) {
        return this.#tellOnce(`${page.refusal.why} Some requests are not shown.`);
      }
      this.#code = tellRefusal(page.refusal, this.#io);
      return this.#end.abort();
    }
    this.#hasSeen = true;
    const { records, leftOut, silent } = page.body;
    for (const record of this.#windows.fresh(records)) {
      if (this.#options['json'] === true) this.#io.out(JSON.stringify(record));
      else this.#painter.line(tapLine(record));
    }
    const narrower = 'name a ROUTE, --failed, --method or --path to see less and miss nothing';
    if (leftOut > 0) this.#painter.warn(`… at least ${leftOut} more are not shown: ${narrower}.`);
    for (const { proxy, why } of silent) this.#tellOnce(`Proxy ${proxy} did not answer: ${why}.`);
  }

  #tellOnce(text: string): void {
    if (this.#told.has(text)) return;
    this.#told.add(text);
    this.#painter.warn(text);
  }

  async #passed(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#end.signal }).catch(() => {});
  }

  /** A window that ended at once is tried again after a while, and not at once. */
  async #failure(window: Promise<Page<RecordsPage>>): Promise<void> {
    const { refusal } = await window;
    await this.#passed(refusal === null ? STEP_MS : PATIENCE_MS);
  }

  #interrupted(): Promise<void> {
    const { signal } = this.#end;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
  }
}
