/**
 * The same request sent twice is executed once: who comes while the first is in flight waits for
 * its answer, who comes later gets the stored one.
 *
 *   absent --join--> IN FLIGHT --complete--> STORED --keepMs, or room is needed--> absent
 *                     |    ^ '--fails, caller leaves, answer not kept--> the next that waits is
 *                     |    '-------- first now, and executes it ------'   (none: absent)
 *                     '--join--> waits
 *
 * One at a time even then: letting all who wait go at once would execute what the key is there to
 * execute once. The body is part of what is promised: another one is refused, never answered.
 *
 * Pure. One a proxy; called by inbound. Holders are told inside others' calls: they only queue.
 */
import * as limits from '../limits.ts';
import { AnswerRecord, type StoredAnswer } from './answer-record.ts';
import type { ReplayBlocks } from './replay-buffer.ts';

export const JOINED = {
  /** Execute it: `ticket.record` the answer, then `complete`, or `leave`. */
  FIRST: 0,
  /** `onDuplicateTurn` will be called. */
  WAITS: 1,
  /** `ticket.answer` is the answer. */
  REPLAY: 2,
  /** The key came with another body: RMR_KEY_REUSED. */
  KEY_REUSED: 3,
  /** Too many wait for the same answer: RMR_OVERLOADED. */
  CROWDED: 4,
  /** No room to remember it: execute it like any other. */
  UNTRACKED: 5,
} as const;

/** What becomes of a request with a key; the metric's words. */
export const DUPLICATE_ENDS = [
  'executed',
  /** Got a stored answer, at once or having waited for it. */
  'replayed',
  'waited',
  'reused_key',
  'crowded',
  'untracked',
] as const;
export type DuplicateEnd = (typeof DUPLICATE_ENDS)[number];

export interface DuplicateHolder {
  /** `ticket.answer` is there; or it is null, and `ticket.isFirst`. Queues, and acts next tick. */
  onDuplicateTurn(): void;
}

/** A request's place. Embedded in who joins; pooled with it. */
export class DuplicateTicket {
  readonly holder: DuplicateHolder;
  readonly record: AnswerRecord;
  answer: StoredAnswer | null = null;
  entry: Entry | null = null;
  previous: DuplicateTicket | null = null;
  next: DuplicateTicket | null = null;

  constructor(holder: DuplicateHolder, blocks: ReplayBlocks) {
    this.holder = holder;
    this.record = new AnswerRecord(blocks);
  }

  get isFirst(): boolean {
    return this.entry !== null && this.entry.first === this;
  }
}

/** What is remembered of one scope. */
class Entry {
  readonly scope: string;
  readonly bodyDigest: string;
  readonly keepMs: number;
  /** Null once there is an answer. */
  first: DuplicateTicket | null = null;
  firstWaiter: DuplicateTicket | null = null;
  lastWaiter: DuplicateTicket | null = null;
  waiters = 0;
  answer: StoredAnswer | null = null;
  expiresAtMs = 0;

  constructor(scope: string, bodyDigest: string, keepMs: number) {
    this.scope = scope;
    this.bodyDigest = bodyDigest;
    this.keepMs = keepMs;
  }

  addWaiter(ticket: DuplicateTicket): void {
    ticket.entry = this;
    ticket.previous = this.lastWaiter;
    ticket.next = null;
    if (this.lastWaiter === null) this.firstWaiter = ticket;
    else this.lastWaiter.next = ticket;
    this.lastWaiter = ticket;
    this.waiters++;
  }

  removeWaiter(ticket: DuplicateTicket): void {
    if (ticket.previous === null) this.firstWaiter = ticket.next;
    else ticket.previous.next = ticket.next;
    if (ticket.next === null) this.lastWaiter = ticket.previous;
    else ticket.next.previous = ticket.previous;
    ticket.previous = null;
    ticket.next = null;
    ticket.entry = null;
    this.waiters--;
  }
}

/** What an entry costs beside its answer, roughly. */
export const ENTRY_BYTES = 512;

const BOUNDS = {
  duplicatesMax: limits.duplicatesMax,
  duplicateWaitersMax: limits.duplicateWaitersMax,
  duplicateBytesMax: limits.duplicateBytesMax,
};

export class Duplicates {
  /** Of the answers that are kept. */
  storedBytes = 0;
  replays = 0;
  evictions = 0;
  readonly #bounds: Readonly<typeof BOUNDS>;
  readonly #entries = new Map<string, Entry>();
  /** Those with an answer, oldest first. */
  readonly #stored = new Set<Entry>();

  constructor(bounds: Readonly<typeof BOUNDS> = BOUNDS) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A JOINED. `scope` and `bodyDigest` of `duplicate-scope.ts`; the body is whole. */
  join(
    ticket: DuplicateTicket,
    scope: string,
    bodyDigest: string,
    keepMs: number,
    nowMs: number,
  ): number {
    ticket.answer = null;
    const entry = this.#find(scope, nowMs);
    if (entry === null) return this.#begin(ticket, new Entry(scope, bodyDigest, keepMs), nowMs);
    if (entry.bodyDigest !== bodyDigest) return JOINED.KEY_REUSED;
    if (entry.answer !== null) {
      this.replays++;
      ticket.answer = entry.answer;
      return JOINED.REPLAY;
    }
    if (entry.waiters === this.#bounds.duplicateWaitersMax) return JOINED.CROWDED;
    entry.addWaiter(ticket);
    return JOINED.WAITS;
  }

  /** The first has sent its whole answer down: what the record holds is stored and handed out. */
  complete(ticket: DuplicateTicket, hasTrailers: boolean, nowMs: number): void {
    const { entry } = ticket;
    if (entry === null || entry.first !== ticket) return;
    const answer = ticket.record.take(hasTrailers);
    if (answer === null) return this.leave(ticket);
    ticket.entry = null;
    entry.first = null;
    entry.answer = answer;
    entry.expiresAtMs = nowMs + entry.keepMs;
    this.#stored.add(entry);
    this.storedBytes += bytesOf(answer);
    this.#makeRoom(nowMs);
    for (let waiter = entry.firstWaiter; waiter !== null; waiter = entry.firstWaiter) {
      entry.removeWaiter(waiter);
      this.replays++;
      waiter.answer = answer;
      waiter.holder.onDuplicateTurn();
    }
  }

  /** It fails, its caller leaves, or it is done with its answer. Harmless where it has no place. */
  leave(ticket: DuplicateTicket): void {
    ticket.answer = null;
    ticket.record.reset();
    const { entry } = ticket;
    if (entry === null) return;
    if (entry.first !== ticket) return entry.removeWaiter(ticket);
    ticket.entry = null;
    const next = entry.firstWaiter;
    entry.first = next;
    if (next === null) {
      this.#entries.delete(entry.scope);
      return;
    }
    entry.removeWaiter(next);
    next.entry = entry;
    next.holder.onDuplicateTurn();
  }

  /** Drops what has expired; from time to time, so that an idle proxy keeps nothing. */
  sweep(nowMs: number): void {
    for (const entry of this.#stored) {
      if (entry.expiresAtMs <= nowMs) this.#drop(entry);
    }
  }

  #find(scope: string, nowMs: number): Entry | null {
    const entry = this.#entries.get(scope);
    if (entry === undefined) return null;
    if (entry.answer === null || entry.expiresAtMs > nowMs) return entry;
    this.#drop(entry);
    return null;
  }

  #begin(ticket: DuplicateTicket, entry: Entry, nowMs: number): number {
    if (this.#entries.size === this.#bounds.duplicatesMax && !this.#dropOldest(nowMs)) {
      return JOINED.UNTRACKED;
    }
    entry.first = ticket;
    ticket.entry = entry;
    this.#entries.set(entry.scope, entry);
    return JOINED.FIRST;
  }

  #makeRoom(nowMs: number): void {
    while (this.storedBytes > this.#bounds.duplicateBytesMax && this.#dropOldest(nowMs));
  }

  #dropOldest(nowMs: number): boolean {
    for (const entry of this.#stored) {
      if (entry.expiresAtMs > nowMs) this.evictions++;
      this.#drop(entry);
      return true;
    }
    return false;
  }

  #drop(entry: Entry): void {
    this.#stored.delete(entry);
    this.#entries.delete(entry.scope);
    this.storedBytes -= bytesOf(entry.answer!);
  }
}

function bytesOf(answer: StoredAnswer): number {
  return answer.head.length + answer.body.length + ENTRY_BYTES;
}
