import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, before, describe, test } from 'node:test';
import { type Authority, createAuthority, issueServing } from '../identity/authority.ts';
import * as limits from '../limits.ts';
import { silentLog } from '../log.ts';
import { AckFeeds } from '../publish/ack-feed.ts';
import type { Applied } from '../publish/acks.ts';
import { PeerAcks } from './peer-acks.ts';

const NAME = 'remora-control.remora-system.svc';
const ROUTE = 'TrafficRoute/shop/catalog';
const nobody: Applied = { applied: 0, interested: 0, refused: [] };

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

let authority: Authority;
before(async () => {
  authority = await createAuthority(Date.now());
});

/** A replica whose proxies say what `acks` holds. */
async function replica(acks: Map<string, Applied>, port = 0) {
  const { certificatePem, keyPem } = await issueServing(authority, [NAME], Date.now());
  const from = { changes: 0, applied: () => acks };
  const feeds = new AckFeeds(from);
  const tokens: unknown[] = [];
  const server = createServer({ cert: certificatePem, key: keyPem }, (request, response) => {
    tokens.push(request.headers.authorization);
    feeds.add(response);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    feeds.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { from, tokens, close, port: (server.address() as AddressInfo).port };
}

function leaderOf(port: number) {
  const peers = new PeerAcks({
    ...{ port, ca: authority.certificatePem, servername: NAME, log: silentLog },
    token: async () => 'own',
    onChange: () => {},
  });
  ends.push(() => peers.close());
  peers.setPeers(['127.0.0.1']);
  return peers;
}

async function until(holds: () => boolean, limitMs = 10_000): Promise<void> {
  for (let waited = 0; !holds(); waited += 5) {
    assert.ok(waited < limitMs, 'not in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('what other replicas tell', () => {
  test('is added to what the own proxies applied, and follows every change', async () => {
    const acks = new Map([[ROUTE, { applied: 1, interested: 2, refused: [] } as Applied]]);
    const { from, tokens, port, close } = await replica(acks);
    ends.push(close);
    const peers = leaderOf(port);
    const own = { applied: 3, interested: 3, refused: [] };
    await until(() => peers.with(ROUTE, own).interested === 5);
    assert.equal(peers.with(ROUTE, own).applied, 4);
    assert.deepEqual(tokens, ['Bearer own']);
    acks.set(ROUTE, { applied: 2, interested: 2, refused: [] });
    from.changes++;
    await until(() => peers.with(ROUTE, own).applied === 5);
    acks.delete(ROUTE);
    from.changes++;
    await until(() => peers.with(ROUTE, own).interested === 3);
  });

  test('counts for nothing while it cannot be asked, and is said to be silent', async () => {
    const acks = new Map([[ROUTE, { applied: 1, interested: 1, refused: [] } as Applied]]);
    const first = await replica(acks);
    const peers = leaderOf(first.port);
    assert.equal(peers.silent, 1);
    await until(() => peers.silent === 0);
    await first.close();
    await until(() => peers.silent === 1);
    assert.deepEqual(peers.with(ROUTE, nobody), nobody);
    const second = await replica(acks, first.port);
    ends.push(second.close);
    await until(() => peers.silent === 0 && peers.with(ROUTE, nobody).applied === 1);
  });

  test('a line that cannot be read makes that replica silent, and nobody else', async () => {
    const { certificatePem, keyPem } = await issueServing(authority, [NAME], Date.now());
    const server = createServer({ cert: certificatePem, key: keyPem }, (_request, response) => {
      response.write('\n');
      setTimeout(() => response.write('{"source":\n'), 200);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ends.push(() => server.close());
    ends.push(() => server.closeAllConnections());
    const peers = leaderOf((server.address() as AddressInfo).port);
    await until(() => peers.silent === 0);
    await until(() => peers.silent === 1);
  });

  test('a replica that is gone from the list is no longer counted or waited for', async () => {
    const acks = new Map([[ROUTE, { applied: 1, interested: 1, refused: [] } as Applied]]);
    const { port, close } = await replica(acks);
    ends.push(close);
    const peers = leaderOf(port);
    await until(() => peers.with(ROUTE, nobody).applied === 1);
    peers.setPeers([]);
    assert.equal(peers.silent, 0);
    assert.deepEqual(peers.with(ROUTE, nobody), nobody);
  });

  test('tells a few refusals of many: the count is whole', async () => {
    const refused = Array.from({ length: 9 }, (_, at) => ({ proxy: `web-${at}`, reason: 'no' }));
    const acks = new Map([[ROUTE, { applied: 0, interested: 9, refused } as Applied]]);
    const { port, close } = await replica(acks);
    ends.push(close);
    const peers = leaderOf(port);
    await until(() => peers.with(ROUTE, nobody).interested === 9);
    assert.equal(peers.with(ROUTE, nobody).refused.length, limits.ackRefusalsMax);
  });
});
