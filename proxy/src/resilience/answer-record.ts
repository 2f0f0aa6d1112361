/**
 * An answer kept whole, to be sent again: which ones are, and what of them.
 *
 * Not kept: 5xx, and 408, 425 and 429, which ask for another try; Set-Cookie and no-store, which
 * are for one caller once; what is longer than its bound; trailers. The head is kept as it was sent
 * less what is of one hop, the body as bytes with a length: whoever gets it may speak HTTP/1.0.
 *
 * Pure. A record is embedded in a duplicate's ticket and reused; while it fills, its body lies in
 * the proxy's replay blocks. Allocates, for answers that are kept.
 */
import { isBodiless } from '../http1/body-framing.ts';
import { FIELD, type Head, METHOD, NO_LENGTH, VALUE_END, VALUE_START } from '../http1/head.ts';
import { endHead, headRoom, writeKeptHead } from '../http1/head-writer.ts';
import { hasMember } from '../http1/list-members.ts';
import { ascii } from '../http1/octets.ts';
import * as limits from '../limits.ts';
import { type ReplayBlocks, ReplayBuffer } from './replay-buffer.ts';

export interface StoredAnswer {
  readonly status: number;
  /** Status line and fields, framing included; less the empty line, so that more can follow. */
  readonly head: Buffer;
  readonly body: Buffer;
}

const SET_COOKIE = ascii('set-cookie');
const CACHE_CONTROL = ascii('cache-control');
const NO_STORE = ascii('no-store');
const CLOSE_LINE = ascii('connection: close\r\n');
const KEEP_ALIVE_LINE = ascii('connection: keep-alive\r\n');
/** Inbound takes no such field from the application: it says that nothing was executed. */
const MARK_LINE = ascii('x-remora-replayed: 1\r\n');
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

export class AnswerRecord {
  /** The head, and behind it what came of the body. */
  readonly #bytes: ReplayBuffer;
  /** 0: nothing is recorded. */
  #headLength = 0;
  #status = 0;
  /** What the head says of a body that does not follow; NO_LENGTH: nothing, or one follows. */
  #lengthSaid: number = NO_LENGTH;
  #isBodiless = false;

  constructor(blocks: ReplayBlocks) {
    this.#bytes = new ReplayBuffer(blocks);
  }

  /** A final head of the application; `method` is the request's METHOD. False: not to be kept. */
  begin(head: Head, method: number): boolean {
    this.reset();
    if (!isStorable(head)) return false;
    const bytes = Buffer.allocUnsafe(headRoom(head, null));
    const end = writeKeptHead(bytes, 0, head);
    if (!this.#bytes.append(bytes, 0, end)) return false;
    this.#headLength = end;
    this.#status = head.status;
    const isHead = method === METHOD.HEAD;
    this.#isBodiless = isHead || isBodiless(head.status);
    this.#lengthSaid = isHead ? head.contentLength : NO_LENGTH;
    return true;
  }

  /** A piece of its body; of no effect where the answer is not kept. */
  append(bytes: Uint8Array, start: number, end: number): void {
    if (this.#headLength > 0 && !this.#bytes.append(bytes, start, end)) this.reset();
  }

  /** The answer is whole; null: it is not kept. The record is empty again. */
  take(hasTrailers: boolean): StoredAnswer | null {
    const answer = this.#headLength === 0 || hasTrailers ? null : this.#copy();
    this.reset();
    return answer;
  }

  reset(): void {
    this.#headLength = 0;
    this.#bytes.release();
  }

  /** Into memory of its own: a slice of the runtime's pool would hold all of the pool. */
  #copy(): StoredAnswer {
    const length = this.#bytes.length - this.#headLength;
    const line = this.#lengthLine(length);
    const bytes = Buffer.allocUnsafe(this.#bytes.length);
    this.#bytes.copyTo(bytes, 0);
    const head = Buffer.allocUnsafeSlow(this.#headLength + line.length);
    bytes.copy(head, 0, 0, this.#headLength);
    head.write(line, this.#headLength, 'latin1');
    const body = Buffer.allocUnsafeSlow(length);
    bytes.copy(body, 0, this.#headLength);
    return { status: this.#status, head, body };
  }

  #lengthLine(length: number): string {
    const said = this.#isBodiless ? this.#lengthSaid : length;
    return said === NO_LENGTH ? '' : `content-length: ${said}\r\n`;
  }
}

/** Upper bound of what `layReplay` writes. */
export function replayRoom(answer: StoredAnswer, fields: Uint8Array): number {
  const added = MARK_LINE.length + fields.length + KEEP_ALIVE_LINE.length + 2;
  return answer.head.length + added + answer.body.length;
}

/**
 * Lays the whole answer out, marked; where it ends. `fields`: lines of this request's own. `close`:
 * the connection ends with it.
 */
export function layReplay(
  out: Buffer,
  start: number,
  answer: StoredAnswer,
  fields: Uint8Array,
  clientVersion: number,
  close: boolean,
): number {
  out.set(answer.head, start);
  let at = start + answer.head.length;
  out.set(MARK_LINE, at);
  at += MARK_LINE.length;
  out.set(fields, at);
  at += fields.length;
  const line = close ? CLOSE_LINE : clientVersion === 10 ? KEEP_ALIVE_LINE : null;
  if (line !== null) {
    out.set(line, at);
    at += line.length;
  }
  at = endHead(out, at);
  out.set(answer.body, at);
  return at + answer.body.length;
}

function isStorable(head: Head): boolean {
  const { status } = head;
  if (status < 200 || status >= 500 || PASSING.has(status)) return false;
  if (head.contentLength > limits.replayBytesMax) return false;
  for (let field = 0; field < head.fieldCount; field++) {
    if (head.ids[field] !== FIELD.OTHER) continue;
    if (head.nameIs(field, SET_COOKIE)) return false;
    if (head.nameIs(field, CACHE_CONTROL) && saysNoStore(head, field)) return false;
  }
  return true;
}

function saysNoStore(head: Head, field: number): boolean {
  const at = field * 4;
  const from = head.spans[at + VALUE_START]!;
  return hasMember(head.slab, from, head.spans[at + VALUE_END]!, NO_STORE);
}
