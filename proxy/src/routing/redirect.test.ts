/**
 * Claims about `redirect.ts`, after the Gateway API's HTTPRequestRedirectFilter.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RedirectConfig } from '@remora/api/wire.ts';
import { headOf, type RequestParts } from './head-fixture.ts';
import { encodeRedirect, redirectLocation } from './redirect.ts';

const same: RedirectConfig = { status: 302, scheme: null, hostname: null, port: null, path: null };

interface Case extends RequestParts {
  readonly target?: string;
  readonly prefixLength?: number;
  readonly arrivedBy?: string;
}

function location(redirect: Partial<RedirectConfig>, given: Case = {}): string {
  const head = headOf(given.target ?? '/a', given);
  const compiled = encodeRedirect({ ...same, ...redirect });
  return redirectLocation(head, compiled, given.prefixLength ?? 0, given.arrivedBy ?? 'http');
}

describe('the port', () => {
  // The conformance suite's table: scheme, port and listener, and what the Location shows.
  const listen80 = { host: 'old' };
  const listen8080 = { host: 'old:8080' };
  const listen443 = { host: 'old', arrivedBy: 'https' };
  const rows: readonly (readonly [Partial<RedirectConfig>, Case, string])[] = [
    [{}, listen80, 'http://new/a'],
    [{ port: 80 }, listen80, 'http://new/a'],
    [{ port: 8080 }, listen80, 'http://new:8080/a'],
    [{ scheme: 'https' }, listen80, 'https://new/a'],
    [{ scheme: 'https', port: 443 }, listen80, 'https://new/a'],
    [{ scheme: 'https', port: 8443 }, listen80, 'https://new:8443/a'],
    [{}, listen8080, 'http://new:8080/a'],
    [{ port: 80 }, listen8080, 'http://new/a'],
    [{ scheme: 'https' }, listen8080, 'https://new/a'],
    [{ scheme: 'http' }, listen8080, 'http://new/a'],
    [{ scheme: 'http', port: 443 }, listen8080, 'http://new:443/a'],
    [{}, listen443, 'https://new/a'],
    [{ port: 443 }, listen443, 'https://new/a'],
    [{ port: 8443 }, listen443, 'https://new:8443/a'],
    [{ scheme: 'http' }, listen443, 'http://new/a'],
    [{ scheme: 'http', port: 8080 }, listen443, 'http://new:8080/a'],
    [{ port: 80 }, listen443, 'https://new:80/a'],
  ];
  for (const [redirect, given, wanted] of rows) {
    const asked = JSON.stringify(redirect);
    test(`${asked} on ${given.arrivedBy ?? 'http'} to ${given.host} shows ${wanted}`, () => {
      assert.equal(location({ hostname: 'new', ...redirect }, given), wanted);
    });
  }
});

describe('what a redirect leaves out', () => {
  test('hostname: the one asked for stays, with an IPv6 literal whole', () => {
    assert.equal(location({ scheme: 'https' }, { host: 'cart.shop:8080' }), 'https://cart.shop/a');
    assert.equal(location({}, { host: '[::1]:8080' }), 'http://[::1]:8080/a');
    assert.equal(location({ port: 81 }, { host: '[::1]' }), 'http://[::1]:81/a');
  });

  test('path: it stays, and the query stays in any case', () => {
    const given = { host: 'h', target: '/foo/bar?x=1&y' };
    assert.equal(location({}, given), 'http://h/foo/bar?x=1&y');
    const full = { path: { type: 'full', value: '/new' } } as const;
    assert.equal(location(full, given), 'http://h/new?x=1&y');
    assert.equal(location({}, { host: 'h', target: '/a?' }), 'http://h/a?');
  });

  test('the rest of the path after a prefix stays', () => {
    const prefix = { path: { type: 'prefix', value: '/new/' } } as const;
    const given = { host: 'h', target: '/foo/bar?q', prefixLength: 4 };
    assert.equal(location(prefix, given), 'http://h/new/bar?q');
    const empty = { path: { type: 'prefix', value: '' } } as const;
    assert.equal(location(empty, { host: 'h', target: '/foo', prefixLength: 4 }), 'http://h/');
  });
});

test('without any hostname the location is a path, and never one that names a host', () => {
  const given = { host: '', version: '1.0' };
  assert.equal(location({}, { ...given, target: '/a?b' }), '/a?b');
  assert.equal(location({}, { ...given, target: '//evil.example/x' }), '/.//evil.example/x');
});
