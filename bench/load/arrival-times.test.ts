/** Claims about the arrivals of the open-loop generator. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrivalTimes } from './arrival-times.ts';

function gapsOf(times: Float64Array): number[] {
  return Array.from(times.subarray(1), (atMs, before) => atMs - times[before]!);
}

test('as many requests arrive as the rate says, within four standard deviations', () => {
  const wanted = 2_000 * 30;
  const count = arrivalTimes(2_000, 30, 1).length;
  assert.ok(Math.abs(count - wanted) < 4 * Math.sqrt(wanted), String(count));
});

test('gaps are exponential: their deviation equals their mean, and 37% exceed it', () => {
  const gaps = gapsOf(arrivalTimes(1_000, 60, 2));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  const above = gaps.filter((gap) => gap > mean).length / gaps.length;
  assert.ok(Math.abs(Math.sqrt(variance) / mean - 1) < 0.03);
  assert.ok(Math.abs(above - Math.exp(-1)) < 0.01);
});

test('the same seed gives the same arrivals, another seed others', () => {
  assert.deepEqual(arrivalTimes(500, 1, 3), arrivalTimes(500, 1, 3));
  assert.notDeepEqual(arrivalTimes(500, 1, 3), arrivalTimes(500, 1, 4));
});

test('arrivals ascend and end before the time is over', () => {
  const times = arrivalTimes(500, 2, 5);
  assert.ok(gapsOf(times).every((gap) => gap >= 0));
  assert.ok(times.at(-1)! < 2_000);
});
