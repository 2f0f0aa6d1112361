import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseObject } from '@remora/api/config/objects.ts';
import { emptyWorld, foldWorld } from '../world.ts';
import { SteadyShares } from './steady-shares.ts';
import { wantedStatuses } from './wanted-statuses.ts';

function worldOf(...objects: unknown[]) {
  const events = objects.map((raw) => {
    const parsed = parseObject(raw);
    if (parsed.is !== 'object') throw new Error(parsed.is);
    return { type: 'put' as const, object: parsed.object };
  });
  return foldWorld(emptyWorld, events);
}

function service(name: string) {
  const metadata = { name, namespace: 'shop' };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 80 }] } };
}

const route = {
  apiVersion: 'remora.dev/v1alpha1',
  kind: 'TrafficRoute',
  metadata: { name: 'catalog', namespace: 'shop', generation: 7 },
  spec: {
    targetRef: { name: 'catalog' },
    rules: [
      {
        backends: [
          { service: 'catalog-v1', weight: 90 },
          { service: 'catalog-v2', weight: 10 },
        ],
      },
    ],
  },
};
const shop = worldOf(service('catalog'), service('catalog-v1'), service('catalog-v2'), route);
const all = { applied: 2, interested: 2, refused: [] };
const none = () => new Map<string, number>();

function conditionOf(status: ReturnType<typeof wantedStatuses>[number] | undefined, type: string) {
  return status?.status.conditions.find((each) => each.type === type);
}

describe('the status of a route', () => {
  test('says the wanted weights, what requests really did, and who applied it', () => {
    const realised = (destination: string, rule: string) => {
      assert.deepEqual([destination, rule], ['catalog.shop:80', 'catalog/0']);
      return new Map([
        ['catalog-v1.shop:80', 897],
        ['catalog-v2.shop:80', 103],
      ]);
    };
    const [status] = wantedStatuses(shop, { appliedBy: () => all, silent: 0, realised });
    assert.deepEqual(status?.status['weights'], {
      wanted: 'catalog-v1 90%, catalog-v2 10%',
      realised: '89.7%, 10.3%',
    });
    assert.equal(status?.status['proxies'], '2/2');
    assert.equal(conditionOf(status, 'Applied')?.status, 'True');
    assert.equal(conditionOf(status, 'Applied')?.observedGeneration, 7);
  });

  test('is not Applied while a replica is silent: its proxies may not have it', () => {
    const reckoning = { appliedBy: () => all, silent: 1, realised: none };
    const [status] = wantedStatuses(shop, reckoning);
    assert.equal(conditionOf(status, 'Applied')?.status, 'Unknown');
    assert.equal(conditionOf(status, 'Accepted')?.status, 'True');
  });

  test('has no realised weights where there were no requests', () => {
    const [status] = wantedStatuses(shop, { appliedBy: () => all, silent: 0, realised: none });
    assert.deepEqual(status?.status['weights'], {
      wanted: 'catalog-v1 90%, catalog-v2 10%',
      realised: '-',
    });
  });
});

test('shares that tremble are shown as they were, and anew once one moved by a point', () => {
  let v2 = 100;
  const shares = new SteadyShares(
    () =>
      new Map([
        ['v1', 900],
        ['v2', v2],
      ]),
  );
  const first = shares.of('catalog.shop:80', 'catalog/0');
  v2 = 105;
  assert.equal(shares.of('catalog.shop:80', 'catalog/0'), first);
  v2 = 120;
  assert.equal(shares.of('catalog.shop:80', 'catalog/0').get('v2'), 120);
});
