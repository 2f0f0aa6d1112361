/**
 * Writes one body to a connection: the same data as was read, framed anew.
 *
 * Data in a leased buffer is framed and written where it lies. Data in the shared read buffer dies
 * with its callback, so it is copied into the scratch buffer; that happens once a message, for what
 * came together with the head, and then the reader leases. A chunked body goes out as one chunk for
 * each read.
 *
 * Not pure: writes to a ByteStream. Called by `downstream.ts` and `upstream.ts`.
 */
import { BODY_CHUNKED } from '../http1/body-framing.ts';
import { frameChunk, LAST_CHUNK } from '../http1/chunked.ts';
import type { ByteStream } from './byte-stream.ts';
import type { Scratch } from './scratch.ts';

const NOTHING = Buffer.alloc(0);

/** A piece of a body, as a BodyReader found it. One object a connection, reused. */
export interface BodyPiece {
  bytes: Buffer;
  start: number;
  end: number;
  /** The bytes live until reading goes on: they need no copy. */
  isStable: boolean;
  isLast: boolean;
  /** Set by the writer: a blocked write points into `bytes`. */
  isPinned: boolean;
  trailers: Uint8Array | null;
}

export function newPiece(): BodyPiece {
  return {
    bytes: NOTHING,
    start: 0,
    end: 0,
    isStable: false,
    isLast: false,
    isPinned: false,
    trailers: null,
  };
}

/** Bytes that `frameBody` may need beside the data. */
export const FRAME_ROOM = 32;

/** Whether all was taken at once; false: pause the reader until `onFlushed`. */
export function writeBody(
  stream: ByteStream,
  framing: number,
  piece: BodyPiece,
  scratch: Scratch,
): boolean {
  const hasData = piece.end > piece.start;
  if (!hasData && !(piece.isLast && framing === BODY_CHUNKED)) return !stream.isBlocked;
  if (!piece.isStable || !hasData) return writeCopied(stream, framing, piece, scratch);
  let { start, end } = piece;
  const bytes = piece.bytes;
  if (framing === BODY_CHUNKED) {
    start = frameChunk(bytes, start, end);
    end += 2;
    if (piece.isLast && piece.trailers === null) {
      bytes.set(LAST_CHUNK, end);
      end += LAST_CHUNK.length;
    }
  }
  const taken = stream.write(bytes.subarray(start, end));
  piece.isPinned = !taken;
  if (framing !== BODY_CHUNKED || !piece.isLast || piece.trailers === null) return taken;
  return stream.write(lastChunkWith(piece.trailers));
}

/** Lays the piece out behind what `out` already holds; the end of it. */
export function frameBody(out: Buffer, at: number, framing: number, piece: BodyPiece): number {
  const length = piece.end - piece.start;
  let to = at;
  if (framing !== BODY_CHUNKED) {
    if (length > 0) piece.bytes.copy(out, to, piece.start, piece.end);
    return to + length;
  }
  if (length > 0) {
    to += out.write(`${length.toString(16)}\r\n`, to, 'latin1');
    piece.bytes.copy(out, to, piece.start, piece.end);
    to += length;
    out[to++] = 0x0d;
    out[to++] = 0x0a;
  }
  if (!piece.isLast) return to;
  const last = piece.trailers === null ? LAST_CHUNK : lastChunkWith(piece.trailers);
  out.set(last, to);
  return to + last.length;
}

/** Room that `frameBody` needs for the piece. */
export function framedBytesMax(piece: BodyPiece): number {
  return piece.end - piece.start + FRAME_ROOM + (piece.trailers?.length ?? 0);
}

function writeCopied(
  stream: ByteStream,
  framing: number,
  piece: BodyPiece,
  scratch: Scratch,
): boolean {
  const out = scratch.take(framedBytesMax(piece));
  const end = frameBody(out, 0, framing, piece);
  return scratch.send(stream, end);
}

function lastChunkWith(trailers: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('0\r\n'), trailers, Buffer.from('\r\n')]);
}
