/**
 * Reads one request head off a connection: parsed where it lies, and from the head's slab once the
 * network has cut it. One for each connection, reused.
 *
 * A head whose every line ends in a bare LF is laid into the slab with CRLF, and that is parsed:
 * the parser keeps one grammar, its loop no second case, and all its bounds hold. A CR that came on
 * the wire then ends no line, and refuses the head. Such a head is its connection's last. Why, and
 * why a mix is never read: `docs/decisions/0007-bare-lf.md`.
 *
 * Pure. Called by `net/downstream.ts` for every read before a body. No allocation.
 */
import * as limits from '../limits.ts';
import type { Head } from './head.ts';
import { PARSE_INCOMPLETE, PARSE_OK, parseRequestHead } from './head-parser.ts';
import { ascii, LF } from './octets.ts';
import { REFUSED_BARE_LF, REFUSED_HEAD_TOO_LONG, REFUSED_LINE_END } from './refusals.ts';

const CRLF = ascii('\r\n');

export class HeadReader {
  /** The first byte that is not the head's, of the last `read`. */
  consumedTo = 0;
  /** The head began with a bare LF, or its first line ended in one; there is none behind it. */
  #isBareLf = false;
  /** An empty line came, and was not kept: alone it is no request begun. */
  #hadEmptyLine = false;

  /**
   * PARSE_OK: the head is in its slab. PARSE_INCOMPLETE: what came of it is, which may be nothing.
   * Negative: refused; the slab has what its answer is named by.
   */
  read(head: Head, bytes: Uint8Array, start: number, end: number): number {
    if (this.#hadEmptyLine) {
      this.#hadEmptyLine = false;
      head.collect(CRLF, 0, CRLF.length);
    }
    if (this.#isBareLf) return this.#readBareLf(head, bytes, start, end);
    if (head.filled > 0) return this.#readOn(head, bytes, start, end);
    const outcome = parseRequestHead(head, bytes, start, end);
    if (outcome === REFUSED_BARE_LF) return this.#startBareLf(head, bytes, start, end);
    const to = outcome === PARSE_OK ? start + head.length : end;
    this.consumedTo = to;
    if (head.collect(bytes, start, to)) return this.#settled(head, outcome);
    // The slab still holds an earlier request.
    head.requestIdField = -1;
    head.traceparentField = -1;
    head.seen = 0;
    return outcome < 0 ? outcome : REFUSED_HEAD_TOO_LONG;
  }

  /** What follows the head may come with its last bytes, and needs no room in the slab. */
  #readOn(head: Head, bytes: Uint8Array, start: number, end: number): number {
    const collected = head.filled;
    const to = Math.min(end, start + limits.headBytesMax - collected);
    head.collect(bytes, start, to);
    const outcome = parseRequestHead(head, head.slab, 0, head.filled);
    if (outcome === REFUSED_BARE_LF) {
      head.filled = collected;
      return this.#startBareLf(head, bytes, start, end);
    }
    this.consumedTo = outcome === PARSE_OK ? start + head.length - collected : to;
    if (outcome === PARSE_INCOMPLETE && to < end) return REFUSED_HEAD_TOO_LONG;
    return this.#settled(head, outcome);
  }

  /** What is in the slab by now holds no line's end, or an empty line that ended in CRLF. */
  #startBareLf(head: Head, bytes: Uint8Array, start: number, end: number): number {
    if (head.resumeAt > 0) return REFUSED_LINE_END;
    this.#isBareLf = true;
    return this.#readBareLf(head, bytes, start, end);
  }

  #readBareLf(head: Head, bytes: Uint8Array, start: number, end: number): number {
    const to = collectAsCrlf(head, bytes, start, end);
    this.consumedTo = to;
    const outcome = parseRequestHead(head, head.slab, 0, head.filled);
    if (outcome === PARSE_OK) {
      // Whoever saw another end of this head has sent no more than one request: nor do we.
      head.keepAlive = false;
      return PARSE_OK;
    }
    if (outcome === PARSE_INCOMPLETE && to < end) return REFUSED_HEAD_TOO_LONG;
    return this.#settled(head, outcome);
  }

  /** RFC 9112 §2.2: an empty line between requests is no request begun. */
  #settled(head: Head, outcome: number): number {
    if (outcome !== PARSE_INCOMPLETE || head.methodEnd > 0) return outcome;
    if (head.filled === 0 || head.filled !== head.resumeAt) return outcome;
    head.reset();
    this.#hadEmptyLine = true;
    return outcome;
  }
}

/** Up to and with the empty line, or up to the slab's bound: where it stopped. */
function collectAsCrlf(head: Head, bytes: Uint8Array, start: number, end: number): number {
  let from = start;
  for (let at = start; at < end; at++) {
    if (bytes[at] !== LF) continue;
    if (!head.collect(bytes, from, at) || !head.collect(CRLF, 0, CRLF.length)) return from;
    from = at + 1;
    if (endsInEmptyLine(head)) return from;
  }
  return head.collect(bytes, from, end) ? end : from;
}

/** Of a slab that ends in CRLF. */
function endsInEmptyLine({ slab, filled }: Head): boolean {
  return filled >= 4 && slab[filled - 3] === LF;
}
