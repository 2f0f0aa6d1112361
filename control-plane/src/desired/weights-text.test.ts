import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseObject, type TrafficRoute } from '@remora/api/config/objects.ts';
import { realisedText, wantedText } from './weights-text.ts';

function route(...rules: object[]): TrafficRoute {
  const parsed = parseObject({
    apiVersion: 'remora.dev/v1alpha1',
    kind: 'TrafficRoute',
    metadata: { name: 'catalog', namespace: 'shop' },
    spec: { targetRef: { name: 'catalog' }, rules },
  });
  assert.ok(parsed.is === 'object' && parsed.object.kind === 'TrafficRoute');
  return parsed.object;
}

function split(...weights: (number | undefined)[]): object {
  const backends = weights.map((weight, at) => {
    return { service: `v${at + 1}`, ...(weight !== undefined && { weight }) };
  });
  return { backends };
}

describe('the wanted shares', () => {
  test('are of the weights, whatever these add up to', () => {
    assert.equal(wantedText(route(split(90, 10))), 'v1 90%, v2 10%');
    assert.equal(wantedText(route(split(2, 1))), 'v1 66.7%, v2 33.3%');
  });

  test('take a weight that is left out for 1', () => {
    assert.equal(wantedText(route(split(undefined, 3))), 'v1 25%, v2 75%');
  });

  test('of nothing but zeros are zero, and of one in a million are not', () => {
    assert.equal(wantedText(route(split(0, 0))), 'v1 0%, v2 0%');
    assert.equal(wantedText(route(split(1_000_000, 1))), 'v1 100%, v2 <0.1%');
  });

  test('name the rule where there are several', () => {
    const named = { name: 'canary', ...split(1) };
    const text = wantedText(route(named, split(1), { redirect: { hostname: 'a' } }, {}));
    assert.equal(text, 'canary: v1 100%; 1: v1 100%; 2: redirect; 3: nowhere');
  });

  test('of very many rules end where the field does', () => {
    const rules = Array.from({ length: 64 }, () => split(1, 2, 3, 4, 5));
    const text = wantedText(route(...rules));
    assert.equal(text.length, 1_024);
    assert.ok(text.endsWith('…'));
  });
});

describe('the realised shares', () => {
  test('are of the requests, in the order of the wanted ones', () => {
    assert.equal(realisedText(route(split(90, 10)), [[897, 103]]), '89.7%, 10.3%');
  });

  test('are a dash where nothing was counted', () => {
    assert.equal(realisedText(route(split(90, 10)), []), '-');
    assert.equal(realisedText(route(split(1), split(1)), [[3]]), '0: 100%; 1: -');
  });
});
