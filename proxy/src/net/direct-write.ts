/**
 * Writes to a socket's handle, past the machinery of Node's writable streams.
 *
 * A stream's write costs more JavaScript than all of the proxy's own work for a message, and tells
 * of completion a tick later what is known at once: the kernel took the bytes. So this calls what
 * the stream would call in the end: an internal of Node, used here alone. Where it is not as
 * expected the stream is used, correct and slower, and a test says when it has gone.
 *
 * Not pure. No allocation while the kernel takes everything. Used by `socket-stream.ts` and
 * `direct-sink.ts`; `bench/hop` notices its loss.
 */
import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';

/** What a write came to. */
export const WROTE = { ALL: 0, WAITING: 1, FAILED: 2, NOT_HERE: 3 } as const;

interface WriteRequest {
  oncomplete: ((status: number) => void) | null;
  /** Keeps the bytes alive while libuv points into them. */
  bytes: Uint8Array | null;
}

interface Handle {
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
}

interface StreamWrap {
  readonly WriteWrap: new () => WriteRequest;
  readonly streamBaseState: Int32Array;
  readonly kLastWriteWasAsync: number;
}

const wrap = loadStreamWrap();
/** Only a write that waits needs a request of its own; the others share one. */
let spare: WriteRequest | null = null;

export const canWriteDirectly: boolean = wrap !== null;

/** `onDone` is called later, once, where this returns WAITING: 0, or a negative error number. */
export function writeDirectly(
  socket: Socket,
  bytes: Uint8Array,
  onDone: (status: number) => void,
): number {
  const handle = (socket as unknown as { _handle: Handle | null })._handle;
  // What the stream still holds comes first.
  if (wrap === null || handle === null || socket.connecting || socket.writableLength > 0) {
    return WROTE.NOT_HERE;
  }
  const request = (spare ??= new wrap.WriteWrap());
  const status = handle.writeBuffer(request, bytes);
  if (status !== 0) {
    socket.destroy(writeError(status));
    return WROTE.FAILED;
  }
  if (wrap.streamBaseState[wrap.kLastWriteWasAsync] === 0) return WROTE.ALL;
  spare = null;
  request.bytes = bytes;
  request.oncomplete = (result) => {
    request.bytes = null;
    if (result < 0 && !socket.destroyed) socket.destroy(writeError(result));
    onDone(result);
  };
  return WROTE.WAITING;
}

function writeError(status: number): Error {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`write ${code}`), { code });
}

function loadStreamWrap(): StreamWrap | null {
  try {
    const { binding } = process as unknown as { binding?: (name: string) => StreamWrap };
    const found = binding?.('stream_wrap');
    const isKnown =
      typeof found?.WriteWrap === 'function' &&
      found.streamBaseState instanceof Int32Array &&
      typeof found.kLastWriteWasAsync === 'number';
    return isKnown ? found : null;
  } catch {
    return null;
  }
}
