/**
 * A stream of bytes both ways, whatever carries it: a TCP socket now, a CONNECT stream of a tunnel
 * between sidecars later. Connections and pools know only this.
 *
 * The contract on memory, both ways: bytes given to `onBytes` die with the call, unless the stream
 * reads into a leased buffer (then they live until reading goes on); bytes given to `write` may be
 * reused at once if it returned true, else not before `onFlushed`.
 *
 * Types only. Implemented by `socket-stream.ts`.
 */

export interface ByteStreamOwner {
  /** `bytes` has CHUNK_HEADROOM writable bytes before `start` and READ_TAILROOM after `end`. */
  onBytes(bytes: Buffer, start: number, end: number): void;
  /** The peer has ended its side. Nothing more will come in. */
  onEnd(): void;
  /** Everything written has been taken, after a `write` that returned false. */
  onFlushed(): void;
  /** The last event: nothing follows. `broken`: by an error or a reset, not by an orderly close. */
  onClosed(broken: boolean): void;
}

export interface ByteStream {
  owner: ByteStreamOwner;
  /** Taken by the transport at once; false: wait for `onFlushed` before reusing the memory. */
  write(bytes: Uint8Array): boolean;
  /** Whether an earlier `write` is still waiting. */
  readonly isBlocked: boolean;
  pause(): void;
  resume(): void;
  /** Reads into a buffer of its own from the next read on; false: the shared one goes on. */
  leaseReadBuffer(): void;
  /** The lease ends with this `onBytes`. `isPinned`: a blocked write points into the buffer. */
  releaseReadBuffer(isPinned: boolean): void;
  /** Whether bytes given to `onBytes` now live until reading goes on. */
  readonly isReadStable: boolean;
  /** Ends our side after what is written. */
  end(): void;
  /** Closes both sides now. */
  destroy(): void;
  /** Closes with a reset, so that a peer can't take what it got for all there is. */
  reset(): void;
  readonly remoteAddress: string;
}
