import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { gatewayDuration } from './gateway-duration.ts';
import type { HttpRoute } from './http-route.ts';
import { parseObject } from './objects.ts';

const API_VERSION = 'gateway.networking.k8s.io/v1';
const metadata = { name: 'echo', namespace: 'shop' };

function parsed(spec: object): HttpRoute {
  const found = parseObject({ apiVersion: API_VERSION, kind: 'HTTPRoute', metadata, spec });
  assert(found.is === 'object' && found.object.kind === 'HTTPRoute', JSON.stringify(found));
  assert.deepEqual(found.warnings, []);
  return found.object;
}

describe('an HTTPRoute is read', () => {
  test('with a parentRef as it was written, fields of a newer release included', () => {
    const ref = { group: '', kind: 'Service', name: 'echo', port: 80, newer: { field: [1] } };
    const [read] = parsed({ parentRefs: [ref] }).spec.parentRefs;
    assert.deepEqual(read, ref);
  });

  test('with one rule for everything where it has none', () => {
    const { rules } = parsed({}).spec;
    assert.equal(rules.length, 1);
    assert.deepEqual(rules[0]?.matches, []);
  });

  test('with types that no release has had yet, since its status must say so', () => {
    const filters = [{ type: 'Teleport', teleport: {} }];
    const matches = [{ path: { type: 'Fuzzy', value: '/' }, method: 'BREW' }];
    assert.equal(parsed({ rules: [{ filters, matches }] }).spec.rules.length, 1);
  });

  test('in either of its versions, which have the same fields', () => {
    const apiVersion = 'gateway.networking.k8s.io/v1beta1';
    assert.equal(parseObject({ apiVersion, kind: 'HTTPRoute', metadata, spec: {} }).is, 'object');
  });

  test('and refused with the version that is known, where another is written', () => {
    const found = parseObject({ apiVersion: `${API_VERSION}alpha9`, kind: 'HTTPRoute', metadata });
    assert(found.is === 'mistaken');
    assert.match(found.problems[0]!.remedy, new RegExp(`${API_VERSION}$`));
  });

  test("and left alone where it is another group's", () => {
    const apiVersion = 'policy.linkerd.io/v1beta3';
    assert.equal(parseObject({ apiVersion, kind: 'HTTPRoute', metadata }).is, 'other');
  });
});

describe("the Gateway API's durations", () => {
  const schema = gatewayDuration();

  test('are the sum of their parts', () => {
    const cases = {
      '0s': 0,
      '10s': 10_000,
      '1m30s': 90_000,
      '1h1m1s1ms': 3_661_001,
      '90000ms': 9e4,
    };
    for (const [text, ms] of Object.entries(cases)) assert.equal(schema.parse(text), ms, text);
  });

  test('are refused without a unit, with a fraction, or in five parts', () => {
    for (const text of ['', '10', '1.5s', '-1s', '1d', '100000s', '1s1s1s1s1s']) {
      assert(!schema.safeParse(text).success, text);
    }
  });

  test('property: what is written part by part reads as the same number', () => {
    const part = fc.tuple(fc.nat(99_999), fc.constantFrom('h', 'm', 's', 'ms'));
    const unitMs = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
        const text = parts.map(([count, unit]) => `${count}${unit}`).join('');
        const ms = parts.reduce((sum, [count, unit]) => sum + count * unitMs[unit], 0);
        assert.equal(schema.parse(text), ms);
      }),
    );
  });
});
