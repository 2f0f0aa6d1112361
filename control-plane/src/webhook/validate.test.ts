import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseObject } from '@remora/api/config/objects.ts';
import { emptyWorld, foldWorld, type World } from '../world.ts';
import type { AdmissionAnswer, AdmissionRequest } from './admission.ts';
import { validating } from './validate.ts';

const apiVersion = 'remora.dev/v1alpha1';
const metadata = { name: 'catalog', namespace: 'shop' };

function route(rule: object, changes: object = {}): object {
  const spec = { targetRef: { name: 'catalog' }, rules: [rule] };
  return { apiVersion, kind: 'TrafficRoute', metadata, spec, ...changes };
}

const backends = [{ service: 'catalog' }];
const good = route({ backends });
const bad = route({ backends, matches: [{ path: { regex: '/a(?=b)' } }] });

function asked(object: unknown, changes: Partial<AdmissionRequest> = {}): AdmissionRequest {
  const kind = { group: 'remora.dev', version: 'v1alpha1', kind: 'TrafficRoute' };
  const request = {
    uid: 'u',
    kind,
    namespace: 'shop',
    name: 'catalog',
    operation: 'CREATE',
  } as const;
  return { ...request, object, oldObject: null, dryRun: false, ...changes };
}

function answer(request: AdmissionRequest, world: World | null = null): AdmissionAnswer {
  const given = validating(() => world)(request);
  assert.ok(!(given instanceof Promise));
  return given;
}

describe('the validating webhook', () => {
  test('says nothing about what is right', () => {
    assert.deepEqual(answer(asked(good)), { allowed: true });
  });

  test('refuses with the field, what is wrong and the remedy', () => {
    const { allowed, code, message } = answer(asked(bad));
    assert.deepEqual([allowed, code], [false, 422]);
    assert.match(
      message ?? '',
      /^TrafficRoute shop\/catalog: spec\.rules\[0\]\.matches\[0\]\.path\.regex: not a .*RE2/,
    );
  });

  test('lists several mistakes, and of very many the first with a count of the rest', () => {
    const rules = Array.from({ length: 30 }, () => ({ backends: [{ service: 'X' }] }));
    const { message = '' } = answer(
      asked(route({}, { spec: { targetRef: { name: 'c' }, rules } })),
    );
    assert.match(message, /^TrafficRoute shop\/catalog has 30 mistakes:\n- spec\.rules\[0\]/);
    assert.equal(message.split('\n').length, 18);
    assert.match(message, /- and 14 more$/);
  });

  test('refuses what a schema cannot see: a policy of another namespace that limits rates', () => {
    const kind = { group: 'remora.dev', version: 'v1alpha1', kind: 'ResiliencePolicy' };
    const spec = {
      targetRef: { name: 'catalog', namespace: 'other' },
      rateLimit: [{ perSecond: 5, all: true }],
    };
    const object = { apiVersion, kind: 'ResiliencePolicy', metadata, spec };
    const { message = '' } = answer(asked(object, { kind }));
    assert.match(message, /spec\.rateLimit: .*Move it to a ResiliencePolicy in other/);
  });

  test('warns of a field that nobody knows, by the name that was meant', () => {
    const { allowed, warnings = [] } = answer(
      asked(route({ backends: [{ service: 'catalog', wieght: 3 }] })),
    );
    assert.equal(allowed, true);
    assert.match(warnings[0] ?? '', /wieght.*Did you mean `weight`\?/);
  });

  test('judges an object that has no name yet', () => {
    const nameless = { ...(good as object), metadata: { generateName: 'catalog-' } };
    assert.deepEqual(answer(asked(nameless, { name: '' })), { allowed: true });
    const { message = '' } = answer(
      asked({ ...(bad as object), metadata: { generateName: 'catalog-' } }, { name: '' }),
    );
    assert.match(message, /^TrafficRoute shop\/catalog-: spec/);
  });

  test('lets a finalizer be taken from an object that a stricter release would refuse', () => {
    const changed = { ...(bad as object), metadata: { ...metadata, finalizers: [] } };
    const { allowed, warnings = [] } = answer(
      asked(changed, { operation: 'UPDATE', oldObject: bad }),
    );
    assert.equal(allowed, true);
    assert.match(warnings[0] ?? '', /regex/);
    const other = route({ backends, matches: [{ path: { regex: '(' } }] });
    assert.equal(answer(asked(other, { operation: 'UPDATE', oldObject: bad })).allowed, false);
  });

  test('never judges deletion, status, or what is not ours', () => {
    const kind = { group: '', version: 'v1', kind: 'Service' };
    for (const changes of [
      { operation: 'DELETE', oldObject: bad, object: null },
      { operation: 'CONNECT' },
      { operation: 'UPDATE', subResource: 'status' },
      { kind },
    ] as const) {
      assert.deepEqual(answer(asked(bad, changes)), { allowed: true }, JSON.stringify(changes));
    }
  });
});

describe('what other objects lack', () => {
  const world = foldWorld(emptyWorld, [{ type: 'put', object: service('catalog') }]);

  test('is a warning: a route may be applied before its Service', () => {
    const { allowed, warnings = [] } = answer(asked(good), emptyWorld);
    assert.equal(allowed, true);
    assert.deepEqual(warnings, [
      'TrafficRoute shop/catalog: There is no Service shop/catalog: create it, or correct ' +
        'spec.targetRef',
    ]);
  });

  test('is named with its place where it is a backend', () => {
    const { warnings } = answer(asked(route({ backends: [{ service: 'catalog-v2' }] })), world);
    assert.deepEqual(warnings, [
      'TrafficRoute shop/catalog: rules[0]: Service shop/catalog-v2 does not exist',
    ]);
  });

  test('is nothing where all is there, or the world is not read yet', () => {
    assert.deepEqual(answer(asked(good), world), { allowed: true });
    assert.deepEqual(answer(asked(good), null), { allowed: true });
  });
});

function service(name: string) {
  const parsed = parseObject({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop' },
    spec: { ports: [{ port: 80 }] },
  });
  assert.ok(parsed.is === 'object');
  return parsed.object;
}
