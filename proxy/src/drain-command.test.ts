/** Claims about `remora-proxy drain`: what it takes for the end of a proxy, and what not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { drain } from './drain-command.ts';

const answer = (status: string, body: string) => `HTTP/1.1 ${status}\r\n\r\n${body}`;

describe('remora-proxy drain, while it waits', () => {
  let server: Server;
  let sockets: Socket[];
  let looks: number;
  /** What the proxy does when it is asked how far it is, for the first time, the second time… */
  let onLook: ((socket: Socket, look: number) => void) | undefined;

  beforeEach(async () => {
    [sockets, looks, onLook] = [[], 0, undefined];
    server = createServer((socket) => {
      sockets.push(socket.on('error', () => {}));
      socket.once('data', (request) => {
        if (!request.toString().startsWith('POST')) return onLook?.(socket, ++looks);
        // Nothing waits in the backlog when nobody listens any more.
        if (onLook === undefined) server.close();
        socket.end(answer('202 Accepted', 'draining'));
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  async function run(waitSeconds: string) {
    const { port } = server.address() as AddressInfo;
    const said: string[] = [];
    const args = ['--admin', `127.0.0.1:${port}`, '--wait', waitSeconds];
    const code = await drain(args, (text) => void said.push(text));
    return { code, text: said.join('') };
  }

  test('takes a refused connection for a proxy that has ended', async () => {
    const { code, text } = await run('5');
    assert.deepEqual([code, /all of its requests are answered/.test(text)], [0, true], text);
  });

  test('takes a connection that ends or is reset without an answer for the same', async () => {
    onLook = (socket) => void socket.end();
    assert.equal((await run('5')).code, 0);
    onLook = (socket) => void socket.resetAndDestroy();
    assert.equal((await run('5')).code, 0);
  });

  test('does not take silence for it, and says so when the time is up', async () => {
    onLook = () => {};
    const { code, text } = await run('0.3');
    assert.deepEqual([code, /does not answer; it goes on draining/.test(text)], [1, true], text);
  });

  test('asks again where the answer said nothing', async () => {
    onLook = (socket, look) => {
      const closed = answer('200 OK', JSON.stringify({ phase: 'in-closed', inFlight: 0 }));
      socket.end(look === 1 ? answer('503 Service Unavailable', '') : closed);
    };
    const { code, text } = await run('5');
    assert.deepEqual([code, looks], [0, 2], text);
  });
});
