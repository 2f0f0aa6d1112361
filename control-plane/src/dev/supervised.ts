/**
 * A process that is started again when it ends, with a pause that doubles up to a bound.
 *
 * The pause begins anew after a life long enough to call the trouble over. There is no last try: a
 * developer corrects the file, and the process should then come back by itself.
 *
 * Called by `sidecar.ts` and `instance.ts`.
 */
import type { AppLog } from './app-log.ts';
import { type ChildSpec, ProcessGroup } from './process-group.ts';
import type { Reaper } from './reaper.ts';

const PAUSE_MS_MIN = 250;
const PAUSE_MS_MAX = 10_000;
const LONG_LIFE_MS = 20_000;

export interface SupervisedOptions {
  readonly spec: () => ChildSpec;
  readonly reaper: Reaper;
  readonly log: AppLog;
  readonly onStart: (group: ProcessGroup) => void;
  /** Not called for an end that was asked for. */
  readonly onEnd: (why: string) => void;
}

/** The pause before the next start, given the last pause and how long the process lived. */
export function nextPauseMs(lastPauseMs: number, livedMs: number): number {
  if (livedMs >= LONG_LIFE_MS || lastPauseMs === 0) return PAUSE_MS_MIN;
  return Math.min(lastPauseMs * 2, PAUSE_MS_MAX);
}

export class Supervised {
  readonly #options: SupervisedOptions;
  #group: ProcessGroup | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = 0;
  #isStopped = false;
  restarts = 0;

  constructor(options: SupervisedOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#isStopped) return;
    const { spec, reaper, log, onStart } = this.#options;
    const startedAtMs = performance.now();
    const group = new ProcessGroup(spec(), reaper);
    this.#group = group;
    log.follow(group.stderr);
    onStart(group);
    void group.ended.then((why) => this.#afterEnd(why, performance.now() - startedAtMs));
  }

  async stop(graceMs?: number): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#group?.stop(graceMs);
  }

  kill(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#group?.kill();
  }

  #afterEnd(why: string, livedMs: number): void {
    if (this.#isStopped) return;
    this.#pauseMs = nextPauseMs(this.#pauseMs, livedMs);
    this.restarts++;
    const words = this.#options.log.lastWords();
    this.#options.log.note(`ended: ${why}; starts again in ${this.#pauseMs} ms`);
    this.#options.onEnd(words === '' ? why : `${why}: ${words}`);
    this.#timer = setTimeout(() => this.start(), this.#pauseMs);
  }
}
