/**
 * Where ids come from: random bytes, drawn from the system 4 KiB at a time.
 *
 * A system call per id was refused (about 1 µs each). A request's seed is 16 bytes shaped as a
 * version 4 UUID, which serves as a trace id too: its last 7 bytes, which W3C wants random, are.
 *
 * Impure in chance, which is handed in. Used by `trace-context.ts`. Budget: no allocation, but for
 * one seed the first time a pooled head needs it.
 */
import type { Head } from '../http1/head.ts';

const POOL_BYTES = 4_096;
export const SEED_BYTES = 16;
const SPAN_BYTES = 8;

/** The 8 bytes of a span's id, filled in by whoever draws it. */
export type SpanId = Uint8Array;

export function newSpanId(): SpanId {
  return new Uint8Array(SPAN_BYTES);
}

export interface IdOptions {
  /** Of new traces, 0 to 1. */
  readonly sampleRatio: number;
  /** Fills with chance. */
  readonly fill: (pool: Uint8Array) => void;
}

export class IdSource {
  readonly #options: IdOptions;
  readonly #pool: Uint8Array = new Uint8Array(POOL_BYTES);
  #sampledBelow: number;
  #at = POOL_BYTES;

  constructor(options: IdOptions) {
    this.#options = options;
    this.#sampledBelow = options.sampleRatio * 2 ** 32;
  }

  /** Of new traces, from the next one on. */
  set sampleRatio(ratio: number) {
    this.#sampledBelow = ratio * 2 ** 32;
  }

  /** The head's seed, drawn the first time. */
  seedOf(head: Head): Uint8Array {
    const seed = (head.idSeed ??= new Uint8Array(SEED_BYTES));
    if (head.hasIdSeed) return seed;
    head.hasIdSeed = true;
    const from = this.#take(SEED_BYTES);
    const pool = this.#pool;
    for (let i = 0; i < SEED_BYTES; i++) seed[i] = pool[from + i]!;
    seed[6] = (seed[6]! & 0x0f) | 0x40;
    seed[8] = (seed[8]! & 0x3f) | 0x80;
    return seed;
  }

  /** Whether a new trace is sampled: by its id, so that every attempt says the same. */
  samples(seed: Uint8Array): boolean {
    return this.samplesTail(
      ((seed[12]! << 24) | (seed[13]! << 16) | (seed[14]! << 8) | seed[15]!) >>> 0,
    );
  }

  /** The same by the last 32 bits of an id that somebody else drew. */
  samplesTail(tail: number): boolean {
    return tail < this.#sampledBelow;
  }

  /** Fills `span` with a new id, never all zero. */
  drawSpanId(span: SpanId): void {
    const from = this.#take(SPAN_BYTES);
    const pool = this.#pool;
    for (let i = 0; i < SPAN_BYTES; i++) span[i] = pool[from + i]!;
    // All zero means "no span" (W3C Trace Context §3.2.2.4).
    if (span[0] === 0) span[0] = 1;
  }

  #take(bytes: number): number {
    if (this.#at + bytes > POOL_BYTES) {
      this.#options.fill(this.#pool);
      this.#at = 0;
    }
    const from = this.#at;
    this.#at += bytes;
    return from;
  }
}
