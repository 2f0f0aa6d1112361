/**
 * The trailer section of a chunked body: judged line by line, kept ready to write.
 *
 * Framing and routing fields in trailers are an attack and refused. Fields that RFC 9110 §6.5.1
 * does not allow there (hop-by-hop, content handling, credentials, the mesh's own) are dropped:
 * they mean nothing, and a receiver that merges trailers into the head would be fooled by them.
 *
 * Pure. Owned by one ChunkedDecoder. Allocates only where a message has trailers.
 */
import * as limits from '../limits.ts';
import { fieldId, LOOKALIKE } from './field-names.ts';
import { FIELD } from './head.ts';
import { ascii, COLON, CR, FIELD_VALUE, LF, spells, TOKEN, viewOf } from './octets.ts';
import { REFUSED_TRAILER, REFUSED_TRAILER_FIELD, REFUSED_TRAILERS_TOO_LARGE } from './refusals.ts';

const MORE = 0;
const SECTION_ENDED = 1;
const CRLF_BYTES = 2;

const DROPPED: readonly Uint8Array[] = [
  'authorization',
  'www-authenticate',
  'set-cookie',
  'cache-control',
  'max-forwards',
  'range',
  'age',
  'expires',
  'location',
  'retry-after',
  'vary',
  'warning',
  'content-encoding',
  'content-range',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
].map(ascii);

export class TrailerSection {
  #kept: Uint8Array | null = null;
  #keptEnd = 0;
  #filled = 0;
  #bytesSeen = 0;
  #fieldsSeen = 0;

  reset(): void {
    this.#kept = null;
    this.#keptEnd = 0;
    this.#filled = 0;
    this.#bytesSeen = 0;
    this.#fieldsSeen = 0;
  }

  /** Whole lines, each with its CRLF, without the empty one; null: there is none. */
  get lines(): Uint8Array | null {
    return this.#kept === null || this.#keptEnd === 0
      ? null
      : this.#kept.subarray(0, this.#keptEnd);
  }

  /** Takes one byte in. MORE, SECTION_ENDED (the empty line was read), or a refusal. */
  push(byte: number): number {
    if (++this.#bytesSeen > limits.trailerBytesMax) return REFUSED_TRAILERS_TOO_LARGE;
    this.#kept ??= new Uint8Array(limits.trailerBytesMax);
    this.#kept[this.#filled++] = byte;
    return byte === LF ? this.#endLine(this.#kept) : MORE;
  }

  #endLine(bytes: Uint8Array): number {
    const from = this.#keptEnd;
    const to = this.#filled - CRLF_BYTES;
    if (to < from || bytes[to] !== CR) return REFUSED_TRAILER;
    if (to === from) return SECTION_ENDED;
    if (++this.#fieldsSeen > limits.trailerFieldsMax) return REFUSED_TRAILERS_TOO_LARGE;
    const verdict = judgeLine(bytes, from, to);
    if (verdict < 0) return verdict;
    if (verdict === KEEP) this.#keptEnd = this.#filled;
    else this.#filled = from;
    return MORE;
  }
}

const KEEP = 1;
const DROP = 0;

function judgeLine(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && TOKEN[bytes[at]!] === 1) at++;
  if (at === from || at >= to || bytes[at] !== COLON) return REFUSED_TRAILER;
  const nameEnd = at;
  for (at++; at < to; at++) {
    if (FIELD_VALUE[bytes[at]!] !== 1) return REFUSED_TRAILER;
  }
  return judgeName(bytes, from, nameEnd);
}

function judgeName(bytes: Uint8Array, from: number, to: number): number {
  const id = fieldId(bytes, viewOf(bytes), from, to);
  switch (id) {
    case FIELD.HOST:
    case FIELD.CONTENT_LENGTH:
    case FIELD.TRANSFER_ENCODING:
    case LOOKALIKE:
      return REFUSED_TRAILER_FIELD;
    case FIELD.OTHER:
      return DROPPED.some((name) => name.length === to - from && spells(bytes, from, name))
        ? DROP
        : KEEP;
    case FIELD.DATE:
      return KEEP;
    default:
      return DROP;
  }
}
