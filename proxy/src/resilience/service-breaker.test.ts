/** When a service is taken for silent, and by what it is heard again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ServiceBreaker } from './service-breaker.ts';

function missTimes(breaker: ServiceBreaker, count: number, nowMs: number): boolean[] {
  return Array.from({ length: count }, () => breaker.onMiss(nowMs));
}

describe('the breaker of a service', () => {
  test('opens with the fifth miss in a row, once nobody has answered for 250 ms', () => {
    const breaker = new ServiceBreaker(0);
    assert.deepEqual(missTimes(breaker, 5, 250), [false, false, false, false, true]);
    assert.equal(breaker.opened, 1);
  });

  test('stays closed within 250 ms of an answer, however many miss', () => {
    const breaker = new ServiceBreaker(0);
    breaker.onAnswer(1_000);
    missTimes(breaker, 100, 1_249);
    assert.equal(breaker.isOpen, false);
    assert.equal(breaker.onMiss(1_250), true);
  });

  test('forgets its misses with every answer', () => {
    const breaker = new ServiceBreaker(0);
    missTimes(breaker, 4, 1_000);
    breaker.onAnswer(1_000);
    missTimes(breaker, 4, 2_000);
    assert.equal(breaker.isOpen, false);
  });

  test('closes with one answer, and says so once', () => {
    const breaker = new ServiceBreaker(0);
    missTimes(breaker, 5, 1_000);
    assert.equal(breaker.onAnswer(2_000), true);
    assert.equal(breaker.onAnswer(2_000), false);
  });

  test('has one probe at a time, also over a close and a second opening', () => {
    const breaker = new ServiceBreaker(0);
    missTimes(breaker, 5, 1_000);
    assert.deepEqual([breaker.tryProbe(), breaker.tryProbe()], [true, false]);
    breaker.onAnswer(2_000);
    missTimes(breaker, 5, 3_000);
    assert.equal(breaker.tryProbe(), false);
    breaker.onProbeDone();
    assert.equal(breaker.tryProbe(), true);
  });
});
