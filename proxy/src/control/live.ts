/**
 * The configuration in force: a destination by its key, and who waits for one to come.
 *
 * A change of one destination is one assignment; requests that began on the old one end on it.
 * What nobody asked for in `destinationIdleMs` is let go, while there is a control plane to ask
 * again. Waiting requests give up by their own timers, so the queue only forgets them by age.
 *
 * Pure but for the injected clock, and for turns of the loop while a large destination is let go.
 * Filled by `installer.ts`, asked by `roles/outbound.ts`.
 * Budget: no allocation and one look-up in `lookup`.
 */
import { INBOUND_KEY } from '@remora/api/wire-resilience.ts';
import type { Clock } from '../clock.ts';
import * as limits from '../limits.ts';
import type { Destination } from '../routing/compiled.ts';
import type { Compiled } from './compile.ts';
import { runSliced } from './slices.ts';
import type { ConfigText } from './snapshot-format.ts';

/** In force: `lookup` has it. */
export const READY = 0;
/** Asked for; the waiter will be told. */
export const PENDING = 1;
/** No such destination; `nearest` has names that exist. */
export const GONE = 2;
/** Too many wait already. */
export const FULL = 3;

export interface ConfigWaiter {
  /** Null: there is no such destination. Never called from inside `request`. */
  configReady(destination: Destination | null, nearest: readonly string[]): void;
}

/** Where destinations come from on demand. */
export interface ConfigSource {
  /** Whether what is let go now could be had again. */
  readonly isConnected: boolean;
  subscribe(key: string): void;
  unsubscribe(key: string): void;
}

/** What is known of a key that was asked for. */
export interface LiveEntry {
  readonly key: string;
  destination: Destination | null;
  compiled: Compiled | null;
  /** What `compiled` was made from. */
  text: ConfigText | null;
  /** Not null: the control plane said that there is no such destination. */
  gone: readonly string[] | null;
  /** Since the last sweep. */
  isUsed: boolean;
  idleSinceMs: number;
}

interface Waiting {
  readonly key: string;
  readonly waiter: ConfigWaiter;
  readonly sinceMs: number;
}

const NONE: readonly string[] = [];

export class Live {
  /** What the inbound role was told last. */
  inbound: ConfigText | null = null;
  readonly #entries = new Map<string, LiveEntry>();
  readonly #clock: Clock;
  #source: ConfigSource | null = null;
  /** Oldest first. */
  #waiting: Waiting[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Without a source only what was installed exists. */
  attach(source: ConfigSource): void {
    this.#source = source;
    for (const key of this.#entries.keys()) source.subscribe(key);
  }

  lookup(key: string): Destination | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    entry.isUsed = true;
    return entry.destination;
  }

  /** READY, PENDING, GONE or FULL. */
  request(key: string, waiter: ConfigWaiter): number {
    const known = this.#entries.get(key);
    if (known !== undefined && known.destination !== null) return READY;
    if (known !== undefined && known.gone !== null) return GONE;
    if (this.#source === null) return GONE;
    this.#forgetOverdue();
    if (this.#waiting.length >= limits.waitingForConfigMax) return FULL;
    if (known === undefined && !this.#ask(key)) return FULL;
    this.#waiting.push({ key, waiter, sinceMs: this.#clock.nowMs() });
    return PENDING;
  }

  nearest(key: string): readonly string[] {
    return this.#entries.get(key)?.gone ?? NONE;
  }

  isInForce({ key, version, text }: ConfigText): boolean {
    const held = key === INBOUND_KEY ? this.inbound : (this.#entries.get(key)?.text ?? null);
    // A file edited by hand may have kept its version.
    return held !== null && held.version === version && held.text === text;
  }

  /** Whether the key is still asked for, or held. */
  has(key: string): boolean {
    return this.#entries.has(key);
  }

  entries(): IterableIterator<LiveEntry> {
    return this.#entries.values();
  }

  /** What is in force, as it came. */
  *texts(): Generator<ConfigText> {
    if (this.inbound !== null) yield this.inbound;
    for (const { text } of this.#entries.values()) {
      if (text !== null) yield text;
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whether any destination is in force, and not only asked for. */
  get hasAny(): boolean {
    return this.#entries.values().some(({ text }) => text !== null);
  }

  /** Puts a destination into force and tells who waits for it. */
  install(compiled: Compiled, text: ConfigText): void {
    const { destination } = compiled;
    // By an address its key is not the destination's own: one has as many as there are families.
    const entry = this.#entries.get(text.key) ?? this.#add(text.key);
    const before = entry.compiled;
    entry.compiled = compiled;
    entry.text = text;
    entry.gone = null;
    entry.destination = destination;
    this.#retire(before);
    this.#tell(entry.key, destination, NONE);
  }

  /** There is no such destination, for now. */
  markGone(key: string, nearest: readonly string[]): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return; // Unsubscribed meanwhile.
    this.#takeOutOfForce(entry);
    entry.gone = nearest;
    this.#tell(key, null, nearest);
  }

  /** Lets go of what is no longer asked for. Returns how many. */
  sweep(): number {
    if (this.#source?.isConnected !== true) return 0;
    const nowMs = this.#clock.nowMs();
    let dropped = 0;
    for (const entry of this.#entries.values()) {
      if (entry.isUsed) entry.idleSinceMs = nowMs;
      entry.isUsed = false;
      if (nowMs - entry.idleSinceMs < limits.destinationIdleMs) continue;
      this.drop(entry.key);
      dropped++;
    }
    return dropped;
  }

  drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#takeOutOfForce(entry);
    this.#source?.unsubscribe(key);
  }

  #ask(key: string): boolean {
    if (this.#entries.size >= limits.destinationsMax && !this.#dropOneGone()) return false;
    this.#add(key);
    this.#source!.subscribe(key);
    return true;
  }

  #add(key: string): LiveEntry {
    const entry: LiveEntry = {
      key,
      destination: null,
      compiled: null,
      text: null,
      gone: null,
      isUsed: true,
      idleSinceMs: this.#clock.nowMs(),
    };
    this.#entries.set(key, entry);
    return entry;
  }

  /** Names that do not exist must not keep out those that do. */
  #dropOneGone(): boolean {
    for (const entry of this.#entries.values()) {
      if (entry.destination !== null) continue;
      this.drop(entry.key);
      return true;
    }
    return false;
  }

  #takeOutOfForce(entry: LiveEntry): void {
    const { compiled } = entry;
    entry.destination = null;
    entry.compiled = null;
    entry.text = null;
    this.#retire(compiled);
  }

  /** In slices: what was in force may be bound to thousands of series. */
  #retire(compiled: Compiled | null): void {
    if (compiled !== null) void runSliced(compiled.release(), this.#clock);
  }

  #tell(key: string, destination: Destination | null, nearest: readonly string[]): void {
    const told = this.#waiting.filter((waiting) => waiting.key === key);
    if (told.length === 0) return;
    this.#waiting = this.#waiting.filter((waiting) => waiting.key !== key);
    for (const { waiter } of told) waiter.configReady(destination, nearest);
  }

  /** Their own timers have answered them. */
  #forgetOverdue(): void {
    const beforeMs = this.#clock.nowMs() - 2 * limits.firstConfigTimeoutMs;
    const first = this.#waiting.findIndex((waiting) => waiting.sinceMs > beforeMs);
    if (first === -1) this.#waiting = [];
    else if (first > 0) this.#waiting = this.#waiting.slice(first);
  }
}
