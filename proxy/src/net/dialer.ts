/**
 * Starts a connection, reading into the shared buffer from the first byte on.
 *
 * Where connections are intercepted, our own are kept while they live: one that comes back to our
 * listener was turned aside by mistake, and would go round in a circle.
 *
 * Not pure. Handed to pools and relays by `proxy.ts`: a tunnel between sidecars can take its place.
 */
import { connect } from 'node:net';
import type { ByteStream, ByteStreamOwner } from './byte-stream.ts';
import type { OwnPlaces } from './own-places.ts';
import { SocketStream, streamSlot, type StreamWorld } from './socket-stream.ts';

export interface DialOwner extends ByteStreamOwner {
  onConnected(): void;
}

export type Dial = (address: string, port: number, owner: DialOwner) => ByteStream;

/** `own`: keeps the connections that are open; null: nobody asks. */
export function dialTcp(world: StreamWorld, own: OwnPlaces | null): Dial {
  return (address, port, owner) => {
    const slot = streamSlot(world.buffers);
    const socket = connect({
      host: address,
      port,
      noDelay: true,
      allowHalfOpen: true,
      onread: slot.onread,
    });
    const stream = new SocketStream(socket, owner, world);
    slot.stream = stream;
    socket.once('connect', () => {
      own?.keep(socket);
      owner.onConnected();
    });
    return stream;
  };
}
