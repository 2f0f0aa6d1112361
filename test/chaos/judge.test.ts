/** Claims about the judge: what holds, what doesn't, and what was never measured. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { choose } from './arguments.ts';
import { judge } from './judge.ts';
import { CLAIMS, type Claim } from './scenarios.ts';
import { RUNS } from './runs.ts';

const AT_MOST: Claim = {
  name: 'outage/wasted',
  run: 'outage',
  claim: 'wasted',
  figure: 'wasted',
  unit: '',
  comparison: '<=',
  limit: 50,
};
const AT_LEAST: Claim = { ...AT_MOST, name: 'outage/good', figure: 'good', comparison: '>=' };

function held(claim: Claim, value: number | null): boolean {
  return judge([claim], () => ({ [claim.figure]: value }))[0]!.held;
}

describe('a claim', () => {
  test('holds at its limit, and fails just beyond it, on either side', () => {
    assert.equal(held(AT_MOST, 50), true);
    assert.equal(held(AT_MOST, 50.001), false);
    assert.equal(held(AT_LEAST, 50), true);
    assert.equal(held(AT_LEAST, 49.999), false);
  });

  test('that was not measured has not held, whichever way it compares', () => {
    for (const claim of [AT_MOST, AT_LEAST]) {
      assert.equal(held(claim, null), false);
      assert.equal(held(claim, Number.NaN), false);
      assert.equal(judge([claim], () => ({}))[0]!.held, false);
    }
  });

  test('is judged by the figures of its own run', () => {
    const verdicts = judge([AT_MOST, { ...AT_MOST, name: 'b', run: 'other' }], (run) => ({
      wasted: run === 'outage' ? 10 : 100,
    }));
    assert.deepEqual(
      verdicts.map(({ held, value }) => [held, value]),
      [
        [true, 10],
        [false, 100],
      ],
    );
  });
});

describe('the table', () => {
  test('names every claim once, and only runs that there are', () => {
    const names = CLAIMS.map((claim) => claim.name);
    assert.equal(new Set(names).size, names.length);
    const runs = new Set(RUNS.map((run) => run.name));
    assert.deepEqual(
      CLAIMS.filter((claim) => !runs.has(claim.run)),
      [],
    );
  });

  test('has a claim for every run', () => {
    const claimed = new Set(CLAIMS.map((claim) => claim.run));
    assert.deepEqual(
      RUNS.filter((run) => !claimed.has(run.name)).map((run) => run.name),
      [],
    );
  });

  test('is chosen from by the name of a run, of a claim, or not at all', () => {
    assert.equal(choose(CLAIMS, []).length, CLAIMS.length);
    assert.equal(choose(CLAIMS, ['outage']).length, 4);
    assert.deepEqual(
      choose(CLAIMS, ['outage/wasted']).map((claim) => claim.name),
      ['outage/wasted'],
    );
    assert.equal(choose(CLAIMS, ['outag']).length, 0);
  });
});
