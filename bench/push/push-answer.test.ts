/** Claims about what the figures of `push` say of many measurements. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChangeFigures } from './changes.ts';
import { pushFigures, pushRows } from './push-answer.ts';
import type { PushResults } from './push.ts';

const change: ChangeFigures = {
  ...{ medianMs: 10, p99Ms: 19, lastMs: 20, statusMs: 300 },
  ...{ cpuSeconds: Number.NaN, stallMs: 5, strayBytes: 0 },
};
const reconnect = {
  ...{ medianMs: 900, allMs: 2_000, cpuSeconds: 3, stallMs: 50 },
  ...{ tokenReviews: 1_000, failures: 0, startMs: 500 },
};
const results: PushResults = {
  size: { services: 1_000, routes: 200 },
  wide: [{ ...change, cpuSeconds: 0.4 }, change],
  narrow: [{ ...change, lastMs: 90, cpuSeconds: 0.1 }],
  restarts: [reconnect, { ...reconnect, allMs: 7_000 }],
  cuts: [reconnect],
  ...{ residentMb: 200, privateMb: 100, sidecarSmallMb: [20, 22], sidecarWholeMb: [21.5] },
};

test('of several the worst is judged, whoever was interested', () => {
  const figures = pushFigures(results);
  assert.equal(figures['appliedP99Ms'], 90);
  assert.equal(figures['changeCpuSeconds'], 0.4);
  assert.equal(figures['reconnectAllMs'], 7_000);
  assert.equal(figures['sidecarGrowthMb'], 0.5);
});

test('what was not measured is null, and so passes no bar', () => {
  const figures = pushFigures({ ...results, restarts: [], sidecarWholeMb: [] });
  assert.equal(figures['reconnectAllMs'], null);
  assert.equal(figures['sidecarGrowthMb'], null);
});

test('a window of processor time that was not taken is no round of its cell', () => {
  const [wide] = pushRows(results);
  assert.equal(wide?.cells['cpuSeconds']?.rounds, 1);
  assert.equal(wide?.cells['lastMs']?.rounds, 2);
});
