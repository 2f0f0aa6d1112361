/**
 * Writes statuses of objects: decides which differ from what stands there, when, and how many at
 * once; never what they say.
 *
 * What is wanted is the whole truth, said again whenever something changed. The newest wins: a
 * status that was overtaken while it waited is never written. One that could not be written is
 * tried again with growing pauses, and a thousand of them do not make a thousand requests at once.
 * Where only counts moved, it waits longer: while a thousand proxies reconnect, those of every
 * route move all the time, and nobody waits for them.
 *
 * Not pure: timers. Used by `leadership.ts`, on the leader alone.
 */
import { apiSeconds } from '../api-time.ts';
import { canonicalJson } from '../canonical-json.ts';
import * as limits from '../limits.ts';
import type { Log } from '../log.ts';
import { type SourceName, sourceKey } from '../publish/acks.ts';
import { type TimedCondition, withTimes } from './condition-times.ts';

export interface WantedStatus extends SourceName {
  /** Without times; `conditions` get theirs here. */
  readonly status: StatusBody;
}

export interface StatusBody {
  readonly conditions: readonly Omit<TimedCondition, 'lastTransitionTime'>[];
  readonly [field: string]: unknown;
}

export interface WrittenStatus {
  readonly conditions: readonly TimedCondition[];
  readonly [field: string]: unknown;
}

export interface StatusPort {
  /** What stands there now, by `sourceKey`: read once, when this replica becomes the leader. */
  readAll(): Promise<ReadonlyMap<string, WrittenStatus>>;
  /** False: there is no such object any more. */
  write(target: SourceName, status: WrittenStatus): Promise<boolean>;
}

interface Entry {
  wanted: WantedStatus;
  written: WrittenStatus | null;
  /** What stands there, as a text to compare with; null: nothing does. */
  writtenText: string | null;
  /** Of what is wanted: whether only counts differ. */
  canWait: boolean;
  writtenAtMs: number;
  isBusy: boolean;
  failures: number;
  notBeforeMs: number;
}

export class StatusWriter {
  readonly #port: StatusPort;
  readonly #log: Log;
  readonly #entries = new Map<string, Entry>();
  /** Those of them whose status is to be written. */
  readonly #due = new Set<Entry>();
  /** As it stood, of objects that have no entry yet. */
  #before = new Map<string, WrittenStatus>();
  #writing = 0;
  #timer: NodeJS.Timeout | null = null;
  #isOpen = false;

  constructor(port: StatusPort, log: Log) {
    this.#port = port;
    this.#log = log;
  }

  /** What stands is known: before that nothing can be told apart from it. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  async open(): Promise<void> {
    this.#before = new Map(await this.#port.readAll());
    this.#isOpen = true;
    this.#pump();
  }

  /** Writes under way end; none begins. */
  close(): void {
    this.#isOpen = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#entries.clear();
    this.#due.clear();
  }

  /** All statuses there should be. */
  want(statuses: readonly WantedStatus[]): void {
    const gone = new Set(this.#entries.keys());
    for (const wanted of statuses) {
      const key = sourceKey(wanted);
      gone.delete(key);
      const entry = this.#entries.get(key) ?? newEntry(wanted, this.#before.get(key));
      entry.wanted = wanted;
      this.#entries.set(key, entry);
      this.#judge(entry);
    }
    // What was deleted and is made again has nothing of what stood there.
    this.#before.clear();
    for (const key of gone) this.#forget(key);
    this.#pump();
  }

  #judge(entry: Entry): void {
    if (canonicalJson(entry.wanted.status) === entry.writtenText) {
      this.#due.delete(entry);
      return;
    }
    entry.canWait =
      entry.written !== null && verdictOf(entry.written) === verdictOf(entry.wanted.status);
    this.#due.add(entry);
  }

  #forget(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#due.delete(entry);
    this.#entries.delete(key);
  }

  #pump(): void {
    if (!this.#isOpen) return;
    const nowMs = performance.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const entry of this.#due) {
      if (this.#writing >= limits.statusWritesMax) return;
      if (entry.isBusy) continue;
      const atMs = dueAtMs(entry);
      if (atMs <= nowMs) void this.#write(entry);
      else nextMs = Math.min(nextMs, atMs);
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (nextMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#pump(), Math.max(1, nextMs - nowMs));
    this.#timer.unref();
  }

  async #write(entry: Entry): Promise<void> {
    const { status, ...target } = entry.wanted;
    const timed = withTimes(status, entry.written?.conditions ?? [], apiSeconds(Date.now()));
    entry.isBusy = true;
    this.#writing++;
    try {
      const isThere = await this.#port.write(target, timed);
      entry.written = timed;
      entry.writtenText = canonicalJson(status);
      entry.failures = 0;
      entry.writtenAtMs = performance.now();
      entry.notBeforeMs = entry.writtenAtMs + limits.statusEveryMs;
      if (isThere) this.#judge(entry);
      else this.#forget(sourceKey(target));
    } catch (error) {
      const pauseMs = Math.min(limits.statusRetryMsMax, limits.statusEveryMs * 2 ** entry.failures);
      entry.failures++;
      entry.notBeforeMs = performance.now() + pauseMs;
      const why = error instanceof Error ? error.message : String(error);
      this.#log.warn({ object: sourceKey(target), retryMs: pauseMs }, `status not written: ${why}`);
    }
    entry.isBusy = false;
    this.#writing--;
    this.#pump();
  }
}

function newEntry(wanted: WantedStatus, written: WrittenStatus | undefined): Entry {
  return {
    ...{ wanted, written: written ?? null, canWait: false, isBusy: false },
    writtenText: written === undefined ? null : canonicalJson(withoutTimes(written)),
    ...{ failures: 0, notBeforeMs: 0, writtenAtMs: Number.NEGATIVE_INFINITY },
  };
}

function dueAtMs({ canWait, notBeforeMs, writtenAtMs }: Entry): number {
  return canWait ? Math.max(notBeforeMs, writtenAtMs + limits.statusCountsMs) : notBeforeMs;
}

/** They follow from the rest. */
function withoutTimes(written: WrittenStatus): StatusBody {
  const conditions = written.conditions.map(({ lastTransitionTime: _, ...rest }) => rest);
  return { ...written, conditions };
}

/** What somebody may wait for: all but counts, shares, and the sentences that name them. */
function verdictOf(status: StatusBody): string {
  const { applied: _a, interested: _i, proxies: _p, weights: _w, ...rest } = status;
  const conditions = status.conditions.map(({ type, status: is, reason, observedGeneration }) => {
    return { type, is, reason, observedGeneration };
  });
  return canonicalJson({ ...rest, conditions });
}
