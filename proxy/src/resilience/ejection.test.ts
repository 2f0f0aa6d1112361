/**
 * Claims about ejection, one at a time; `ejection-model.test.ts` has them in any order.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Fleet } from './ejection-fixture.ts';
import { BREAKER, EJECTED_FOR } from './endpoint-health.ts';
import { OUTCOME } from './outcome.ts';
import { NO_VOTE } from './ejection.ts';

const { OK, FAILED, NOTHING_LEARNED, REFUSED_BY_PEER } = OUTCOME;

describe('a closed breaker', () => {
  test('opens by seven failures in a row, not by six', () => {
    const fleet = new Fleet(4);
    fleet.answers(0, FAILED, 6);
    assert.equal(fleet.stateOf(0), BREAKER.CLOSED);
    fleet.answers(0, FAILED);
    assert.equal(fleet.stateOf(0), BREAKER.OPEN);
    assert.equal(fleet.healthOf(0).ejectedFor, EJECTED_FOR.IN_ROW);
  });

  test('counts anew after a success, and does not hear what says nothing', () => {
    const fleet = new Fleet(4);
    fleet.answers(0, FAILED, 6);
    fleet.answers(0, OK);
    fleet.answers(0, FAILED, 6);
    fleet.answers(0, NOTHING_LEARNED, 50);
    fleet.answers(0, REFUSED_BY_PEER, 50);
    assert.equal(fleet.stateOf(0), BREAKER.CLOSED);
    fleet.answers(0, FAILED);
    assert.equal(fleet.stateOf(0), BREAKER.OPEN);
  });

  test('opens where under 80% of 20 requests succeeded, not of 19, and not at 80%', () => {
    for (const [successes, failures, state] of [
      [15, 5, BREAKER.OPEN],
      [16, 4, BREAKER.CLOSED],
      [14, 5, BREAKER.CLOSED],
    ] as const) {
      const fleet = new Fleet(4);
      fleet.answers(0, OK, successes - 1);
      for (let failure = 0; failure < failures - 1; failure++) fleet.answers(0, FAILED);
      fleet.answers(0, OK);
      fleet.answers(0, FAILED);
      assert.equal(fleet.stateOf(0), state, `${successes} successes, ${failures} failures`);
    }
  });

  test('forgets what is older than the window, though nothing was sent meanwhile', () => {
    const fleet = new Fleet(4, { failuresMax: 0 });
    fleet.answers(0, FAILED, 19);
    fleet.pass(10_000);
    fleet.answers(0, OK, 18);
    fleet.answers(0, FAILED, 2);
    assert.equal(fleet.stateOf(0), BREAKER.CLOSED);
  });

  test('with nothing to judge by never opens', () => {
    const fleet = new Fleet(4, { failuresMax: 0, successRatioMin: 0 });
    fleet.answers(0, FAILED, 1_000);
    assert.equal(fleet.stateOf(0), BREAKER.CLOSED);
  });
});

describe('latency', () => {
  const byLatency = { latencyFactorMax: 3 };

  /** So many answers of each member, each in its own time. */
  function serve(fleet: Fleet, rttMs: readonly number[], rounds = 25): void {
    for (let round = 0; round < rounds; round++) {
      rttMs.forEach((ms, index) => {
        fleet.answers(index, OK, 1, ms);
      });
      fleet.pass(100);
    }
  }

  test('over three times the median of the others ejects, just under does not', () => {
    for (const [slowMs, state] of [
      [31, BREAKER.OPEN],
      [29, BREAKER.CLOSED],
    ] as const) {
      const fleet = new Fleet(4, byLatency);
      serve(fleet, [slowMs, 8, 10, 12]);
      assert.equal(fleet.stateOf(0), state, `${slowMs} ms`);
      assert.deepEqual(
        [1, 2, 3].map((index) => fleet.stateOf(index)),
        [0, 0, 0],
      );
    }
  });

  test('is not judged by fewer requests than set, of its own or of the others', () => {
    const fleet = new Fleet(2, byLatency);
    serve(fleet, [100, 1], 19);
    assert.equal(fleet.stateOf(0), BREAKER.CLOSED);
    const alone = new Fleet(4, byLatency);
    serve(alone, [100], 50);
    assert.equal(alone.stateOf(0), BREAKER.CLOSED);
  });

  test('of one answer that took a minute ejects nobody', () => {
    const fleet = new Fleet(3, byLatency);
    serve(fleet, [10, 10, 10]);
    fleet.answers(0, OK, 1, 60_000);
    serve(fleet, [10, 10, 10]);
    assert.equal(fleet.stateOf(0), BREAKER.CLOSED);
  });

  test('does not differ below a millisecond', () => {
    const fleet = new Fleet(3, byLatency);
    serve(fleet, [0.9, 0.1, 0.1]);
    assert.equal(fleet.stateOf(0), BREAKER.CLOSED);
  });

  test('ejects the slowest first and the next in its turn, up to the cap', () => {
    const fleet = new Fleet(6, { ...byLatency, penaltyMs: 60_000, ejectedRatioMax: 0.34 });
    serve(fleet, [10, 10, 10, 200, 10, 100], 22);
    assert.equal(fleet.stateOf(3), BREAKER.OPEN);
    serve(fleet, [10, 10, 10, 200, 10, 100], 22);
    assert.deepEqual(
      [3, 5].map((index) => fleet.stateOf(index)),
      [BREAKER.OPEN, BREAKER.OPEN],
    );
    assert.equal(fleet.healthOf(5).ejectedFor, EJECTED_FOR.LATENCY);
  });
});

describe('an open breaker', () => {
  test('admits one probe once the penalty is over, and readmits by its success', () => {
    const fleet = new Fleet(4);
    fleet.eject(0);
    fleet.pass(999);
    assert.equal(fleet.admit(0), NO_VOTE);
    fleet.pass(1);
    const probe = fleet.admit(0);
    assert.notEqual(probe, NO_VOTE);
    assert.equal(fleet.admit(0), NO_VOTE);
    fleet.report(0, probe, OK);
    assert.equal(fleet.stateOf(0), BREAKER.CLOSED);
    assert.deepEqual(fleet.readmitted, [0]);
    assert.deepEqual(fleet.ejection.out, []);
  });

  test('doubles its penalty by each failed probe, up to the maximum', () => {
    const fleet = new Fleet(4);
    fleet.eject(0);
    for (const penaltyMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
      fleet.pass(penaltyMs - 1);
      assert.equal(fleet.admit(0), NO_VOTE, `before ${penaltyMs} ms`);
      fleet.pass(1);
      fleet.report(0, fleet.admit(0), FAILED);
    }
  });

  test('draws its penalty from the upper half', () => {
    const fleet = new Fleet(4, {}, () => 0.999_999);
    fleet.eject(0);
    fleet.pass(499);
    assert.equal(fleet.admit(0), NO_VOTE);
    fleet.pass(2);
    assert.notEqual(fleet.admit(0), NO_VOTE);
  });

  test('doubles for a relapse, and begins anew after the greatest penalty in service', () => {
    for (const [servedMs, penaltyMs] of [
      [59_999, 2_000],
      [60_000, 1_000],
    ] as const) {
      const fleet = new Fleet(4);
      fleet.eject(0);
      fleet.pass(1_000);
      fleet.report(0, fleet.admit(0), OK);
      fleet.pass(servedMs);
      fleet.eject(0);
      fleet.pass(penaltyMs - 1);
      assert.equal(fleet.admit(0), NO_VOTE, `relapse after ${servedMs} ms`);
      fleet.pass(1);
      assert.notEqual(fleet.admit(0), NO_VOTE);
    }
  });

  for (const [what, outcome] of [
    ['told nothing', NOTHING_LEARNED],
    ['was refused by a peer', REFUSED_BY_PEER],
  ] as const) {
    test(`whose probe ${what} waits for the first penalty again, undoubled`, () => {
      const fleet = new Fleet(4);
      fleet.eject(0);
      fleet.pass(1_000);
      fleet.report(0, fleet.admit(0), FAILED);
      fleet.pass(2_000);
      fleet.report(0, fleet.admit(0), outcome);
      fleet.pass(999);
      assert.equal(fleet.admit(0), NO_VOTE);
      fleet.pass(1);
      fleet.report(0, fleet.admit(0), FAILED);
      assert.equal(fleet.healthOf(0).doublings, 2);
    });
  }

  test('gives up a probe that never reports, and lets its late success not vote', () => {
    const fleet = new Fleet(4);
    fleet.eject(0);
    fleet.pass(1_000);
    const lost = fleet.admit(0);
    fleet.pass(59_999);
    assert.equal(fleet.admit(0), NO_VOTE);
    fleet.pass(1);
    const next = fleet.admit(0);
    assert.notEqual(next, NO_VOTE);
    fleet.report(0, lost, OK);
    assert.equal(fleet.stateOf(0), BREAKER.HALF_OPEN);
    fleet.report(0, next, OK);
    assert.equal(fleet.stateOf(0), BREAKER.CLOSED);
  });

  test('takes the head of the answer to its probe for the verdict', () => {
    const fleet = new Fleet(4);
    fleet.eject(0);
    fleet.pass(1_000);
    const probe = fleet.admit(0);
    fleet.ejection.reportHead(fleet.members[0]!, probe, OK, fleet.nowMs);
    assert.equal(fleet.stateOf(0), BREAKER.CLOSED);
    fleet.report(0, probe, FAILED);
    assert.equal(fleet.healthOf(0).failuresInRow, 0);
    const later = fleet.admit(0);
    fleet.ejection.reportHead(fleet.members[0]!, later, FAILED, fleet.nowMs);
    assert.equal(fleet.healthOf(0).failuresInRow, 0, 'the heads of others do not vote');
  });
});

describe('a straggler', () => {
  test('admitted before the trip neither opens nor closes the breaker afterwards', () => {
    const fleet = new Fleet(4);
    const before = fleet.admit(0);
    fleet.eject(0);
    fleet.report(0, before, OK);
    assert.equal(fleet.stateOf(0), BREAKER.OPEN);
    fleet.pass(1_000);
    const probe = fleet.admit(0);
    fleet.report(0, before, OK);
    fleet.report(0, before, FAILED);
    assert.equal(fleet.stateOf(0), BREAKER.HALF_OPEN);
    fleet.report(0, probe, OK);
    for (let late = 0; late < 50; late++) fleet.report(0, before, FAILED);
    assert.equal(fleet.stateOf(0), BREAKER.CLOSED);
  });
});

describe('the cap', () => {
  test('lets half be ejected and never the last one', () => {
    for (const [size, ratio, outMax] of [
      [1, 1, 0],
      [2, 0.5, 1],
      [3, 0.5, 1],
      [2, 1, 1],
      [100, 0.29, 29],
    ] as const) {
      const fleet = new Fleet(size, { ejectedRatioMax: ratio });
      for (let index = 0; index < size; index++) fleet.answers(index, FAILED, 7);
      assert.equal(fleet.ejection.out.length, outMax, `of ${size} at ${ratio}`);
      assert.equal(fleet.ejection.counts.ejections, outMax);
    }
  });

  test('holds when members leave: the next due are let in again', () => {
    const fleet = new Fleet(4);
    fleet.eject(0);
    fleet.pass(10);
    fleet.eject(1);
    fleet.keep([0, 1, 2]);
    assert.deepEqual(
      [0, 1].map((index) => fleet.stateOf(index)),
      [BREAKER.CLOSED, BREAKER.OPEN],
    );
    fleet.keep([1]);
    assert.equal(fleet.stateOf(1), BREAKER.CLOSED);
    assert.deepEqual(fleet.readmitted, [0, 1]);
  });

  test('is not filled by who has left, and their late answers are not judged', () => {
    const fleet = new Fleet(4);
    fleet.eject(0);
    const late = fleet.admit(1);
    fleet.keep([2, 3]);
    assert.equal(fleet.ejection.out.length, 0);
    for (let answer = 0; answer < 9; answer++) fleet.report(1, late, FAILED);
    assert.equal(fleet.ejection.out.length, 0);
    fleet.eject(2);
    fleet.keep([0, 1, 2, 3]);
    assert.equal(fleet.stateOf(0), BREAKER.CLOSED);
  });
});

describe('a Retry-After', () => {
  test('holds a member back for so long, ten seconds at most, and is no penalty', () => {
    const fleet = new Fleet(4);
    fleet.holdBack(0, 2_000);
    fleet.holdBack(1, 3_600_000);
    assert.deepEqual(fleet.outNow(), [0, 1]);
    fleet.pass(2_000);
    assert.deepEqual(fleet.outNow(), [1]);
    fleet.pass(7_999);
    assert.deepEqual(fleet.outNow(), [1]);
    fleet.pass(1);
    assert.deepEqual(fleet.outNow(), []);
    assert.deepEqual(fleet.readmitted, []);
    fleet.eject(0);
    assert.equal(fleet.healthOf(0).doublings, 0);
  });

  test('stays within the cap, makes room once over, and never shortens a penalty', () => {
    const fleet = new Fleet(4);
    fleet.holdBack(0, 1_000);
    fleet.holdBack(1, 1_000);
    fleet.holdBack(2, 1_000);
    fleet.answers(3, FAILED, 7);
    assert.deepEqual(fleet.outNow(), [0, 1]);
    fleet.answers(0, FAILED, 7); // It is out already, so it takes nobody's place.
    assert.equal(fleet.stateOf(0), BREAKER.OPEN);
    fleet.holdBack(0, 1);
    fleet.pass(1_000);
    assert.deepEqual(fleet.outNow(), [0]);
    fleet.eject(3);
    assert.deepEqual(fleet.outNow(), [0, 3]);
  });
});

test('panic begins where fewer are left than set', () => {
  const fleet = new Fleet(10, { ejectedRatioMax: 0.9, panicRatio: 0.3 });
  for (let index = 0; index < 7; index++) fleet.eject(index);
  assert.equal(fleet.ejection.inPanic, false);
  fleet.eject(7);
  assert.equal(fleet.ejection.inPanic, true);
});
