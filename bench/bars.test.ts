/** Claims about how figures are judged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from './bars.ts';

test('a figure at its bar passes, one just above fails', () => {
  assert.equal(judge({ cpuRatioEnvoy: 0.38 })[0]!.passed, true);
  assert.equal(judge({ cpuRatioEnvoy: 0.3801 })[0]!.passed, false);
});

test('a figure that could not be measured fails, and says so by its null', () => {
  const [verdict] = judge({ startMs: null });
  assert.equal(verdict!.passed, false);
  assert.equal(verdict!.value, null);
  assert.equal(judge({ p99RatioEnvoy: Number.NaN })[0]!.passed, false);
});

test('only what a question measured is judged', () => {
  assert.deepEqual(
    judge({ rssMb: 70, unknown: 1 }).map((verdict) => verdict.figure),
    ['rssMb'],
  );
});
