/** Claims about `duplicate-scope.ts`. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import * as limits from '../limits.ts';
import { headOf, type RequestParts } from '../routing/head-fixture.ts';
import { digestOfBody, scopeOf } from './duplicate-scope.ts';
import { ReplayBlocks, ReplayBuffer } from './replay-buffer.ts';

const newHash = () => createHash('sha256');

type Fields = NonNullable<RequestParts['fields']>;
const key: Fields = [['Idempotency-Key', 'k-1']];

function scope(target: string, parts: RequestParts = {}, caller = 'shop/web'): string | null {
  return scopeOf(headOf(target, { method: 'POST', fields: key, ...parts }), caller, newHash);
}

const base = scope('/pay');

describe('two requests are of one scope', () => {
  test('when nothing tells them apart but other fields and spellings', () => {
    assert.notEqual(base, null);
    assert.equal(scope('/pay', { fields: [['accept', '*/*'], ...key] }), base);
    assert.equal(scope('/pay', { fields: [['IDEMPOTENCY-KEY', 'k-1']] }), base);
    assert.equal(scope('/pay', { host: 'CATALOG.shop:80' }), base);
    assert.equal(scope('/./p%61y'), base, 'the canonical path counts');
  });

  const others: Record<string, string | null> = {
    'another method': scope('/pay', { method: 'PATCH' }),
    'another authority': scope('/pay', { host: 'catalog.other' }),
    'another port': scope('/pay', { host: 'catalog.shop:8080' }),
    'another path': scope('/pay/1'),
    'a query': scope('/pay?x=1'),
    'an empty query': scope('/pay?'),
    'another caller': scope('/pay', {}, 'shop/admin'),
    'another key': scope('/pay', { fields: [['idempotency-key', 'k-2']] }),
    'a key in another case': scope('/pay', { fields: [['idempotency-key', 'K-1']] }),
    'a credential': scope('/pay', { fields: [...key, ['Authorization', 'Bearer a']] }),
    'another credential': scope('/pay', { fields: [...key, ['Authorization', 'Bearer b']] }),
    'a cookie': scope('/pay', { fields: [...key, ['Cookie', 'Bearer a']] }),
    'a second cookie': scope('/pay', {
      fields: [...key, ['Cookie', 'Bearer a'], ['cookie', 'b=1']],
    }),
  };
  for (const [name, other] of Object.entries(others)) {
    test(`not with ${name}`, () => assert.notEqual(other, base));
  }

  test('not when bytes move from one part to its neighbour', () => {
    const all = [base, ...Object.values(others)];
    assert.equal(new Set(all).size, all.length);
    assert.notEqual(scope('/pay?a=b'), scope('/pay', { fields: [['idempotency-key', 'a=bk-1']] }));
    const caller = scope('/pay', { fields: [['idempotency-key', '1']] }, 'k-');
    assert.notEqual(caller, scope('/pay', {}, ''));
  });
});

describe('a request is of no scope', () => {
  test('without a key, with an empty one, with two, or with one that is too long', () => {
    const long = 'k'.repeat(limits.idempotencyKeyBytesMax);
    assert.notEqual(scope('/pay', { fields: [['idempotency-key', long]] }), null);
    assert.equal(scope('/pay', { fields: [['idempotency-key', `${long}k`]] }), null);
    assert.equal(scope('/pay', { fields: [] }), null);
    assert.equal(scope('/pay', { fields: [['idempotency-key', '']] }), null);
    assert.equal(scope('/pay', { fields: [...key, ...key] }), null);
  });

  test('when it asks for another protocol', () => {
    const upgrade: Fields = [
      ['connection', 'upgrade'],
      ['upgrade', 'websocket'],
    ];
    assert.equal(scope('/pay', { method: 'GET', fields: [...key, ...upgrade] }), null);
  });
});

test('the digest of a body is of its bytes, wherever they are kept', () => {
  const body = Buffer.alloc(limits.replayBlockBytes + 100, 'body');
  const kept = new ReplayBuffer(new ReplayBlocks());
  kept.append(body, 50, body.length);
  const none = new ReplayBuffer(new ReplayBlocks());
  const digest = digestOfBody(body.subarray(0, 50), kept, newHash);
  assert.equal(digest, digestOfBody(body, none, newHash));
  assert.notEqual(digest, digestOfBody(body.subarray(1), none, newHash));
});
