/**
 * Starts a connection to an endpoint, reading into the shared buffer from the first byte on.
 *
 * Not pure. Handed to the pools by `proxy.ts`: a tunnel between sidecars can take its place.
 */
import { connect } from 'node:net';
import type { ByteStream } from './byte-stream.ts';
import type { ReadBuffers } from './read-buffer.ts';
import { SocketStream, streamSlot } from './socket-stream.ts';
import type { Upstream } from './upstream.ts';

export function dialTcp(
  buffers: ReadBuffers,
): (address: string, port: number, upstream: Upstream) => ByteStream {
  return (address, port, upstream) => {
    const slot = streamSlot(buffers);
    const socket = connect({
      host: address,
      port,
      noDelay: true,
      allowHalfOpen: true,
      onread: slot.onread,
    });
    const stream = new SocketStream(socket, upstream, buffers);
    slot.stream = stream;
    socket.once('connect', () => upstream.onConnected());
    return stream;
  };
}
