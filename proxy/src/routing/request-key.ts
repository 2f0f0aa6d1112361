/**
 * What tells one user from another, hashed: a header's value, a cookie's, or the peer's address.
 *
 * Two 32-bit lanes over the bytes, mixed at the end: 53 good bits from integer arithmetic. BigInt
 * allocates and takes microseconds, and 32 bits alone are too coarse for small shares. No secret
 * in it: who chooses a key to get into a cohort gets what a header match would give as well.
 *
 * Pure. Budget: no allocation. Used by `split.ts` (sticky cohorts) and `balance/hash-ring.ts`.
 */
import { FIELD, type Head, VALUE_END, VALUE_START } from '../http1/head.ts';

export interface KeyConfig {
  readonly type: 'header' | 'cookie' | 'peer';
  readonly name: string;
}

const EQUALS = 0x3d;
const SEMICOLON = 0x3b;
const SPACE = 0x20;
const TAB = 0x09;

/** A hash in the making: two integers, because a 53-bit number in a field would be boxed. */
export class KeyHash {
  high = 0;
  low = 0;

  start(seed: number): void {
    this.high = seed ^ 0x243f6a88;
    this.low = ~seed ^ 0x85a308d3;
  }

  add(byte: number): void {
    // Odd multipliers, and a rotation, or high bits would never reach low ones.
    const high = Math.imul(this.high ^ byte, 0x9e3779b1);
    const low = Math.imul(this.low ^ byte, 0xc2b2ae3d);
    this.high = (high << 13) | (high >>> 19);
    this.low = (low << 17) | (low >>> 15);
  }

  text(text: string): void {
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      this.add(unit & 0xff);
      if (unit > 0xff) this.add(unit >>> 8);
    }
  }
}

/** Murmur3's finisher: every input bit changes each output bit with a chance of one half. */
export function finish(lane: number): number {
  let mixed = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** Two keys into one number, evenly over the open interval (0, 1): 53 bits, the last always one. */
export function unitInterval(key: KeyHash, other: KeyHash): number {
  const low = finish(key.low ^ other.low);
  const high = finish(key.high ^ other.high ^ Math.imul(low, 0x27d4eb2f));
  const fold = finish(low ^ Math.imul(high, 0x165667b1));
  return ((high >>> 0) * 2_097_152 + (((fold >>> 12) << 1) | 1)) / 9_007_199_254_740_992;
}

/** Finds the key of a request and hashes it. Holds its last answer: read it before asking again. */
export class RequestKey {
  readonly hash = new KeyHash();
  readonly #type: KeyConfig['type'];
  readonly #name: Buffer;
  readonly #seed: number;

  /** `salt` makes the same key another one here than elsewhere. */
  constructor(config: KeyConfig, salt: string) {
    this.#type = config.type;
    // Cookie names are case-sensitive, field names are not.
    this.#name = Buffer.from(config.type === 'header' ? config.name.toLowerCase() : config.name);
    const seed = new KeyHash();
    seed.start(0);
    seed.text(salt);
    this.#seed = finish(seed.high ^ finish(seed.low));
  }

  /** Whether the request has a key; then `hash` is its hash. An empty value is none. */
  read(head: Head | null, peer: string): boolean {
    this.hash.start(this.#seed);
    if (this.#type === 'peer') return this.#readPeer(peer);
    if (head === null) return false;
    return this.#type === 'header' ? this.#readHeader(head) : this.#readCookie(head);
  }

  /**
   * The key that was read last, for people. A cookie's value is often a secret, and is told by its
   * hash. Allocates.
   */
  describe(head: Head, peer: string): { readonly by: string; readonly key: string } {
    if (this.#type === 'peer') return { by: 'peer', key: peer };
    const by = `${this.#type} ${String(this.#name)}`;
    if (this.#type === 'header') return { by, key: head.valueText(head.find(this.#name)) };
    return { by, key: `#${(this.hash.high >>> 0).toString(16).padStart(8, '0')}` };
  }

  #readPeer(peer: string): boolean {
    this.hash.text(peer);
    return peer !== '';
  }

  #readHeader(head: Head): boolean {
    const field = head.find(this.#name);
    if (field === -1) return false;
    const at = field * 4;
    return this.#hashBytes(head.slab, head.spans[at + VALUE_START]!, head.spans[at + VALUE_END]!);
  }

  #readCookie(head: Head): boolean {
    for (let field = 0; field < head.fieldCount; field++) {
      if (head.ids[field] === FIELD.COOKIE && this.#readCookieLine(head, field)) return true;
    }
    return false;
  }

  /** `a=1; b=2` (RFC 6265 §4.2.1). */
  #readCookieLine(head: Head, field: number): boolean {
    const slab = head.slab;
    const lineEnd = head.spans[field * 4 + VALUE_END]!;
    let at = head.spans[field * 4 + VALUE_START]!;
    while (at < lineEnd) {
      while (at < lineEnd && isBlank(slab[at]!)) at++;
      let end = at;
      while (end < lineEnd && slab[end] !== SEMICOLON) end++;
      if (this.#isPair(slab, at, end)) {
        let valueEnd = end;
        while (isBlank(slab[valueEnd - 1]!)) valueEnd--;
        return this.#hashBytes(slab, at + this.#name.length + 1, valueEnd);
      }
      at = end + 1;
    }
    return false;
  }

  /** Whether bytes [at, end) are `name=` and a value. */
  #isPair(slab: Uint8Array, at: number, end: number): boolean {
    const equals = at + this.#name.length;
    if (equals >= end || slab[equals] !== EQUALS) return false;
    for (let index = 0; index < this.#name.length; index++) {
      if (slab[at + index] !== this.#name[index]) return false;
    }
    return true;
  }

  #hashBytes(bytes: Uint8Array, start: number, end: number): boolean {
    for (let at = start; at < end; at++) this.hash.add(bytes[at]!);
    return end > start;
  }
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
