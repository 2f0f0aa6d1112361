import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MatchConfig } from '@remora/api/wire.ts';
import fc from 'fast-check';
import { byPrecedence, type RankedMatch } from './precedence.ts';

const valueMatch = { name: 'x', type: 'exact', value: '1' } as const;

function ranked(match: Partial<MatchConfig>, route: Partial<RankedMatch> = {}): RankedMatch {
  const everything = { rule: 0, path: null, method: null, headers: [], query: [], source: null };
  const from = { namespace: 'shop', name: 'route', kind: 'TrafficRoute' } as const;
  const defaults = { createdAtMs: Infinity, ...from, order: 0 };
  return { match: { ...everything, ...match }, ...defaults, ...route };
}

const path = (type: 'exact' | 'regex' | 'prefix', value: string) => ({ path: { type, value } });

const inOrder: readonly (readonly [string, RankedMatch, RankedMatch])[] = [
  [
    'a short exact path beats a long regex',
    ranked(path('exact', '/')),
    ranked(path('regex', '/aaaa')),
  ],
  [
    'a short regex beats a long prefix',
    ranked(path('regex', '/')),
    ranked(path('prefix', '/aaaa')),
  ],
  ['a longer prefix beats a shorter', ranked(path('prefix', '/ab')), ranked(path('prefix', '/a'))],
  [
    'a longer prefix beats method and headers',
    ranked(path('prefix', '/ab')),
    ranked({ ...path('prefix', '/a'), method: 'GET', headers: [valueMatch] }),
  ],
  [
    'a method beats many headers',
    ranked({ method: 'GET' }),
    ranked({ headers: [valueMatch, valueMatch] }),
  ],
  [
    'one header beats many query parameters',
    ranked({ headers: [valueMatch] }),
    ranked({ query: [valueMatch, valueMatch] }),
  ],
  [
    'more headers beat fewer',
    ranked({ headers: [valueMatch, valueMatch] }),
    ranked({ headers: [valueMatch] }),
  ],
  ['more query parameters beat fewer', ranked({ query: [valueMatch] }), ranked({})],
  [
    'no path is the prefix /, so a method decides',
    ranked({ method: 'GET' }),
    ranked(path('prefix', '/')),
  ],
  [
    'the older route beats the name',
    ranked({}, { createdAtMs: 1, name: 'z' }),
    ranked({}, { createdAtMs: 2, name: 'a' }),
  ],
  ['a route with an age beats one without', ranked({}, { createdAtMs: 1 }), ranked({})],
  [
    'the namespace decides before the name',
    ranked({}, { namespace: 'a', name: 'z' }),
    ranked({}, { namespace: 'b', name: 'a' }),
  ],
  [
    'the name decides before the order',
    ranked({}, { name: 'a', order: 9 }),
    ranked({}, { name: 'b', order: 0 }),
  ],
  [
    'of two kinds with one name the HTTPRoute comes first',
    ranked({}, { kind: 'HTTPRoute', order: 9 }),
    ranked({}, { kind: 'TrafficRoute', order: 0 }),
  ],
  ['the order in the route decides last', ranked({}, { order: 1 }), ranked({}, { order: 2 })],
];

describe('precedence', () => {
  for (const [claim, first, second] of inOrder) {
    test(claim, () => {
      assert.ok(byPrecedence(first, second) < 0);
      assert.ok(byPrecedence(second, first) > 0);
    });
  }

  test('property: the order in which routes are read never changes the table', () => {
    const anyMatch = fc.record({
      path: fc.option(
        fc.record({
          type: fc.constantFrom('exact', 'regex', 'prefix'),
          value: fc.constantFrom('/', '/a', '/b', '/ab'),
        }),
      ),
      method: fc.option(fc.constantFrom('GET', 'PUT')),
      headers: fc.array(fc.constant(valueMatch), { maxLength: 2 }),
      query: fc.array(fc.constant(valueMatch), { maxLength: 2 }),
    });
    const route = fc.record({
      createdAtMs: fc.constantFrom(1, 2, Infinity),
      namespace: fc.constantFrom('a', 'b'),
      name: fc.constantFrom('a', 'b'),
      kind: fc.constantFrom('HTTPRoute', 'TrafficRoute'),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(anyMatch, route), { maxLength: 30 }), (pairs) => {
        const all = pairs.map(([match, from], order) => ranked(match, { ...from, order }));
        const sorted = [...all].sort(byPrecedence);
        assert.deepEqual([...all].reverse().sort(byPrecedence), sorted);
      }),
    );
  });
});
