import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MeshObject } from '@remora/api/config/objects.ts';
import { parseObject } from '@remora/api/config/objects.ts';
import { emptyWorld, foldWorld } from '../world.ts';
import { meshConditions, policyConditions } from './policy-conditions.ts';

const OURS = 'remora.dev/v1alpha1';
const COUNT = { applied: 1, interested: 2, refused: [] };

function object(value: unknown): MeshObject {
  const parsed = parseObject(value);
  assert.ok(parsed.is === 'object', JSON.stringify(parsed));
  return parsed.object;
}

const catalog = object({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'catalog', namespace: 'shop' },
  spec: { ports: [{ port: 80 }] },
});

function said(targetRef: object) {
  const metadata = { name: 'p', namespace: 'shop', generation: 3 };
  const policy = object({
    apiVersion: OURS,
    kind: 'ResiliencePolicy',
    metadata,
    spec: { targetRef },
  });
  assert.ok(policy.kind === 'ResiliencePolicy');
  const world = foldWorld(emptyWorld, [{ type: 'put', object: catalog }]);
  return policyConditions(world, policy, COUNT);
}

describe('a policy', () => {
  test('is accepted where its Service and port are, of the generation that was seen', () => {
    const [accepted] = said({ name: 'catalog', port: 80 });
    assert.deepEqual([accepted?.type, accepted?.status], ['Accepted', 'True']);
    assert.equal(accepted?.observedGeneration, 3);
  });

  test('is not where one is missing, and says which', () => {
    for (const [target, missing] of [
      [{ name: 'catalogue' }, /Service shop\/catalogue/],
      [{ name: 'catalog', port: 81 }, /no port 81: it has 80/],
    ] as const) {
      const [accepted] = said(target);
      assert.deepEqual([accepted?.status, accepted?.reason], ['False', 'TargetNotFound']);
      assert.match(accepted?.message ?? '', missing);
    }
  });

  test('is applied when every proxy that uses it says so', () => {
    const applied = said({ name: 'catalog' })[1];
    assert.deepEqual(
      [applied?.type, applied?.status, applied?.reason],
      ['Applied', 'False', 'Pending'],
    );
  });
});

describe('the MeshConfig', () => {
  test('is accepted: there is nothing that it could refer to', () => {
    const mesh = object({
      apiVersion: OURS,
      kind: 'MeshConfig',
      metadata: { name: 'mesh' },
      spec: {},
    });
    assert.ok(mesh.kind === 'MeshConfig');
    assert.deepEqual(
      meshConditions(mesh).map(({ status }) => status),
      ['True'],
    );
  });
});
