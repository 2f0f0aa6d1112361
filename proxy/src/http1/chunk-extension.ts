/**
 * The grammar of chunk extensions, RFC 9112 §7.1.1, one byte at a time.
 *
 * `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`, strictly: no lone semicolon,
 * no space before the line's end. What is accepted is forgotten.
 *
 * Pure. Owned by one ChunkedDecoder.
 */
import {
  BACKSLASH,
  EQUALS,
  FIELD_VALUE,
  isBlank,
  QUOTE,
  QUOTED,
  SEMICOLON,
  TOKEN,
} from './octets.ts';
import { REFUSED_CHUNK_EXTENSION } from './refusals.ts';

const BEFORE_SEMICOLON = 0;
const BEFORE_NAME = 1;
const IN_NAME = 2;
const AFTER_NAME = 3;
const BEFORE_VALUE = 4;
const IN_VALUE = 5;
const IN_QUOTES = 6;
const IN_ESCAPE = 7;
const AFTER_QUOTES = 8;

export class ExtensionReader {
  #state = BEFORE_SEMICOLON;

  begin(): void {
    this.#state = BEFORE_SEMICOLON;
  }

  /** Whether the line may end here. */
  mayEnd(): boolean {
    return this.#state === IN_NAME || this.#state === IN_VALUE || this.#state === AFTER_QUOTES;
  }

  /** 0, or a refusal. */
  take(byte: number): number {
    const next = this.#next(byte);
    if (next < 0) return REFUSED_CHUNK_EXTENSION;
    this.#state = next;
    return 0;
  }

  #next(byte: number): number {
    const isToken = TOKEN[byte] === 1;
    switch (this.#state) {
      case BEFORE_SEMICOLON:
        if (byte === SEMICOLON) return BEFORE_NAME;
        return isBlank(byte) ? BEFORE_SEMICOLON : -1;
      case BEFORE_NAME:
        if (isToken) return IN_NAME;
        return isBlank(byte) ? BEFORE_NAME : -1;
      case IN_NAME:
        return isToken ? IN_NAME : afterName(byte);
      case AFTER_NAME:
        return afterName(byte);
      case BEFORE_VALUE:
        if (isToken) return IN_VALUE;
        if (byte === QUOTE) return IN_QUOTES;
        return isBlank(byte) ? BEFORE_VALUE : -1;
      case IN_VALUE:
        return isToken ? IN_VALUE : afterValue(byte);
      case IN_QUOTES:
        if (byte === QUOTE) return AFTER_QUOTES;
        if (byte === BACKSLASH) return IN_ESCAPE;
        return QUOTED[byte] === 1 ? IN_QUOTES : -1;
      case IN_ESCAPE:
        return FIELD_VALUE[byte] === 1 ? IN_QUOTES : -1;
      default:
        return afterValue(byte);
    }
  }
}

function afterName(byte: number): number {
  if (byte === EQUALS) return BEFORE_VALUE;
  if (byte === SEMICOLON) return BEFORE_NAME;
  return isBlank(byte) ? AFTER_NAME : -1;
}

function afterValue(byte: number): number {
  if (byte === SEMICOLON) return BEFORE_NAME;
  return isBlank(byte) ? BEFORE_SEMICOLON : -1;
}
