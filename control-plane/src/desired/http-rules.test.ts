import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type HttpRoute, type MeshObject, parseObject } from '@remora/api/config/objects.ts';
import fc from 'fast-check';
import { emptyWorld, foldWorld, type World } from '../world.ts';
import { WorldCompiler } from './compiler.ts';
import { readRules } from './http-rules.ts';
import { destinationConfig } from './proxy-config.ts';

const metadata = { name: 'echo', namespace: 'shop' };
const API_VERSION = 'gateway.networking.k8s.io/v1';
const PARENT = { group: '', kind: 'Service', name: 'echo', namespace: 'shop' };

function objectOf(value: object): MeshObject {
  const parsed = parseObject(value);
  assert(parsed.is === 'object', JSON.stringify(parsed));
  return parsed.object;
}

function httpRouteOf(rules: readonly object[], namespace = 'shop'): HttpRoute {
  const spec = { parentRefs: [PARENT], rules };
  const whole = {
    apiVersion: API_VERSION,
    kind: 'HTTPRoute',
    metadata: { ...metadata, namespace },
  };
  const object = objectOf({ ...whole, spec });
  assert(object.kind === 'HTTPRoute');
  return object;
}

function trafficRouteOf(rules: readonly object[]): MeshObject {
  const spec = { targetRef: { name: 'echo' }, rules };
  return objectOf({ apiVersion: 'remora.dev/v1alpha1', kind: 'TrafficRoute', metadata, spec });
}

function worldWith(object: MeshObject): World {
  const services = ['echo', 'v1', 'v2'].map((name) => {
    const spec = { ports: [{ port: 80 }] };
    return objectOf({ apiVersion: 'v1', kind: 'Service', metadata: { ...metadata, name }, spec });
  });
  return foldWorld(
    emptyWorld,
    [...services, object].map((each) => ({ type: 'put', object: each }) as const),
  );
}

/** The messages of the faults of one rule. */
function faultsOf(rule: object): readonly string[] {
  const { faults } = readRules(httpRouteOf([rule]));
  return [...faults.values()].flat().map(({ reason, message }) => `${reason} ${message}`);
}

/** One rule in both spellings. */
interface Spelled {
  readonly ours: object;
  readonly theirs: object;
}

const path = fc.constantFrom('/', '/a', '/a/b', '/b');
const anyPath = fc.record({ value: path, type: fc.constantFrom('Exact', 'PathPrefix') });
const anyValue = fc.constantFrom('1', 'two');
const anyName = fc.constantFrom('x-a', 'X-B');
const anyMatch = fc.record({
  path: anyPath,
  method: fc.option(fc.constantFrom('GET', 'POST'), { nil: undefined }),
  headers: fc.dictionary(anyName, anyValue, { maxKeys: 2 }),
  query: fc.dictionary(anyName, anyValue, { maxKeys: 2 }),
});
const anyRule = fc
  .record({
    matches: fc.array(anyMatch, { maxLength: 3 }),
    weights: fc.array(fc.nat(100), { minLength: 1, maxLength: 2 }),
    edits: fc.record({ set: fc.option(anyValue), add: fc.option(anyValue) }),
    full: fc.option(path),
    seconds: fc.option(fc.nat(3_600), { nil: undefined }),
    mirrors: fc.array(fc.nat(100), { maxLength: 2 }),
  })
  .map(({ matches, weights, edits, full, seconds, mirrors }): Spelled => {
    const backends = weights.map((weight, at) => [`v${at + 1}`, weight] as const);
    const pairs = (values: Readonly<Record<string, string>>) => Object.entries(values);
    const set: Record<string, string> = edits.set === null ? {} : { 'x-set': edits.set };
    const add: Record<string, string> = edits.add === null ? {} : { 'x-add': edits.add };
    const headers = [set, add].map((all) => pairs(all).map(([name, value]) => ({ name, value })));
    const ours = {
      matches: matches.map((match) => ({
        method: match.method,
        path: { [match.path.type === 'Exact' ? 'exact' : 'prefix']: match.path.value },
        headers: pairs(match.headers).map(([name, exact]) => ({ name, exact })),
        query: pairs(match.query).map(([name, exact]) => ({ name, exact })),
      })),
      backends: backends.map(([service, weight]) => ({ service, weight, port: 80 })),
      requestHeaders: { set, add },
      ...(full !== null && { rewrite: { path: { full } } }),
      ...(seconds !== undefined && { timeouts: { request: `${seconds}s` } }),
      mirror: mirrors.map((percent) => ({ service: 'v2', port: 80, percent })),
    };
    const mirrorOf = (percent: number) => ({ backendRef: { name: 'v2', port: 80 }, percent });
    const theirs = {
      matches: matches.map((match) => ({
        method: match.method,
        path: match.path,
        headers: pairs(match.headers).map(([name, value]) => ({ name, value })),
        queryParams: pairs(match.query).map(([name, value]) => ({ name, value })),
      })),
      backendRefs: backends.map(([name, weight]) => ({ name, weight, port: 80 })),
      filters: [
        {
          type: 'RequestHeaderModifier',
          requestHeaderModifier: { set: headers[0], add: headers[1] },
        },
        ...(full === null
          ? []
          : [
              {
                type: 'URLRewrite',
                urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath: full } },
              },
            ]),
        ...mirrors.map((percent) => ({
          type: 'RequestMirror',
          requestMirror: mirrorOf(percent),
        })),
      ],
      timeouts: { request: seconds === undefined ? undefined : `${seconds}s` },
    };
    // Undefined is not YAML's.
    return JSON.parse(JSON.stringify({ ours, theirs }));
  });

describe('a rule of an HTTPRoute', () => {
  test('property: compiles to what the same rule of a TrafficRoute does', () => {
    fc.assert(
      fc.property(fc.array(anyRule, { minLength: 1, maxLength: 3 }), (rules) => {
        const [ours, theirs] = [
          trafficRouteOf(rules.map((rule) => rule.ours)),
          httpRouteOf(rules.map((rule) => rule.theirs)),
        ].map((object) => {
          return { ...destinationConfig(worldWith(object), 'echo.shop:80', 'shop'), sources: [] };
        });
        assert.deepEqual(theirs, ours);
      }),
    );
  });

  test('may not edit one header in two ways, whatever its case', () => {
    const modifier = { set: [{ name: 'X-A', value: '1' }], remove: ['x-a'] };
    const filter = { type: 'ResponseHeaderModifier', responseHeaderModifier: modifier };
    assert.deepEqual(faultsOf({ filters: [filter] }), [
      'UnsupportedValue rules[0].filters: "x-a" is edited in two ways',
    ]);
  });

  test('may not edit what frames a message, nor break a line', () => {
    const edits = { 'Transfer-Encoding': 'chunked', 'x-a': 'b\r\nx-c: d' };
    for (const [name, value] of Object.entries(edits)) {
      const filter = { requestHeaderModifier: { set: [{ name, value }] } };
      const filters = [{ type: 'RequestHeaderModifier', ...filter }];
      assert.match(faultsOf({ filters })[0] ?? '', /^UnsupportedValue rules\[0\]\.filters: /, name);
    }
  });

  test('may not send anybody to a path that breaks the line or has no slash', () => {
    for (const to of ['/a\r\nx-b: c', 'new']) {
      const modifier = { type: 'ReplaceFullPath', replaceFullPath: to };
      const filters = [{ type: 'RequestRedirect', requestRedirect: { path: modifier } }];
      assert.equal(faultsOf({ filters }).length, 1, to);
    }
  });

  test('replaces a prefix only where every match has one', () => {
    const rewrite = { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/b' } };
    const filters = [{ type: 'URLRewrite', urlRewrite: rewrite }];
    const at = (type: string) => [{ path: { type, value: '/a' } }];
    assert.deepEqual(faultsOf({ filters, matches: at('PathPrefix') }), []);
    assert.deepEqual(faultsOf({ filters, matches: [...at('PathPrefix'), ...at('Exact')] }), [
      'UnsupportedValue rules[0].filters: ReplacePrefixMatch needs matches of type PathPrefix',
    ]);
  });

  test('has each filter once, but for mirrors', () => {
    const mirror = { requestMirror: { backendRef: { name: 'v1', port: 80 } } };
    const mirrors = Array.from({ length: 2 }, () => ({ type: 'RequestMirror', ...mirror }));
    assert.deepEqual(faultsOf({ filters: mirrors }), []);
    const rewrites = Array.from({ length: 2 }, () => ({ type: 'URLRewrite', urlRewrite: {} }));
    assert.deepEqual(faultsOf({ filters: rewrites }), [
      'IncompatibleFilters rules[0].filters: URLRewrite is there twice',
    ]);
  });

  test('of a filter says what its type promises', () => {
    assert.deepEqual(faultsOf({ filters: [{ type: 'RequestMirror' }] }), [
      'UnsupportedValue rules[0].filters: RequestMirror has no requestMirror',
    ]);
  });

  test('has a redirect or backends', () => {
    const filters = [{ type: 'RequestRedirect', requestRedirect: {} }];
    assert.match(
      faultsOf({ filters, backendRefs: [{ name: 'v1', port: 80 }] })[0] ?? '',
      /^IncompatibleFilters rules\[0\]\.filters: RequestRedirect asks no backend/,
    );
  });
});

describe("a consumer's HTTPRoute", () => {
  test('makes its namespace an audience of its own, and needs no grant to its parent', () => {
    const backendRefs = [{ name: 'echo', namespace: 'shop', port: 80 }];
    const route = httpRouteOf([{ backendRefs, timeouts: { request: '2s' } }], 'blog');
    const compiler = new WorldCompiler(worldWith(route));
    assert.equal(compiler.compile('echo.shop:80', 'shop')?.matches, null);
    const [rule] = compiler.compile('echo.shop:80', 'blog')?.rules ?? [];
    assert.equal(rule?.timeouts.requestMs, 2_000);
    assert.equal(rule?.backends[0]?.backend, 'echo.shop:80');
  });

  test('needs a grant to every other Service', () => {
    const backendRefs = [{ name: 'v1', namespace: 'shop', port: 80 }];
    const compiler = new WorldCompiler(worldWith(httpRouteOf([{ backendRefs }], 'blog')));
    const [rule] = compiler.compile('echo.shop:80', 'blog')?.rules ?? [];
    assert.match(rule?.backends[0]?.invalid ?? '', /^no ReferenceGrant in shop/);
  });
});
