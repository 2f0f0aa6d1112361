/**
 * The codec as the proxy uses it, without sockets: a client's bytes go in, the upstream's come out.
 *
 * Head reader, body framing, chunked decoder and head writer, joined as `exchange` joins them:
 * requests in order, a refusal or `Connection: close` ends the connection. `cuts` are where the
 * network cuts the bytes; no cut may change what comes out, save how data is split into chunks.
 *
 * Pure. Used by the corpora, the property tests and the fuzzer.
 */
import {
  BODY_CHUNKED,
  BODY_LENGTH,
  BODY_UNTIL_CLOSE,
  downstreamFraming,
  requestBody,
  responseBody,
} from '../../proxy/src/http1/body-framing.ts';
import {
  CHUNK_HEADROOM,
  CHUNK_TAILROOM,
  ChunkedDecoder,
  frameChunk,
  LAST_CHUNK,
  LAST_CHUNK_SIZE,
} from '../../proxy/src/http1/chunked.ts';
import { Head, METHOD } from '../../proxy/src/http1/head.ts';
import {
  PARSE_INCOMPLETE,
  PARSE_OK,
  parseResponseHead,
} from '../../proxy/src/http1/head-parser.ts';
import { HeadReader } from '../../proxy/src/http1/head-reader.ts';
import {
  endHead,
  headRoom,
  RequestWrite,
  ResponseWrite,
  writeRequestHead,
  writeResponseHead,
} from '../../proxy/src/http1/head-writer.ts';
import { REFUSED_HEAD_TOO_LONG } from '../../proxy/src/http1/refusals.ts';

export interface Outcome {
  /** What the other side received, message by message; the last one may be cut off. */
  readonly sent: Buffer;
  /** Messages that were sent whole. */
  readonly whole: number;
  /** 0, or why the connection was ended. */
  readonly refused: number;
  /** The sender's connection ends after the last whole message. */
  readonly closes: boolean;
}

const CRLF = Buffer.from('\r\n');
const ADDED_HOST = Buffer.from('upstream.test');

abstract class Relay {
  protected readonly head = new Head();
  readonly #decoder = new ChunkedDecoder();
  readonly #sent: Buffer[] = [];
  #inBody = false;
  #kind = 0;
  #framing = 0;
  #left = 0;
  #whole = 0;
  refused = 0;
  closes = false;
  /** Messages after which nothing more is read. */
  protected wholeMax = Number.POSITIVE_INFINITY;

  /** The parser's result; where the head ended is `headEnd`. */
  protected abstract readHead(bytes: Buffer, at: number, end: number): number;
  protected headEnd = 0;
  protected abstract kindOf(): number;
  protected abstract framingOf(kind: number): number;
  protected abstract write(out: Buffer, framing: number): number;
  protected abstract afterHead(): void;

  outcome(): Outcome {
    return {
      sent: Buffer.concat(this.#sent),
      whole: this.#whole,
      refused: this.refused,
      closes: this.closes,
    };
  }

  /** One read's bytes; they are overwritten. */
  push(read: Uint8Array): void {
    // Room around the data, as the proxy's read buffers have it; what is there is poison.
    const bytes = Buffer.alloc(CHUNK_HEADROOM + read.length + CHUNK_TAILROOM, 0x0a);
    bytes.set(read, CHUNK_HEADROOM);
    const end = CHUNK_HEADROOM + read.length;
    let at = CHUNK_HEADROOM;
    while (at < end && this.refused === 0 && !this.closes && this.#whole < this.wholeMax) {
      at = this.#inBody ? this.#pushBody(bytes, at, end) : this.#pushHead(bytes, at, end);
    }
  }

  /** The sender has closed. */
  end(): void {
    if (this.#inBody && this.#kind === BODY_UNTIL_CLOSE) {
      if (this.#framing === BODY_CHUNKED) this.#send(LAST_CHUNK);
      this.#finish();
      this.closes = true;
    }
  }

  #send(bytes: Uint8Array): void {
    this.#sent.push(Buffer.from(bytes));
  }

  #pushHead(bytes: Buffer, at: number, end: number): number {
    const result = this.readHead(bytes, at, end);
    if (result === PARSE_INCOMPLETE) return end;
    if (result !== PARSE_OK) return this.#refuse(result);
    this.#begin();
    return this.headEnd;
  }

  #refuse(result: number): number {
    this.refused = result;
    return 0;
  }

  #begin(): void {
    const head = this.head;
    this.afterHead();
    this.#kind = this.kindOf();
    this.#framing = this.framingOf(this.#kind);
    const out = Buffer.alloc(headRoom(head, null));
    this.#send(out.subarray(0, endHead(out, this.write(out, this.#framing))));
    this.#left = head.contentLength;
    this.#decoder.reset();
    this.#inBody = true;
    if (this.#kind === 0) this.#finish();
  }

  #finish(): void {
    this.#inBody = false;
    if (this.head.status === 0 || this.head.status >= 200) this.#whole++;
    const keep = this.head.keepAlive && this.#framing !== BODY_UNTIL_CLOSE;
    if (!keep && (this.head.status === 0 || this.head.status >= 200)) this.closes = true;
    this.head.reset();
  }

  #pushBody(bytes: Buffer, at: number, end: number): number {
    if (this.#kind === BODY_CHUNKED) return this.#pushChunked(bytes, at, end);
    const to = this.#kind === BODY_LENGTH ? Math.min(end, at + this.#left) : end;
    this.#left -= to - at;
    if (this.#framing === BODY_CHUNKED) {
      const framed = Buffer.concat([Buffer.alloc(10), bytes.subarray(at, to), CRLF]);
      this.#send(framed.subarray(frameChunk(framed, 10, framed.length - 2)));
    } else {
      this.#send(bytes.subarray(at, to));
    }
    if (this.#kind === BODY_LENGTH && this.#left === 0) this.#finish();
    return to;
  }

  #pushChunked(bytes: Buffer, at: number, end: number): number {
    const decoder = this.#decoder;
    decoder.decode(bytes, at, end);
    const { dataStart, dataEnd } = decoder;
    if (dataEnd > dataStart) {
      if (this.#framing === BODY_CHUNKED) {
        const after = Buffer.from(bytes.subarray(decoder.consumedTo));
        const from = frameChunk(bytes, dataStart, dataEnd);
        this.#send(bytes.subarray(from, dataEnd + CHUNK_TAILROOM));
        if (decoder.done && !after.equals(bytes.subarray(decoder.consumedTo))) {
          throw new Error('framing a chunk overwrote the next message');
        }
      } else {
        this.#send(bytes.subarray(dataStart, dataEnd));
      }
    }
    if (decoder.refused !== 0) return this.#refuse(decoder.refused);
    if (!decoder.done) return end;
    if (this.#framing === BODY_CHUNKED) this.#sendEnd(decoder.trailers);
    this.#finish();
    return decoder.consumedTo;
  }

  #sendEnd(trailers: Uint8Array | null): void {
    if (trailers === null) return this.#send(LAST_CHUNK);
    this.#send(LAST_CHUNK_SIZE);
    this.#send(trailers);
    this.#send(CRLF);
  }
}

class RequestRelay extends Relay {
  readonly #options = new RequestWrite();
  readonly #reader = new HeadReader();
  readonly methods: string[] = [];

  protected readHead(bytes: Buffer, at: number, end: number): number {
    const result = this.#reader.read(this.head, bytes, at, end);
    this.headEnd = this.#reader.consumedTo;
    return result;
  }
  protected kindOf(): number {
    return requestBody(this.head);
  }
  protected framingOf(kind: number): number {
    return kind;
  }
  protected write(out: Buffer, framing: number): number {
    this.#options.keepExpect = true;
    // A 1.0 request without Host: the destination is known otherwise, and its name is added.
    const unnamed = this.head.authorityEnd === this.head.authorityStart;
    this.#options.authority = unnamed ? ADDED_HOST : null;
    return writeRequestHead(out, 0, this.head, null, framing, this.#options);
  }
  protected afterHead(): void {
    this.methods.push(this.head.text(this.head.methodStart, this.head.methodEnd));
  }
}

class ResponseRelay extends Relay {
  readonly #options = new ResponseWrite();
  readonly #method: number;

  constructor(method: number) {
    super();
    this.wholeMax = 1;
    this.#method = method;
  }
  protected readHead(bytes: Buffer, at: number, end: number): number {
    const head = this.head;
    const collected = head.filled;
    if (collected > 0 && !head.collect(bytes, at, end)) return REFUSED_HEAD_TOO_LONG;
    const result =
      collected > 0
        ? parseResponseHead(head, head.slab, 0, head.filled)
        : parseResponseHead(head, bytes, at, end);
    if (result < 0) return result;
    this.headEnd = result === PARSE_OK ? at + head.length - collected : end;
    if (collected === 0) head.collect(bytes, at, this.headEnd);
    return result;
  }
  protected kindOf(): number {
    return responseBody(this.head, this.#method);
  }
  protected framingOf(kind: number): number {
    return downstreamFraming(kind, 11);
  }
  protected write(out: Buffer, framing: number): number {
    return writeResponseHead(out, 0, this.head, null, framing, this.#options);
  }
  protected afterHead(): void {
    // An upgrade that was never asked for: the exchange refuses it, so does this.
    if (this.head.status === 101) this.closes = true;
  }
}

/** The pieces that cutting at these offsets makes. */
function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const made: Uint8Array[] = [];
  let from = 0;
  for (const cut of [...at, bytes.length]) {
    if (cut > from) made.push(bytes.subarray(from, cut));
    from = Math.max(from, cut);
  }
  return made;
}

export function relayRequests(bytes: Uint8Array, cuts: readonly number[] = []): Outcome {
  const relay = new RequestRelay();
  for (const piece of pieces(bytes, cuts)) relay.push(piece);
  return relay.outcome();
}

/** One answer to a request of `method`: what comes behind it is nobody's. */
export function relayResponse(
  bytes: Uint8Array,
  method: number = METHOD.GET,
  cuts: readonly number[] = [],
): Outcome {
  const relay = new ResponseRelay(method);
  for (const piece of pieces(bytes, cuts)) relay.push(piece);
  if (relay.refused === 0) relay.end();
  return relay.outcome();
}
