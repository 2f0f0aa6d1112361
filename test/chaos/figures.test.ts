/** Claims about the figures, on data made by hand. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lostIn } from './families/sigterm.ts';
import {
  countBad,
  duplicates,
  goodputPercent,
  goodQuantileMs,
  latenessMs,
  least,
  recoverySeconds,
  secondsUntilBack,
  secondsUntilShunned,
  tally,
  upstreamLoad,
  wasted,
  worst,
  worstShare,
} from './figures.ts';
import { ENDS, type LoadReport } from './load/load-order.ts';

interface Row {
  readonly dueMs: number;
  readonly end?: number;
  readonly tookMs?: number;
  readonly sentMs?: number;
  readonly critical?: boolean;
}

function reportOf(rows: readonly Row[]): LoadReport {
  return {
    startAtMs: 0,
    firstKey: 0,
    unasked: 0,
    dueMs: Float64Array.from(rows, ({ dueMs }) => dueMs),
    sentMs: Float64Array.from(rows, ({ dueMs, sentMs }) => sentMs ?? dueMs),
    tookMs: Float64Array.from(rows, ({ tookMs }) => tookMs ?? 5),
    ends: Int16Array.from(rows, ({ end }) => end ?? 200),
    critical: Uint8Array.from(rows, ({ critical }) => (critical === true ? 1 : 0)),
  };
}

/** One request each 10 ms; `isGood` by its instant. */
function steady(seconds: number, isGood: (dueMs: number) => boolean): LoadReport {
  return reportOf(
    Array.from({ length: seconds * 100 }, (_, at) => {
      const dueMs = at * 10;
      return isGood(dueMs) ? { dueMs } : { dueMs, end: ENDS.deadline, tookMs: 1_000 };
    }),
  );
}

function times(fromMs: number, untilMs: number, everyMs: number): Float64Array {
  const count = Math.round((untilMs - fromMs) / everyMs);
  return Float64Array.from({ length: count }, (_, at) => fromMs + at * everyMs);
}

describe('a request', () => {
  test('is good only when answered 200 within its deadline', () => {
    const rows = [
      { dueMs: 0 },
      { dueMs: 1, tookMs: 1_000 },
      { dueMs: 2, tookMs: 1_000.5 },
      { dueMs: 3, end: 503 },
      { dueMs: 4, end: ENDS.wrong },
    ];
    assert.deepEqual(tally(reportOf(rows)), { offered: 5, good: 2 });
  });

  test('belongs to the span in which it was due, not to where it ended', () => {
    const report = reportOf([{ dueMs: 999, tookMs: 500 }, { dueMs: 1_000 }, { dueMs: 2_000 }]);
    assert.equal(tally(report, { fromMs: 1_000, untilMs: 2_000 }).offered, 1);
    assert.equal(countBad(report, { fromMs: 1_000, untilMs: 2_000 }), 0);
  });
});

describe('recovery', () => {
  test('is the time from the thaw until three seconds in a row are 95% good', () => {
    const report = steady(20, (dueMs) => dueMs < 2_000 || dueMs >= 8_700);
    // From 8,650 on, five of the first hundred are bad.
    assert.equal(recoverySeconds(report, 8_000), 0.65);
  });

  test('is zero when nothing went wrong after the thaw', () => {
    assert.equal(
      recoverySeconds(
        steady(20, (dueMs) => dueMs >= 8_000),
        8_000,
      ),
      0,
    );
  });

  test('waits for the end of a relapse within three seconds', () => {
    const relapse = (dueMs: number) => dueMs >= 10_000 && dueMs < 10_500;
    assert.equal(
      recoverySeconds(
        steady(20, (dueMs) => !relapse(dueMs)),
        8_000,
      ),
      2.45,
    );
  });

  test('never happens when the last seconds are bad', () => {
    assert.equal(
      recoverySeconds(
        steady(20, (dueMs) => dueMs < 8_000),
        8_000,
      ),
      null,
    );
  });
});

describe('what the upstream did', () => {
  const report = reportOf([{ dueMs: 0 }, { dueMs: 1 }, { dueMs: 2, end: 503 }]);

  test('was wasted as far as no good answer came of it', () => {
    assert.equal(wasted(report, [times(0, 30, 10), times(0, 20, 10)]), 3);
    assert.equal(upstreamLoad(report, [times(0, 60, 10)]), 2);
    assert.equal(upstreamLoad(report, [times(0, 0, 10)]), null);
  });

  test('goodput is good answers over what the server could have given', () => {
    assert.equal(
      goodputPercent(
        steady(10, (dueMs) => dueMs >= 5_000),
        100,
        10,
      ),
      50,
    );
  });

  test('a request executed three times is one duplicate', () => {
    assert.equal(duplicates(Uint8Array.of(0, 1, 2, 3, 1)), 2);
  });

  test('the worst share is the busiest over the mean', () => {
    assert.equal(worstShare([times(0, 100, 10), times(0, 300, 10)]), 1.5);
    assert.equal(worstShare([new Float64Array(0)]), null);
  });
});

describe('an endpoint', () => {
  // 30/s are its share; it is left out from 2.5 s to 6 s, but for some probes at 4 s.
  const arrivals = Float64Array.from([
    ...times(0, 1_200, 33),
    ...times(1_900, 2_500, 33), // A lull is no ejection.
    ...times(4_000, 4_005, 1),
    ...times(6_000, 12_000, 33),
  ]);

  test('is left out once a second brings less than a fifth of its share', () => {
    const span = { fromMs: 1_000, untilMs: 6_000 };
    const seconds = secondsUntilShunned(arrivals, span, 30);
    assert.ok(seconds !== null && seconds >= 1.3 && seconds <= 1.5, `${seconds}`);
  });

  test('is never left out when its share goes on', () => {
    const always = times(0, 12_000, 33);
    assert.equal(secondsUntilShunned(always, { fromMs: 1_000, untilMs: 6_000 }, 30), null);
  });

  test('is back with half of its share, not with a probe', () => {
    const span = { fromMs: 3_500, untilMs: 12_000 };
    const seconds = secondsUntilBack(arrivals, span, 30);
    assert.ok(seconds !== null && seconds >= 1.9 && seconds <= 2.1, `${seconds}`);
  });
});

test('quantiles are of good answers only, and lateness of what was written', () => {
  const rows = Array.from({ length: 99 }, (_, at) => ({ dueMs: at, tookMs: at + 1 }));
  const report = reportOf([...rows, { dueMs: 99, tookMs: 999, end: 503 }]);
  assert.equal(goodQuantileMs(report, 0.5), 50);
  assert.equal(goodQuantileMs(report, 1), 99);
  assert.equal(goodQuantileMs(reportOf([]), 0.99), null);
  const late = reportOf([
    { dueMs: 0, sentMs: 4 },
    { dueMs: 0, sentMs: Number.NaN },
  ]);
  assert.equal(latenessMs(late, 0.99), 4);
});

test('the worst of several runs counts, and a run without a figure leaves none', () => {
  assert.equal(worst([0.2, 0.9, 0.1]), 0.9);
  assert.equal(worst([0.2, null]), null);
  assert.equal(least([99.5, 99.1]), 99.1);
  assert.equal(least([99.5, null]), null);
  assert.equal(least([]), null);
});

test('a request is lost by SIGTERM when it was accepted and cut, and not otherwise', () => {
  const report = reportOf([
    { dueMs: 0, tookMs: 60, end: ENDS.cut },
    { dueMs: 0, tookMs: 20, end: ENDS.cut }, // It crossed the close on the wire.
    { dueMs: 0, tookMs: 20, end: ENDS.cut }, // So did this one, but it was executed.
    { dueMs: 0, tookMs: 60, end: ENDS.refused },
    { dueMs: 0, tookMs: 60, end: 503 },
  ]);
  assert.equal(lostIn(report, Uint8Array.of(0, 0, 1, 0, 1)), 2);
});
