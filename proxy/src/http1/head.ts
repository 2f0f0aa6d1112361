/**
 * The Head view: the one shape in which the rest of the proxy sees a request or response head.
 *
 * Bytes in a slab, and offsets into it, relative to the head's first byte. HTTP/1 fills it by
 * parsing, HTTP/2 will fill it by laying decoded fields into the slab: routing, resilience and the
 * writers read the same offsets and never know. A header object was refused: building one costs
 * more than the rest of the hop.
 *
 * Pure. Budget: no allocation per exchange (heads are pooled with their exchange); `bench/hop`.
 */
import * as limits from '../limits.ts';
import { CollectViews } from './collect-views.ts';
import { HeadTrace } from './head-trace.ts';

/** Ids of fields that the proxy itself acts on; every other field has id 0. */
export const FIELD = {
  OTHER: 0,
  HOST: 1,
  CONNECTION: 2,
  CONTENT_LENGTH: 3,
  TRANSFER_ENCODING: 4,
  TE: 5,
  UPGRADE: 6,
  EXPECT: 7,
  KEEP_ALIVE: 8,
  /** Any name that begins with `proxy-`. */
  PROXY: 9,
  TRAILER: 10,
  HTTP2_SETTINGS: 11,
  X_REQUEST_ID: 12,
  TRACEPARENT: 13,
  TRACESTATE: 14,
  COOKIE: 15,
  /** Any name that begins with `x-remora-`. */
  REMORA: 16,
  /** Named by Connection: dropped when forwarding. */
  NAMED_BY_CONNECTION: 17,
  DATE: 18,
  /** Only one may be given: two would be read in two ways. */
  CONTENT_TYPE: 19,
  B3: 20,
  /** `x-b3-traceid`, `-spanid`, `-parentspanid`, `-sampled` or `-flags`. */
  X_B3: 21,
} as const;

export const METHOD = {
  OTHER: 0,
  GET: 1,
  HEAD: 2,
  POST: 3,
  PUT: 4,
  DELETE: 5,
  OPTIONS: 6,
  PATCH: 7,
  TRACE: 8,
  CONNECT: 9,
} as const;

export const FIELDS_CAPACITY: number = limits.headFieldsMax + limits.addedFieldsMax;

/** `contentLength` when there was none. */
export const NO_LENGTH = -1;

/** Index into `spans` of a field: `field * 4` + one of these. */
export const NAME_START = 0;
export const NAME_END = 1;
export const VALUE_START = 2;
export const VALUE_END = 3;

/** All heads are collected from the same buffers. */
const collectViews = new CollectViews();

export class Head {
  /** Owned by this head; grows from `headSlabBytes` to `headBytesMax`, shrinks on reset. */
  slab: Buffer = Buffer.allocUnsafeSlow(limits.headSlabBytes);
  /** The head's bytes including the empty line; 0 until parsed. */
  length = 0;
  /** Bytes in the slab (more than `length` only while a head is being collected). */
  filled = 0;

  /** Where the parser goes on: start of the first line not yet read. */
  resumeAt = 0;
  /** How far the parser has looked for the line's end: nothing is searched twice. */
  searchedTo = 0;
  /** One bit per FIELD id that was seen: finds doubles. */
  seen = 0;

  method: number = METHOD.OTHER;
  methodStart = 0;
  methodEnd = 0;
  /** As read. The canonical path and the query below are what is judged and forwarded. */
  targetStart = 0;
  targetEnd = 0;
  pathStart = 0;
  pathEnd = 0;
  /** Less the question mark; start === end where it is empty. `hasQuery` tells `/a?` from `/a`. */
  queryStart = 0;
  queryEnd = 0;
  hasQuery = false;
  /** From the absolute-form target, else from Host; start === end where neither was given. */
  authorityStart = 0;
  authorityEnd = 0;
  /** The target was in absolute form (a client that speaks to a proxy). */
  absoluteForm = false;
  /** 10 or 11. */
  version = 11;

  /** Responses only. */
  status = 0;
  reasonStart = 0;
  reasonEnd = 0;

  fieldCount = 0;
  readonly ids: Uint8Array = new Uint8Array(FIELDS_CAPACITY);
  readonly spans: Int32Array = new Int32Array(FIELDS_CAPACITY * 4);

  contentLength: number = NO_LENGTH;
  chunked = false;
  /** Other transfer codings come before chunked: the upstream connection is not for reuse. */
  codedChunked = false;
  /** The sender keeps the connection: by version and Connection. */
  keepAlive = true;
  expectContinue = false;
  /** Connection: upgrade together with Upgrade: websocket, and nothing else upgraded to. */
  upgradeWebsocket = false;
  /** `TE: trailers` was given. */
  teTrailers = false;
  /** Field index of these, -1 where absent. */
  requestIdField = -1;
  traceparentField = -1;
  /** Read when first asked for: see `telemetry/incoming-trace.ts`. */
  readonly trace: HeadTrace = new HeadTrace();
  /** What this request's own ids are made of, the same for every attempt; drawn by `IdSource`. */
  idSeed: Uint8Array | null = null;
  hasIdSeed = false;

  reset(): void {
    if (this.slab.length > limits.headSlabBytes) {
      this.slab = Buffer.allocUnsafeSlow(limits.headSlabBytes);
    }
    this.length = 0;
    this.filled = 0;
    this.resumeAt = 0;
    this.searchedTo = 0;
    this.seen = 0;
    this.method = METHOD.OTHER;
    this.methodStart = 0;
    this.methodEnd = 0;
    this.targetStart = 0;
    this.targetEnd = 0;
    this.pathStart = 0;
    this.pathEnd = 0;
    this.queryStart = 0;
    this.queryEnd = 0;
    this.hasQuery = false;
    this.authorityStart = 0;
    this.authorityEnd = 0;
    this.absoluteForm = false;
    this.version = 11;
    this.status = 0;
    this.reasonStart = 0;
    this.reasonEnd = 0;
    this.fieldCount = 0;
    this.contentLength = NO_LENGTH;
    this.chunked = false;
    this.codedChunked = false;
    this.keepAlive = true;
    this.expectContinue = false;
    this.upgradeWebsocket = false;
    this.teTrailers = false;
    this.requestIdField = -1;
    this.traceparentField = -1;
    this.trace.reset();
    this.hasIdSeed = false;
  }

  /** Appends bytes to the slab. False: the head is over `headBytesMax`. */
  collect(from: Uint8Array, start: number, end: number): boolean {
    const needed = this.filled + end - start;
    if (needed > this.slab.length) {
      if (needed > limits.headBytesMax) return false;
      let size = this.slab.length;
      while (size < needed) size *= 2;
      const grown = Buffer.allocUnsafeSlow(Math.min(size, limits.headBytesMax));
      grown.set(this.slab.subarray(0, this.filled));
      this.slab = grown;
    }
    this.slab.set(collectViews.of(from, start, end), this.filled);
    this.filled = needed;
    return true;
  }

  /** Index of the first field of this name (lower case bytes), or -1. */
  find(name: Uint8Array): number {
    for (let field = 0; field < this.fieldCount; field++) {
      if (this.nameIs(field, name)) return field;
    }
    return -1;
  }

  /** Whether the field's name is `name`, which is lower case. */
  nameIs(field: number, name: Uint8Array): boolean {
    const from = this.spans[field * 4 + NAME_START]!;
    const to = this.spans[field * 4 + NAME_END]!;
    if (to - from !== name.length) return false;
    const slab = this.slab;
    for (let i = 0; i < name.length; i++) {
      const byte = slab[from + i]!;
      // Only letters fold: `| 0x20` would make `@` equal to a backtick; both may stand in names.
      const folded = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
      if (folded !== name[i]) return false;
    }
    return true;
  }

  /** A field's value as text. Allocates: not for every request. */
  valueText(field: number): string {
    const at = field * 4;
    return this.slab.toString('latin1', this.spans[at + VALUE_START]!, this.spans[at + VALUE_END]!);
  }

  text(start: number, end: number): string {
    return this.slab.toString('latin1', start, end);
  }
}
