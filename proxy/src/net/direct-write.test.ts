import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { canWriteDirectly, writeDirectly, WROTE } from './direct-write.ts';

const PIECE_BYTES = 256 * 1024;
const PIECES_MAX = 256;

describe('a direct write', () => {
  let server: Server;
  let socket: Socket | undefined;
  let peer: Socket | undefined;
  const nothing = (): void => undefined;

  before(async () => {
    server = createServer({ pauseOnConnect: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    socket?.destroy();
    peer?.destroy();
  });
  after(() => server.close());

  async function pair(): Promise<{ socket: Socket; peer: Socket }> {
    const accepted = once(server, 'connection');
    socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', nothing);
    await once(socket, 'connect');
    [peer] = (await accepted) as [Socket];
    return { socket, peer };
  }

  test('is there in the Node that the lock file pins', () => assert.ok(canWriteDirectly));

  test('is told of once when the kernel has taken what it could not take at once', async () => {
    const { socket, peer } = await pair();
    const piece = Buffer.alloc(PIECE_BYTES, 'x');
    let waiting = 0;
    let told = 0;
    let sent = 0;
    while (waiting < 2 && sent < PIECES_MAX) {
      const wrote = writeDirectly(socket, piece, (status) => {
        assert.equal(status, 0);
        told++;
      });
      assert.notEqual(wrote, WROTE.FAILED);
      if (wrote === WROTE.WAITING) waiting++;
      sent++;
    }
    assert.equal(waiting, 2, 'the kernel took everything: nothing was tested');
    assert.equal(told, 0);

    let received = 0;
    peer.on('data', (bytes: Buffer) => {
      received += bytes.length;
    });
    peer.resume();
    socket.end();
    await once(peer, 'end');
    assert.equal(received, sent * PIECE_BYTES);
    assert.equal(told, 2);
  });

  test('leaves the turn to what the stream still holds', async () => {
    const { socket } = await pair();
    socket.cork();
    socket.write('first');
    assert.equal(writeDirectly(socket, Buffer.from('second'), nothing), WROTE.NOT_HERE);
    socket.uncork();
  });

  test('to a peer that has reset destroys the socket with the error of the system', async () => {
    const { socket, peer } = await pair();
    peer.resetAndDestroy(); // Over loopback it has arrived when this returns.
    const failed = once(socket, 'error') as Promise<[NodeJS.ErrnoException]>;
    assert.equal(writeDirectly(socket, Buffer.from('late'), nothing), WROTE.FAILED);
    const [error] = await failed;
    assert.match(error.code ?? '', /^(ECONNRESET|EPIPE)$/);
  });

  test('without a handle is left to the stream', async () => {
    const { socket } = await pair();
    socket.destroy();
    assert.equal(writeDirectly(socket, Buffer.from('late'), nothing), WROTE.NOT_HERE);
  });
});
