/** What is remembered of servers that spoke first, and for how long. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../clock.ts';
import * as limits from '../limits.ts';
import { ServerFirst } from './server-first.ts';

describe('a destination whose server spoke first', () => {
  test('is remembered for its time and no longer', () => {
    const clock = new ManualClock();
    const memory = new ServerFirst(clock);
    memory.add('10.96.0.7:3306');
    clock.advanceMs(limits.serverFirstMs - 1);
    assert.equal(memory.has('10.96.0.7:3306'), true);
    assert.equal(memory.has('10.96.0.7:80'), false);
    clock.advanceMs(1);
    assert.equal(memory.has('10.96.0.7:3306'), false);
  });

  test('gives way when there are too many, the one seen longest ago first', () => {
    const memory = new ServerFirst(new ManualClock());
    memory.add('first');
    memory.add('second');
    memory.add('first');
    for (let at = 0; at < limits.serverFirstMax - 1; at++) memory.add(`other ${at}`);
    assert.equal(memory.has('second'), false);
    assert.equal(memory.has('first'), true);
  });
});
