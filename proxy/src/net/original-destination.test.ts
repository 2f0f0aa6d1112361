/**
 * Addresses as the kernel prints them. That it is asked at all: here for connections that nobody
 * redirected; for the others test/e2e/interception.test.ts needs a network namespace.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { plainAddress } from './address.ts';
import { loadOriginalDestination, readSockaddr } from './original-destination.ts';

describe('an original destination', () => {
  test('is read from what the kernel fills in, of either family', () => {
    const v4 = Buffer.from('0200005000000000'.replace(/0{8}$/, '0a600007'), 'hex');
    assert.deepEqual(readSockaddr(v4, false), { address: '10.96.0.7', port: 80 });
    const v6 = Buffer.from(`0a00${'1f90'}00000000fd00${'0'.repeat(26)}07`, 'hex');
    assert.deepEqual(readSockaddr(v6, true), { address: 'fd00::7', port: 8_080 });
  });

  test('has no trace of the socket that it came over', () => {
    assert.equal(plainAddress('::ffff:10.96.0.7'), '10.96.0.7');
    assert.equal(plainAddress('fe80::1%eth0'), 'fe80::1');
    assert.equal(plainAddress('fd00::7'), 'fd00::7');
  });

  for (const [host, dialled] of [
    ['127.0.0.1', '127.0.0.1'],
    ['::', '127.0.0.1'],
    ['::', '::1'],
  ] as const) {
    test(`is none where a connection to ${dialled} was made to ${host} itself`, async () => {
      const ask = await loadOriginalDestination();
      const server = createServer().listen(0, host);
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const client = connect(port, dialled);
      const [accepted] = (await once(server, 'connection')) as [Socket];
      const asked = ask(accepted);
      assert.deepEqual(asked?.local, { address: dialled, port });
      assert.equal(asked.original, null);
      assert.deepEqual(asked.remote, { address: dialled, port: client.localPort });
      accepted.destroy();
      assert.equal(ask(accepted), null, 'one that has gone');
      client.destroy();
      server.close();
    });
  }
});
