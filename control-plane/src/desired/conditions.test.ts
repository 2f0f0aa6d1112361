import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type MeshObject, parseObject } from '@remora/api/config/objects.ts';
import { emptyWorld, foldWorld, type World } from '../world.ts';
import { type Condition, routeConditions } from './conditions.ts';
import { httpRouteConditions } from './http-conditions.ts';
import { policyConditions } from './policy-conditions.ts';

/** What the Gateway API's schema of a condition allows, and ours. */
const MESSAGE_MAX = 32_768;

function objectOf(apiVersion: string, kind: string, spec: object): MeshObject {
  const metadata = { name: 'catalog', namespace: 'shop' };
  const parsed = parseObject({ apiVersion, kind, metadata, spec });
  assert.ok(parsed.is === 'object', JSON.stringify(parsed));
  return parsed.object;
}

const OURS = 'remora.dev/v1alpha1';
const targetRef = { name: 'catalog' };
const world: World = foldWorld(emptyWorld, [
  { type: 'put', object: objectOf('v1', 'Service', { ports: [{ port: 80 }] }) },
]);

function conditionsOf(object: MeshObject, reason: string): readonly Condition[] {
  const count = { applied: 0, interested: 1, refused: [{ proxy: 'cart-1', reason }] };
  if (object.kind === 'TrafficRoute') return routeConditions(world, object, count);
  if (object.kind === 'ResiliencePolicy') return policyConditions(world, object, count);
  assert.ok(object.kind === 'HTTPRoute');
  return httpRouteConditions(world, object, 'shop/catalog', count);
}

// Of one that is longer the API server refuses the whole status.
describe("a condition's message", () => {
  for (const [kind, apiVersion, spec] of [
    ['TrafficRoute', OURS, { targetRef, rules: [{ backends: [{ service: 'catalog' }] }] }],
    ['ResiliencePolicy', OURS, { targetRef }],
    [
      'HTTPRoute',
      'gateway.networking.k8s.io/v1',
      { parentRefs: [{ group: '', kind: 'Service', name: 'catalog' }], rules: [{}] },
    ],
  ] as const) {
    test(`of a ${kind} is cut where a proxy has more to say than fits`, () => {
      const object = objectOf(apiVersion, kind, spec);
      const applied = conditionsOf(object, 'x'.repeat(MESSAGE_MAX)).at(-1);
      assert.equal(applied?.message.length, MESSAGE_MAX);
      assert.match(applied.message, /^applied by 0 of the 1 .*; cart-1 refused: x+$/);
    });
  }

  test('of a TrafficRoute is cut where it has more missing backends than fit', () => {
    const backends = Array.from({ length: 32 }, (_, at) => {
      return { service: `${'missing-'.repeat(6)}${at}`, weight: 1 };
    });
    const rules = Array.from({ length: 20 }, () => ({ backends }));
    const route = objectOf(OURS, 'TrafficRoute', { targetRef, rules });
    const resolved = conditionsOf(route, '').find(({ type }) => type === 'ResolvedRefs');
    assert.deepEqual([resolved?.status, resolved?.message.length], ['False', MESSAGE_MAX]);
  });
});
