/**
 * Claims about `config-path.ts`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { configPath } from './config-path.ts';
import { headOf } from './head-fixture.ts';

test('a path is spelled as the same path in a request is', () => {
  assert.equal(configPath('/caf%c3%a9').toString(), '/caf%C3%A9');
  assert.equal(configPath('/café').toString(), '/caf%C3%A9');
  assert.equal(configPath('/%41/./b/../c').toString(), '/A/c');
  assert.equal(configPath('/a//b%2fc').toString(), '/a//b%2Fc');
  assert.equal(configPath('/a b?c#d').toString(), '/a%20b%3Fc%23d');
});

test('a path that no request can have is refused by name', () => {
  assert.throws(() => configPath(''), /does not begin with a slash/);
  assert.throws(() => configPath('/a\\b'), /backslash/);
  assert.throws(() => configPath('/a%0'), /\/a%0: percent sign without two hex digits/);
  assert.throws(() => configPath('/a%00'), /NUL/);
});

test('property: a configured path is the canonical path of a request that encodes it', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', '.', '/', '~', 'é', ' ', '?', '#', '"', ':'),
  });
  fc.assert(
    fc.property(text, (rest) => {
      const target = `/${rest.split('/').map(encodeURIComponent).join('/')}`;
      const head = headOf(target);
      // Reserved characters keep their spelling: an encoded colon is not a colon.
      const configured = configPath(`/${rest.replaceAll(':', '%3A').replaceAll('"', '%22')}`);
      assert.equal(configured.toString(), head.text(head.pathStart, head.pathEnd));
    }),
  );
});
