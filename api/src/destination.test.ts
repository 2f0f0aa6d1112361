import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { destinationKey, formatAddress, formatKey, parseAddress } from './destination.ts';

const NAMES: readonly (readonly [authority: string, key: string])[] = [
  ['catalog', 'catalog.shop:80'],
  ['catalog:8080', 'catalog.shop:8080'],
  ['catalog.blog', 'catalog.blog:80'],
  ['catalog.blog:1', 'catalog.blog:1'],
  ['catalog.blog.svc', 'catalog.blog:80'],
  ['catalog.blog.svc:65535', 'catalog.blog:65535'],
  ['catalog.blog.svc.cluster.local', 'catalog.blog:80'],
  ['catalog.blog.svc.cluster.local.', 'catalog.blog:80'],
  ['catalog.', 'catalog.shop:80'],
  ['CATALOG.Blog.SVC.Cluster.Local:080', 'catalog.blog:80'],
];

const STRANGERS: readonly string[] = [
  '',
  '.',
  ':80',
  'catalog:',
  'catalog:0',
  'catalog:65536',
  'catalog:8o',
  'catalog:-1',
  'catalog:1e3',
  'catalog..blog',
  '-catalog',
  'catalog-',
  'cat_alog',
  'cat alog',
  'user@catalog',
  'catalog.blog.svc.cluster',
  'catalog.blog.pod',
  'api.example.com',
  'catalog.blog.svc.cluster.local.example.com',
  '127.0.0.1',
  '127.0.0.1:80',
  '[::1]',
  '[::1]:80',
  '::1',
  'a'.repeat(64),
];

describe('a destination', () => {
  for (const [authority, key] of NAMES) {
    test(`${authority} means ${key} to a client in shop`, () => {
      assert.equal(destinationKey(authority, 'shop'), key);
    });
  }

  for (const authority of STRANGERS) {
    test(`"${authority.slice(0, 50)}" can be no Service`, () => {
      assert.equal(destinationKey(authority, 'shop'), null);
    });
  }

  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
  const suffix = fc.constantFrom('', '.svc', '.svc.cluster.local', '.svc.cluster.local.');
  const port = fc.integer({ min: 1, max: 65_535 });

  test('property: every spelling of a name in any case means the same key', () => {
    fc.assert(
      fc.property(label, label, suffix, port, fc.boolean(), (name, namespace, end, number, up) => {
        const authority = `${name}.${namespace}${end}:${number}`;
        const spelled = up ? authority.toUpperCase() : authority;
        assert.equal(destinationKey(spelled, 'elsewhere'), formatKey(name, namespace, number));
      }),
    );
  });

  test('property: a key is its own authority, and any text is a key or null', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 300 }), label), (authority) => {
        const key = destinationKey(authority, 'shop');
        if (key !== null) assert.equal(destinationKey(key, 'elsewhere'), key);
      }),
    );
  });
});

test('an address is a key of its own, in both families, and never a name', () => {
  for (const [address, port, key] of [
    ['10.96.0.7', 80, '10.96.0.7:80'],
    ['fd00::7', 8080, '[fd00::7]:8080'],
  ] as const) {
    assert.equal(formatAddress(address, port), key);
    assert.deepEqual(parseAddress(key), { address, port });
    assert.equal(destinationKey(key, 'shop'), null);
  }
  for (const name of ['catalog.shop:80', 'catalog:80', '10.96.0.7', '10.96.0.7:0', '[::1]']) {
    assert.equal(parseAddress(name), null, name);
  }
});
