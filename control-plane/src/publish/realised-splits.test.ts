import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as limits from '../limits.ts';
import { RealisedSplits } from './realised-splits.ts';

const DESTINATION = 'catalog.shop:80';
const RULE = 'catalog/0';

function report(v1: number, v2: number) {
  return [{ destination: DESTINATION, rule: RULE, backends: { v1, v2 } }];
}

test('sums what proxies report, over this window and the one before', () => {
  const splits = new RealisedSplits();
  splits.hear(report(80, 20), 0);
  splits.hear(report(10, 10), 10);
  splits.hear(report(1, 1), limits.splitWindowMs + 1);
  const sum = splits.of(DESTINATION, RULE, limits.splitWindowMs + 2);
  assert.deepEqual(
    [...sum],
    [
      ['v1', 91],
      ['v2', 31],
    ],
  );
});

test('forgets what is two windows old: an old split is not shown as the present one', () => {
  const splits = new RealisedSplits();
  splits.hear(report(100, 0), 0);
  splits.hear(report(1, 1), limits.splitWindowMs * 2 + 1);
  const sum = splits.of(DESTINATION, RULE, limits.splitWindowMs * 2 + 2);
  assert.deepEqual(
    [...sum],
    [
      ['v1', 1],
      ['v2', 1],
    ],
  );
  assert.equal(splits.of(DESTINATION, RULE, limits.splitWindowMs * 9).size, 0);
});
