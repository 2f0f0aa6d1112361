/** What a request that took another rule, or none, is told of the one it missed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MatchConfig, ValueMatchConfig } from '@remora/api/wire.ts';
import * as limits from '../limits.ts';
import type { RouteMatcher, Rule } from './compiled.ts';
import { headOf } from './head-fixture.ts';
import { loadRegexEngine } from './regex.ts';
import { compileRouteTable } from './route-table.ts';

const identity = { name: 'storefront-0', namespace: 'shop', workload: 'storefront' };
const regex = await loadRegexEngine();
const anything = { path: null, method: null, headers: [], query: [], source: null };

/** Each match is a rule of its own, called by its place. */
function tableOf(...matches: readonly Partial<MatchConfig>[]): RouteMatcher {
  const rules = matches.map((_, index) => ({ id: String(index) }) as Rule);
  const configs = matches.map((match, rule) => ({ ...anything, ...match, rule }));
  const work = compileRouteTable(configs, rules, { identity, regex });
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

function header(name: string, value: string, type: ValueMatchConfig['type'] = 'exact') {
  return { headers: [{ name, type, value }] };
}

const items = { path: { type: 'prefix', value: '/items' } } as const;

describe('the nearest rule', () => {
  test('is none where the first one took the request', () => {
    assert.equal(tableOf(items, {}).nearest(headOf('/items/1')), null);
  });

  test('says what the header was, and what it should have been', () => {
    const table = tableOf({ ...items, ...header('x-canary', 'yes') }, items);
    const head = headOf('/items', { fields: [['X-Canary', 'no']] });
    const why = 'header x-canary is "no", not "yes"';
    assert.deepEqual(table.nearest(head), { rule: '0', why });
    const missing = { rule: '0', why: 'header x-canary is missing' };
    assert.deepEqual(table.nearest(headOf('/items')), missing);
  });

  test('is not one of worse precedence than the rule that took it', () => {
    const table = tableOf(items, { ...items, ...header('x-canary', 'yes') });
    assert.equal(table.nearest(headOf('/items')), null);
  });

  test('is the one that most of held, not the first', () => {
    const table = tableOf(
      { path: { type: 'exact', value: '/carts' }, method: 'POST' },
      { ...items, method: 'POST' },
      { method: 'POST' },
    );
    const why = 'method is GET, not POST';
    assert.deepEqual(table.nearest(headOf('/items')), { rule: '1', why });
  });

  test('says what was wrong with a path or a query', () => {
    const cases: readonly [Partial<MatchConfig>, string][] = [
      [{ path: { type: 'exact', value: '/a' } }, 'path is /b, not /a'],
      [{ path: { type: 'prefix', value: '/a/' } }, 'path /b is not under /a/'],
      [{ path: { type: 'regex', value: '/a+' } }, 'path /b does not match /a+'],
      [{ query: [{ name: 'q', type: 'exact', value: '1' }] }, 'query parameter q="1" is not there'],
      [{ query: [{ name: 'q', type: 'present', value: '' }] }, 'query parameter q is not there'],
      [header('x-a', '^z', 'regex'), 'header x-a is "y": no match'],
    ];
    const head = headOf('/b?q=2', { fields: [['x-a', 'y']] });
    for (const [match, why] of cases.slice(0, 4)) {
      assert.deepEqual(tableOf(match).nearest(head), { rule: '0', why });
    }
    assert.equal(tableOf(cases[4]![0]).nearest(headOf('/b'))?.why, cases[4]![1]);
    assert.equal(tableOf(cases[5]![0]).nearest(head)?.why, cases[5]![1]);
  });

  test('a prefix does not hold in the middle of a segment', () => {
    assert.equal(tableOf(items).nearest(headOf('/items2'))?.rule, '0');
    assert.equal(tableOf(items).nearest(headOf('/items')), null);
  });

  test('is looked for among so many only', () => {
    const others = Array.from({ length: limits.nearestMatchesMax }, () => header('x', 'y'));
    const table = tableOf(...others, { ...items, ...header('x', 'y') });
    assert.equal(table.nearest(headOf('/items'))?.rule, '0');
  });
});
