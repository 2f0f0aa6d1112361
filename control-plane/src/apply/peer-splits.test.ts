import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import type { SplitReport } from '@remora/api/wire.ts';
import { createAuthority, issueServing } from '../identity/authority.ts';
import { silentLog } from '../log.ts';
import { AckFeeds } from '../publish/ack-feed.ts';
import { RealisedSplits } from '../publish/realised-splits.ts';
import { PeerAcks } from './peer-acks.ts';

const NAME = 'remora-control.remora-system.svc';
const DESTINATION = 'catalog.shop:80';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function split(v1: number, v2: number): SplitReport {
  return { destination: DESTINATION, rule: 'canary', backends: { v1, v2 } };
}

/** Another replica, and what the leader learns from it. */
async function replicaAndLeader() {
  const authority = await createAuthority(Date.now());
  const { certificatePem: cert, keyPem: key } = await issueServing(authority, [NAME], Date.now());
  const feeds = new AckFeeds({ changes: 0, applied: () => [] });
  const server = createServer({ cert, key }, (_, response) => feeds.add(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(
    () => server.close(),
    () => feeds.close(),
  );
  const splits = new RealisedSplits();
  const heard = Promise.withResolvers<void>();
  const peers = new PeerAcks({
    ...{ port: (server.address() as AddressInfo).port, ca: authority.certificatePem },
    ...{ servername: NAME, token: async () => 'own', log: silentLog, onChange: () => {} },
    onSplit: (report) => {
      splits.hear([report]);
      heard.resolve();
    },
  });
  ends.push(() => peers.close());
  peers.setPeers(['127.0.0.1']);
  while (peers.silent > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  return { feeds, splits, peers, heard: heard.promise };
}

describe('how the proxies of another replica split requests', () => {
  test('counts together with what the own proxies say', async () => {
    const { feeds, splits, heard } = await replicaAndLeader();
    splits.hear([split(10, 0)]);
    feeds.tellSplits([split(80, 10)]);
    await heard;
    assert.deepEqual(
      [...splits.of(DESTINATION, 'canary')],
      [
        ['v1', 90],
        ['v2', 10],
      ],
    );
  });

  test('is not taken for an acknowledgement', async () => {
    const { feeds, peers, heard } = await replicaAndLeader();
    feeds.tellSplits([split(80, 10)]);
    await heard;
    const nobody = { applied: 0, interested: 0, refused: [] };
    assert.deepEqual(peers.with('undefined', nobody), nobody);
  });
});
