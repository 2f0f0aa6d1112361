/** Claims about the mesh that `push` is asked about. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseObject } from '@remora/api/config/objects.ts';
import {
  NARROW,
  PODS_PER_SERVICE,
  podAddress,
  podStatus,
  podsOf,
  proxiesOf,
  routeOf,
  serviceOf,
  sliceOf,
  USES,
} from './mesh-objects.ts';

const size = { services: 1_000, routes: 200 };
const plans = proxiesOf(size);

describe('the proxies of the mesh', () => {
  test('use ten different Services each, and all of them the first', () => {
    for (const { uses } of plans) {
      assert.equal(new Set(uses).size, USES);
      assert(uses.includes(0));
      assert(uses.every((index) => index < size.services));
    }
  });

  test('are ten who use the second, also in a mesh of 200', () => {
    for (const mesh of [plans, proxiesOf({ services: 200, routes: 40 })]) {
      assert.equal(mesh.filter(({ uses }) => uses.includes(1)).length, NARROW);
    }
  });

  test('use every Service there is', () => {
    assert.equal(new Set(plans.flatMap(({ uses }) => uses)).size, size.services);
  });
});

describe('the objects of the mesh', () => {
  test('are ones that the control plane takes, without a warning', () => {
    for (const object of [serviceOf(7), sliceOf(7), ...podsOf(7), routeOf(7, size, 1)]) {
      const parsed = parseObject(object);
      assert(parsed.is === 'object', JSON.stringify(parsed));
      assert.deepEqual(parsed.warnings, []);
    }
  });

  test('have an address for each pod, which its slice names and its status says', () => {
    const all = Array.from({ length: size.services * PODS_PER_SERVICE }, (_, at) => {
      return podAddress(Math.floor(at / PODS_PER_SERVICE), at % PODS_PER_SERVICE);
    });
    assert.equal(new Set(all).size, all.length);
    assert(JSON.stringify(sliceOf(999)).includes(`"${podAddress(999, 2)}"`));
    assert(JSON.stringify(podStatus(999, 2)).includes(`"podIP":"${podAddress(999, 2)}"`));
  });

  test('are of one workload, as their sidecars say', () => {
    const [pod] = podsOf(7).map((object) => parseObject(object));
    assert(pod?.is === 'object' && pod.object.kind === 'Pod');
    assert.equal(pod.object.spec.hasSidecar, true);
    assert.equal(plans[7]!.workload, 's7');
  });
});
