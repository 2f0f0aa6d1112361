/**
 * Claims about `conditions.ts`: what the Gateway API leaves open, decided.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MatchConfig, ValueMatchConfig } from '@remora/api/wire.ts';
import fc from 'fast-check';
import { compileConditions } from './conditions.ts';
import { headOf, type RequestParts } from './head-fixture.ts';
import { loadRegexEngine } from './regex.ts';

const regex = await loadRegexEngine();

function holds(match: Partial<MatchConfig>, target: string, parts: RequestParts = {}): boolean {
  const all = { rule: 0, path: null, method: null, headers: [], query: [], source: null };
  const conditions = compileConditions({ ...all, ...match }, regex);
  return conditions === null || conditions.hold(headOf(target, parts));
}

function wanted(name: string, type: ValueMatchConfig['type'], value = ''): ValueMatchConfig {
  return { name, type, value };
}

test('a match that asks nothing beyond its path compiles to nothing', () => {
  const nothing = { rule: 0, path: null, method: null, headers: [], query: [], source: null };
  assert.equal(compileConditions(nothing, regex), null);
});

test('a method is compared whole, also one that no standard knows', () => {
  assert.ok(holds({ method: 'GET' }, '/'));
  assert.ok(!holds({ method: 'GET' }, '/', { method: 'POST' }));
  assert.ok(holds({ method: 'PURGE' }, '/', { method: 'PURGE' }));
  assert.ok(!holds({ method: 'PURGE' }, '/', { method: 'PURGED' }));
  assert.ok(!holds({ method: 'PURGE' }, '/', { method: 'UNBAN' }));
});

describe('a header', () => {
  const one = (type: ValueMatchConfig['type'], value = '') => ({
    headers: [wanted('X-User', type, value)],
  });
  const fields = (...values: string[]): RequestParts => ({
    fields: values.map((value) => ['x-uSER', value] as const),
  });

  test('is found in any case, its value compared in its own', () => {
    assert.ok(holds(one('exact', 'Alice'), '/', fields('Alice')));
    assert.ok(!holds(one('exact', 'Alice'), '/', fields('alice')));
    assert.ok(!holds(one('exact', 'Alice'), '/', fields('Alice2')));
    assert.ok(!holds(one('exact', 'Alice'), '/', fields('Alic')));
  });

  test('that is absent holds in no way, and an empty one is present', () => {
    for (const type of ['exact', 'regex', 'present'] as const) assert.ok(!holds(one(type), '/'));
    assert.ok(holds(one('present'), '/', fields('')));
    assert.ok(holds(one('exact', ''), '/', fields('')));
  });

  test('on several lines is its values joined by commas', () => {
    assert.ok(holds(one('exact', 'a,b'), '/', fields('a', 'b')));
    assert.ok(!holds(one('exact', 'a'), '/', fields('a', 'b')));
    assert.ok(!holds(one('exact', 'b'), '/', fields('a', 'b')));
    assert.ok(!holds(one('exact', 'a,'), '/', fields('a', 'b')));
    assert.ok(!holds(one('exact', 'a,b'), '/', fields('a', 'b', 'c')));
    assert.ok(holds(one('regex', 'a,b+'), '/', fields('a', 'bb')));
  });

  test('of cookies is joined by semicolons', () => {
    const cookies = { fields: [['cookie', 'a=1'] as const, ['Cookie', 'b=2'] as const] };
    assert.ok(holds({ headers: [wanted('cookie', 'exact', 'a=1; b=2')] }, '/', cookies));
  });

  test('regex has to match the whole value', () => {
    assert.ok(holds(one('regex', 'al.+'), '/', fields('alice')));
    assert.ok(!holds(one('regex', 'al'), '/', fields('alice')));
    assert.ok(holds(one('regex', 'é'), '/', fields('é')));
  });

  test('named twice in a match counts as first written', () => {
    const twice = { headers: [wanted('x-user', 'exact', 'a'), wanted('x-user', 'exact', 'b')] };
    assert.ok(holds(twice, '/', fields('a')));
  });
});

describe('a query parameter', () => {
  const q = (type: ValueMatchConfig['type'], value = '') => ({ query: [wanted('q', type, value)] });

  test('counts as first given', () => {
    assert.ok(holds(q('exact', '1'), '/?a=0&q=1&q=2'));
    assert.ok(!holds(q('exact', '2'), '/?q=1&q=2'));
  });

  test('is present without a value, and then its value is empty', () => {
    assert.ok(holds(q('present'), '/?q'));
    assert.ok(holds(q('exact', ''), '/?q'));
    assert.ok(holds(q('exact', ''), '/?q='));
    assert.ok(!holds(q('present'), '/?qq=1'));
    assert.ok(!holds(q('present'), '/?a=q'));
    assert.ok(!holds(q('present'), '/'));
    assert.ok(!holds({ query: [wanted('Q', 'present')] }, '/?q'));
  });

  test('is compared decoded, on both sides, so that no spelling evades a rule', () => {
    assert.ok(holds(q('exact', 'admin'), '/?q=%61dmin'));
    assert.ok(holds(q('exact', 'admin'), '/?%71=admin'));
    assert.ok(holds(q('exact', 'a b'), '/?q=a%20b'));
    assert.ok(holds(q('exact', 'a%20b'), '/?q=a%20b'));
    assert.ok(holds(q('exact', 'a=b&c'), '/?q=a=b%26c'));
    assert.ok(holds(q('exact', 'a+b'), '/?q=a+b'));
    assert.ok(holds(q('exact', '100%'), '/?q=100%'));
    assert.ok(holds(q('exact', '100%'), '/?q=100%25'));
    assert.ok(holds(q('regex', '[é ]+'), '/?q=%C3%A9%20'));
    assert.ok(!holds(q('exact', 'ab'), '/?q=ab%'));
  });
});

test('property: a parameter holds exactly when its first decoded value is the one wanted', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '=', '%', '&', ' ', 'é', '2', '5') });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(text, text), { maxLength: 5 }),
      text,
      text,
      (pairs, name, value) => {
        const query = pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
        const first = pairs.find((pair) => pair[0] === name)?.[1];
        // Encoded, so that a `%25` in the wanted text is not read as an escape.
        const match = wanted(encodeURIComponent(name), 'exact', encodeURIComponent(value));
        // An empty name is found in an empty query's only pair.
        fc.pre(name !== '');
        assert.equal(holds({ query: [match] }, `/?${query}`), first === value);
      },
    ),
    { numRuns: 500 },
  );
});
