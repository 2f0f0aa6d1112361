/**
 * Claims about `route-table.ts`. The reference is the definition: walk the sorted list.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MatchConfig, ValueMatchConfig } from '@remora/api/wire.ts';
import fc from 'fast-check';
import type { Head } from '../http1/head.ts';
import type { RouteMatcher, Rule } from './compiled.ts';
import { headOf, type RequestParts } from './head-fixture.ts';
import { loadRegexEngine, noRegexEngine } from './regex.ts';
import { compileRouteTable } from './route-table.ts';

const identity = { name: 'storefront-0', namespace: 'shop', workload: 'storefront' };
const regex = await loadRegexEngine();
const anything: MatchConfig = {
  rule: 0,
  path: null,
  method: null,
  headers: [],
  query: [],
  source: null,
};

/** Rules that only their id tells apart: matching reads nothing else of them. */
function rulesFor(count: number): readonly Rule[] {
  return Array.from({ length: count }, (_, index) => ({ id: String(index) }) as Rule);
}

/** Each match its own rule, in the order given. */
function tableOf(matches: readonly Partial<MatchConfig>[]): RouteMatcher {
  const configs = matches.map((match, rule) => ({ ...anything, ...match, rule }));
  return drive(compileRouteTable(configs, rulesFor(configs.length), { identity, regex }));
}

function drive<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

function ruleOf(table: RouteMatcher, head: Head): string | undefined {
  return table.match(head)?.rule.id;
}

function prefix(value: string): Partial<MatchConfig> {
  return { path: { type: 'prefix', value } };
}

function exact(value: string): Partial<MatchConfig> {
  return { path: { type: 'exact', value } };
}

describe('a prefix', () => {
  for (const value of ['/foo', '/foo/']) {
    const table = tableOf([prefix(value)]);
    for (const path of ['/foo', '/foo/', '/foo/x', '/foo?q', '/foo//x']) {
      test(`${value} matches ${path}`, () => assert.equal(ruleOf(table, headOf(path)), '0'));
    }
    for (const path of ['/', '/foobar', '/fo', '/Foo', '/x/foo', '/foo%2Fx']) {
      test(`${value} does not match ${path}`, () => assert.equal(table.match(headOf(path)), null));
    }
  }

  test('of a slash matches every path, and the asterisk', () => {
    const table = tableOf([prefix('/')]);
    assert.equal(ruleOf(table, headOf('/')), '0');
    assert.equal(ruleOf(table, headOf('/a/b')), '0');
    assert.equal(ruleOf(table, headOf('*', { method: 'OPTIONS' })), '0');
  });

  test('says how much of the path it covers, without a trailing slash', () => {
    const table = tableOf([prefix('/foo/bar/'), exact('/e'), prefix('/')]);
    assert.equal(table.match(headOf('/foo/bar/x'))?.prefixLength, 8);
    assert.equal(table.match(headOf('/e'))?.prefixLength, 0);
    assert.equal(table.match(headOf('/other'))?.prefixLength, 0);
  });

  test('in the configuration is compared in the canonical spelling of requests', () => {
    const table = tableOf([prefix('/caf%c3%a9/./a/../menü'), exact('/%7Euser')]);
    assert.equal(ruleOf(table, headOf('/caf%C3%A9/men%c3%bc/1')), '0');
    assert.equal(ruleOf(table, headOf('/~user')), '1');
    assert.equal(ruleOf(table, headOf('/%7euser')), '1');
  });
});

describe('precedence', () => {
  test('is the order given: a later match never wins over an earlier one that holds', () => {
    const table = tableOf([prefix('/a'), exact('/a/b'), prefix('/a/b')]);
    assert.equal(ruleOf(table, headOf('/a/b')), '0');
  });

  test('a match whose conditions fail yields to the next, across exact, prefix and regex', () => {
    const canary: readonly ValueMatchConfig[] = [{ name: 'x-c', type: 'present', value: '' }];
    const table = tableOf([
      { ...exact('/a/b'), method: 'POST' },
      { path: { type: 'regex', value: '/a/[0-9]+' } },
      { ...prefix('/a/b'), headers: canary },
      prefix('/a'),
      {},
    ]);
    assert.equal(ruleOf(table, headOf('/a/b', { method: 'POST' })), '0');
    assert.equal(ruleOf(table, headOf('/a/77')), '1');
    assert.equal(ruleOf(table, headOf('/a/b', { fields: [['X-C', '']] })), '2');
    assert.equal(ruleOf(table, headOf('/a/b')), '3');
    assert.equal(ruleOf(table, headOf('/z')), '4');
  });

  test('nothing that holds is no rule', () => {
    assert.equal(tableOf([]).match(headOf('/a')), null);
    assert.equal(tableOf([exact('/b')]).match(headOf('/a')), null);
  });
});

describe('a source', () => {
  test('other than this proxy drops the match when compiling', () => {
    const table = tableOf([
      { source: { namespace: 'other' } },
      { source: { namespace: 'shop', workload: 'cart' } },
      { source: { namespace: 'shop', workload: 'storefront' } },
      {},
    ]);
    assert.equal(ruleOf(table, headOf('/')), '2');
  });
});

describe('compiling', () => {
  test('a thousand routes yields often, and never sits on more than 64 matches', () => {
    const matches = Array.from({ length: 1_000 }, (_, rule) => ({
      ...anything,
      ...prefix(`/service-${rule}`),
      rule,
    }));
    const work = compileRouteTable(matches, rulesFor(1_000), { identity, regex });
    let yields = 0;
    while (work.next().done !== true) yields++;
    assert.ok(yields >= 15, `${yields} yields`);
  });

  test('refuses with the reason what it cannot compile', () => {
    assert.throws(() => tableOf([exact('/a%5Cb')]), /\/a%5Cb: backslash/);
    assert.throws(() => tableOf([prefix('a')]), /path a does not begin with a slash/);
    assert.throws(() => tableOf([{ path: { type: 'regex', value: '(' } }]), /missing closing/);
    const patterns = Array.from({ length: 257 }, () => ({
      path: { type: 'regex', value: 'x' } as const,
    }));
    assert.throws(() => tableOf(patterns), /over 256 path regexes/);
    const needsEngine = [{ ...anything, path: { type: 'regex', value: 'x' } as const }];
    const without = { identity, regex: noRegexEngine };
    assert.throws(() => drive(compileRouteTable(needsEngine, rulesFor(1), without)), /not loaded/);
  });
});

const segment = fc.constantFrom('a', 'b', 'ab', '', 'c%2Fd');
const path = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`);
const pathMatch: fc.Arbitrary<MatchConfig['path']> = fc.oneof(
  fc.record({ type: fc.constantFrom('exact' as const, 'prefix' as const), value: path }),
  fc.record({
    type: fc.constant('regex' as const),
    value: fc.constantFrom('/a.*', '/(a|b)/.+', '/', '.*b'),
  }),
  fc.constant(null),
);
const valueMatch = fc.array(
  fc.record({
    name: fc.constantFrom('x', 'y'),
    type: fc.constantFrom('exact' as const, 'present' as const),
    value: fc.constantFrom('1', '2'),
  }),
  { maxLength: 1 },
);
const anyMatch = fc.record({
  path: pathMatch,
  method: fc.constantFrom(null, null, 'GET', 'PURGE'),
  headers: valueMatch,
  query: valueMatch,
});
const anyRequest = fc.record({
  path,
  query: fc.constantFrom('', '?x=1', '?x=2&x=1', '?y', '?x=2&y=1'),
  method: fc.constantFrom('GET', 'POST', 'PURGE', 'BAN'),
  fields: fc.array(fc.tuple(fc.constantFrom('x', 'Y'), fc.constantFrom('1', '2')), {
    maxLength: 2,
  }),
});

type AnyMatch = typeof anyMatch extends fc.Arbitrary<infer T> ? T : never;
type AnyRequest = typeof anyRequest extends fc.Arbitrary<infer T> ? T : never;

/** The definition, on text. */
function referenceHolds(match: AnyMatch, request: AnyRequest): boolean {
  if (!referencePath(match.path, request.path)) return false;
  if (match.method !== null && match.method !== request.method) return false;
  const fields = match.headers.every((wanted) => {
    const values = request.fields
      .filter(([name]) => name.toLowerCase() === wanted.name)
      .map(([, value]) => value);
    return values.length > 0 && (wanted.type === 'present' || values.join(',') === wanted.value);
  });
  const parameters = new URLSearchParams(request.query);
  return (
    fields &&
    match.query.every((wanted) => {
      const value = parameters.get(wanted.name);
      return value !== null && (wanted.type === 'present' || value === wanted.value);
    })
  );
}

function referencePath(wanted: MatchConfig['path'], given: string): boolean {
  if (wanted === null) return true;
  if (wanted.type === 'exact') return given === wanted.value;
  if (wanted.type === 'regex') return new RegExp(`^(?:${wanted.value})$`).test(given);
  const stem = wanted.value.endsWith('/') ? wanted.value.slice(0, -1) : wanted.value;
  return given === stem || given.startsWith(`${stem}/`);
}

test('property: the table answers as walking the sorted list would', () => {
  fc.assert(
    fc.property(
      fc.array(anyMatch, { maxLength: 30 }),
      fc.array(anyRequest, { minLength: 1, maxLength: 8 }),
      (matches, requests) => {
        const table = tableOf(matches);
        for (const request of requests) {
          const parts: RequestParts = { method: request.method, fields: request.fields };
          const wanted = matches.findIndex((match) => referenceHolds(match, request));
          const got = ruleOf(table, headOf(request.path + request.query, parts));
          assert.equal(got, wanted === -1 ? undefined : String(wanted));
        }
      },
    ),
    { numRuns: 500 },
  );
});
