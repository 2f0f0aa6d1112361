/**
 * Which deadline a trace has: inbound remembers, an outbound request of the same trace inherits.
 * So a deadline reaches the next service although the application forwards no header.
 *
 * A hint with a bound: 512 sets of 8 entries in typed arrays, a trace in one set by its bits. In a
 * full set the entry that would go first goes now, so losing one means a deadline not inherited,
 * never a wrong one. A Map of strings was refused: an allocation for each request. Of two requests
 * of one trace the later deadline counts, since nobody knows to which an outbound one belongs.
 *
 * Pure. One a proxy, shared by both roles. Budget: no allocation, at most 8 entries looked at.
 */
import { HEX_VALUE, NOT_HEX } from '../http1/octets.ts';
import * as limits from '../limits.ts';
import { finish } from '../routing/request-key.ts';
import { NO_DEADLINE } from './deadline.ts';

const WAYS = 8;
const WORD_DIGITS = 8;

/** A trace id as four integers. One object, reused: read it before it is set anew. */
export class TraceKey {
  readonly words: Int32Array = new Int32Array(4);

  /** The 32 hex digits at `from`. False: they are none, and the key is not to be used. */
  readHex(bytes: Uint8Array, from: number): boolean {
    for (let word = 0; word < 4; word++) {
      let value = 0;
      for (let digit = 0; digit < WORD_DIGITS; digit++) {
        const nibble = HEX_VALUE[bytes[from + word * WORD_DIGITS + digit]!] ?? NOT_HEX;
        if (nibble === NOT_HEX) return false;
        value = (value << 4) | nibble;
      }
      this.words[word] = value;
    }
    return true;
  }

  /** The 16 bytes of an id that was drawn here. */
  readBytes(id: Uint8Array): void {
    for (let word = 0; word < 4; word++) {
      const at = word * 4;
      this.words[word] = (id[at]! << 24) | (id[at + 1]! << 16) | (id[at + 2]! << 8) | id[at + 3]!;
    }
  }
}

export class DeadlineMemory {
  #lastExpiresAtMs = Number.NEGATIVE_INFINITY;
  readonly #sets: number;
  readonly #keepMs: number;
  readonly #words: Int32Array;
  readonly #deadlinesAtMs: Float64Array;
  /** When an entry is forgotten; what is past is an empty place. */
  readonly #expiresAtMs: Float64Array;

  /** `entriesMax`: a multiple of 8. */
  constructor(
    entriesMax: number = limits.deadlinesRememberedMax,
    keepMs: number = limits.deadlineMemoryMs,
  ) {
    this.#sets = entriesMax / WAYS;
    this.#keepMs = keepMs;
    this.#words = new Int32Array(entriesMax * 4);
    this.#deadlinesAtMs = new Float64Array(entriesMax);
    this.#expiresAtMs = new Float64Array(entriesMax).fill(Number.NEGATIVE_INFINITY);
  }

  /** Whether nothing is remembered, which spares reading the trace. */
  isEmpty(nowMs: number): boolean {
    return this.#lastExpiresAtMs <= nowMs;
  }

  /** Only of a request that has a deadline. */
  remember(trace: TraceKey, atMs: number, nowMs: number): void {
    if (atMs === NO_DEADLINE) return;
    let entry = this.#find(trace);
    if (entry === -1) {
      entry = this.#placeIn(setOf(trace, this.#sets));
      this.#words.set(trace.words, entry * 4);
      this.#deadlinesAtMs[entry] = atMs;
    } else {
      const known = this.#isAlive(entry, nowMs) ? this.#deadlinesAtMs[entry]! : atMs;
      this.#deadlinesAtMs[entry] = Math.max(atMs, known);
    }
    this.#lastExpiresAtMs = nowMs + this.#keepMs;
    this.#expiresAtMs[entry] = this.#lastExpiresAtMs;
  }

  /** The instant, which may be past (then nobody waits any more), or NO_DEADLINE. */
  recall(trace: TraceKey, nowMs: number): number {
    const entry = this.#find(trace);
    return entry !== -1 && this.#isAlive(entry, nowMs) ? this.#deadlinesAtMs[entry]! : NO_DEADLINE;
  }

  /** Its request was answered in time: what the application still does has no deadline. */
  forget(trace: TraceKey): void {
    const entry = this.#find(trace);
    if (entry !== -1) this.#expiresAtMs[entry] = Number.NEGATIVE_INFINITY;
  }

  /** The trace's entry, forgotten or not: a trace has one at most. */
  #find(trace: TraceKey): number {
    const wanted = trace.words;
    const words = this.#words;
    const set = setOf(trace, this.#sets);
    for (let entry = set; entry < set + WAYS; entry++) {
      const at = entry * 4;
      if (words[at] !== wanted[0] || words[at + 1] !== wanted[1]) continue;
      if (words[at + 2] === wanted[2] && words[at + 3] === wanted[3]) return entry;
    }
    return -1;
  }

  #isAlive(entry: number, nowMs: number): boolean {
    return this.#expiresAtMs[entry]! > nowMs;
  }

  /** An empty place, or that of the entry which would be forgotten first. */
  #placeIn(set: number): number {
    let first = set;
    for (let entry = set + 1; entry < set + WAYS; entry++) {
      if (this.#expiresAtMs[entry]! < this.#expiresAtMs[first]!) first = entry;
    }
    return first;
  }
}

/** First entry of the trace's set. Ids are chance, but not always and not in every word. */
function setOf(trace: TraceKey, sets: number): number {
  let mixed = 0;
  for (let word = 0; word < 4; word++) mixed = finish(mixed ^ trace.words[word]!);
  return ((mixed >>> 0) % sets) * WAYS;
}
