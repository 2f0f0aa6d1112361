import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Outbox } from './outbox.ts';

describe('an outbox', () => {
  test('keeps only the newest line of a destination that waits', () => {
    const outbox = new Outbox();
    for (let version = 1; version <= 1_000; version++) outbox.put('catalog', `v${version}`);
    outbox.put('cart', 'v1');
    assert.equal(outbox.size, 2);
    const written: string[] = [];
    outbox.drain((line) => written.push(line) > 0);
    assert.deepEqual(written, ['v1000', 'v1']);
  });

  test('stops when the socket takes no more, and goes on from there', () => {
    const outbox = new Outbox();
    for (const name of ['a', 'b', 'c']) outbox.put(name, name);
    const written: string[] = [];
    outbox.drain((line) => {
      written.push(line);
      return false;
    });
    assert.deepEqual(written, ['a']);
    outbox.drain((line) => written.push(line) > 0);
    assert.deepEqual(written, ['a', 'b', 'c']);
  });
});
