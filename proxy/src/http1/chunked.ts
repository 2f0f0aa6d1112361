/**
 * The chunked coding, RFC 9112 §7.1: read strictly, written anew.
 *
 * Data is moved together in the buffer that it was read into, so that one read becomes one chunk
 * and nothing is copied to a second buffer. Extensions are checked and dropped: nobody uses them
 * but smugglers. Passing chunks through as they came was refused for the same reason.
 *
 * ```text
 * size -> (ext)* -> LF -> data -> CR -> LF -> size ...
 *   '- 0 -> (ext)* -> LF -> trailer lines -> empty line -> done
 * ```
 *
 * Pure. One decoder per message that is chunked, reused. Budget: no allocation without trailers.
 */
import * as limits from '../limits.ts';
import { ExtensionReader } from './chunk-extension.ts';
import { CR, HEX_VALUE, LF, NOT_HEX } from './octets.ts';
import { REFUSED_CHUNK_END, REFUSED_CHUNK_LINE_TOO_LONG, REFUSED_CHUNK_SIZE } from './refusals.ts';
import { TrailerSection } from './trailers.ts';

const IN_SIZE = 0;
const IN_EXTENSION = 1;
const IN_SIZE_LF = 2;
const IN_DATA = 3;
const IN_DATA_CR = 4;
const IN_DATA_LF = 5;
const IN_TRAILERS = 6;

/** Another digit on a size below this stays under 2^53. */
const SIZE_BEFORE_DIGIT_MAX = 2 ** 48;
/** More leading zeros than any size needs would be a way to hide one. */
const SIZE_DIGITS_MAX = 16;

export class ChunkedDecoder {
  /** Of the last call: data is in [dataStart, dataEnd) of the bytes given, in one piece. */
  dataStart = 0;
  dataEnd = 0;
  /** Behind the last byte that belongs to this body: the next message begins there. */
  consumedTo = 0;
  /** The body and its trailers are whole. */
  done = false;
  /** 0, or why (`refusals.ts`). Data before the fault was given out already. */
  refused = 0;

  readonly #extension = new ExtensionReader();
  readonly #trailers = new TrailerSection();
  #state = IN_SIZE;
  #size = 0;
  #sizeDigits = 0;
  #lineBytes = 0;
  /** Of the current chunk. */
  #left = 0;

  reset(): void {
    this.dataStart = 0;
    this.dataEnd = 0;
    this.consumedTo = 0;
    this.done = false;
    this.refused = 0;
    this.#trailers.reset();
    this.#beginSize();
  }

  /** Trailer lines that may be forwarded, each with its CRLF, or null. Once done. */
  get trailers(): Uint8Array | null {
    return this.#trailers.lines;
  }

  #beginSize(): void {
    this.#state = IN_SIZE;
    this.#size = 0;
    this.#sizeDigits = 0;
    this.#lineBytes = 0;
  }

  decode(bytes: Uint8Array, from: number, to: number): void {
    this.dataStart = from;
    this.dataEnd = from;
    let at = from;
    while (at < to && !this.done && this.refused === 0) {
      if (this.#state === IN_DATA) at = this.#takeData(bytes, at, to);
      else this.#takeByte(bytes[at++]!);
    }
    this.consumedTo = at;
  }

  #takeData(bytes: Uint8Array, at: number, to: number): number {
    const length = Math.min(this.#left, to - at);
    if (this.dataEnd === this.dataStart) {
      this.dataStart = at;
      this.dataEnd = at;
    } else {
      bytes.copyWithin(this.dataEnd, at, at + length);
    }
    this.dataEnd += length;
    this.#left -= length;
    if (this.#left === 0) this.#state = IN_DATA_CR;
    return at + length;
  }

  #takeByte(byte: number): void {
    switch (this.#state) {
      case IN_SIZE:
        return this.#takeSize(byte);
      case IN_EXTENSION:
        return this.#takeExtension(byte);
      case IN_SIZE_LF:
        if (byte !== LF) this.refused = REFUSED_CHUNK_SIZE;
        this.#left = this.#size;
        this.#state = this.#size === 0 ? IN_TRAILERS : IN_DATA;
        return;
      case IN_DATA_CR:
        if (byte !== CR) this.refused = REFUSED_CHUNK_END;
        this.#state = IN_DATA_LF;
        return;
      case IN_DATA_LF:
        if (byte !== LF) this.refused = REFUSED_CHUNK_END;
        return this.#beginSize();
      default: {
        const result = this.#trailers.push(byte);
        if (result < 0) this.refused = result;
        else if (result > 0) this.done = true;
      }
    }
  }

  #takeSize(byte: number): void {
    const digit = HEX_VALUE[byte]!;
    if (digit !== NOT_HEX) {
      if (this.#size >= SIZE_BEFORE_DIGIT_MAX || ++this.#sizeDigits > SIZE_DIGITS_MAX) {
        this.refused = REFUSED_CHUNK_SIZE;
      }
      this.#size = this.#size * 16 + digit;
    } else if (this.#sizeDigits === 0) {
      this.refused = REFUSED_CHUNK_SIZE;
    } else if (byte === CR) {
      this.#state = IN_SIZE_LF;
    } else {
      this.#state = IN_EXTENSION;
      this.#extension.begin();
      this.#takeExtension(byte);
    }
  }

  #takeExtension(byte: number): void {
    if (++this.#lineBytes > limits.chunkLineBytesMax) this.refused = REFUSED_CHUNK_LINE_TOO_LONG;
    else if (byte === CR && this.#extension.mayEnd()) this.#state = IN_SIZE_LF;
    else this.refused = this.#extension.take(byte);
  }
}

/** Bytes that must be free before the data, and behind it, to frame it as a chunk. */
export const CHUNK_HEADROOM = 10;
export const CHUNK_TAILROOM = 2;

const LOWER_HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

/**
 * Writes the size line right before [dataStart, dataEnd), at least one byte, and CRLF right behind.
 * Where the chunk now begins; it ends at `dataEnd + CHUNK_TAILROOM`.
 */
export function frameChunk(bytes: Uint8Array, dataStart: number, dataEnd: number): number {
  bytes[dataEnd] = CR;
  bytes[dataEnd + 1] = LF;
  bytes[dataStart - 1] = LF;
  bytes[dataStart - 2] = CR;
  let at = dataStart - 2;
  let size = dataEnd - dataStart;
  do {
    bytes[--at] = LOWER_HEX[size & 15]!;
    size >>>= 4;
  } while (size !== 0);
  return at;
}

/** Ends a chunked body; with trailers it is `LAST_CHUNK_SIZE`, the lines and CRLF. */
export const LAST_CHUNK: Uint8Array = Uint8Array.of(0x30, CR, LF, CR, LF);
export const LAST_CHUNK_SIZE: Uint8Array = Uint8Array.of(0x30, CR, LF);
