/** The promise of failing well, held in virtual time over several seeds. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PRIORITY } from '../ticket.ts';
import {
  goodOf,
  goodputShare,
  goodShare,
  healthy,
  nearlyFull,
  nearlyFullPaced,
  outage,
  outageImpatient,
  outagePaced,
  overload,
  overloadLate,
  overloadPaced,
  page,
  p99Ms,
  recoveryMs,
  starved,
  THAW_AT_MS,
} from './scenarios.ts';
import { type Result, type Scenario, simulate } from './simulation.ts';

/** A process that has just been asked for the first time is held up for less. */
const SHORT_STALL_MS = 20;

/** Asserts on each of so many runs; what fails names its seed. */
function everyRun(scenario: Scenario, runs: number, judge: (run: Result) => void): void {
  for (let seed = 1; seed <= runs; seed++) {
    try {
      judge(simulate(scenario, seed * 7_919));
    } catch (error) {
      throw new Error(`seed ${seed * 7_919}`, { cause: error });
    }
  }
}

function assertMost(value: number, most: number, what: string): void {
  assert(value <= most, `${what}: ${value}, at most ${most}`);
}

function assertLeast(value: number, least: number, what: string): void {
  assert(value >= least, `${what}: ${value}, at least ${least}`);
}

describe('a server frozen for 10 s, under clients that leave after 1 s and say nothing', () => {
  for (const [kind, scenario] of [
    ['at work', outage],
    ['paced', outagePaced],
  ] as const) {
    test(`gets at most 50 requests for nobody, and answers all from 0.5 s on: ${kind}`, () => {
      everyRun(scenario, 4, (run) => {
        const wasted = run.arrivals - goodOf(run.outcomes).length;
        assertMost(wasted, 50, 'requests wasted');
        assertMost(recoveryMs(run), 1_000, 'ms until 95% are good');
        const later = run.outcomes.filter(({ atMs }) => atMs >= THAW_AT_MS + 500);
        assert.equal(goodShare(later), 1, 'somebody was refused after 0.5 s');
        const after = run.outcomes.filter(({ atMs }) => atMs >= THAW_AT_MS);
        assertLeast(goodShare(after), 0.99, 'good after the thaw');
      });
    });
  }

  for (const scenario of outageImpatient) {
    test(`does not stay down for clients that leave after ${scenario.patienceMs} ms`, () => {
      everyRun(scenario, 8, (run) => {
        assertMost(recoveryMs(run), 1_000, 'ms until 95% are good');
        const later = run.outcomes.filter(({ atMs }) => atMs >= THAW_AT_MS + 1_000);
        assertLeast(goodShare(later), 0.999, 'good from 1 s on');
      });
    });
  }

  test('opens the breaker once, and sends one probe at a time', () => {
    everyRun(outage, 2, ({ limiter }) => {
      assert.equal(limiter.admission.breaker.opened, 1);
      assertMost(limiter.probes, 11, 'probes in 10 s');
    });
  });
});

describe('twice the load for 15 s', () => {
  for (const [kind, scenario] of [
    ['at work', overload],
    ['paced', overloadPaced],
  ] as const) {
    test(`is answered as fast as the server can, and soon: ${kind}`, () => {
      everyRun(scenario, 4, (run) => {
        assertLeast(goodputShare(run, scenario.seconds), 0.98, 'goodput');
        assertMost(p99Ms(run), 50, 'p99 of the run');
        assertMost(p99Ms(run, 3_000), 40, 'p99 from 3 s on');
      });
    });
  }

  for (const scenario of overloadLate) {
    test(`settles though the first answers came ${scenario.freezeMs} ms late`, () => {
      everyRun(scenario, 6, (run) => {
        assertLeast(goodputShare(run, scenario.seconds), 0.98, 'goodput');
        if (scenario.freezeMs <= SHORT_STALL_MS) assertMost(p99Ms(run), 50, 'p99 of the run');
        assertMost(p99Ms(run, 3_000), 40, 'p99 from 3 s on');
      });
    });
  }

  // Alone their latency at the first limit is no suspicion: a queue before it has to be.
  for (const [workers, workMs, mostMs] of [
    [1, 1, 50],
    [1, 2, 50],
    [4, 20, 150],
  ] as const) {
    test(`of ${workers} x ${workMs} ms leaves no queue at the door either`, () => {
      const perSecond = (workers * 1_000) / workMs;
      const server = () => ({ workers, workMs: () => workMs });
      everyRun({ seconds: 15, ratePerSecond: () => 2 * perSecond, server }, 3, (run) => {
        const good = goodShare(run.outcomes) * run.outcomes.length;
        assertLeast(good / (15 * perSecond), 0.98, 'goodput');
        assertMost(p99Ms(run), mostMs, 'p99 of the run');
      });
    });
  }

  for (const callers of [4, 16]) {
    test(`from ${callers} callers that do not adapt is limited by the inbound alone`, () => {
      everyRun({ ...overload, callers }, 2, (run) => {
        assertLeast(goodputShare(run, overload.seconds), 0.98, 'goodput');
        assertMost(p99Ms(run), 60, 'p99 of the run');
      });
    });
  }

  test('costs the critical tenth nothing, and the rest no goodput', () => {
    everyRun({ ...overload, criticalShare: 0.1 }, 3, (run) => {
      const critical = run.outcomes.filter(({ priority }) => priority === PRIORITY.critical);
      assertLeast(goodShare(critical), 0.99, 'good of the critical');
      assertLeast(goodputShare(run, overload.seconds), 0.98, 'goodput');
    });
  });
});

test('a page of several calls, some of them slow, is hardly taken for congestion', () => {
  everyRun(page, 6, (run) => {
    const warm = run.outcomes.filter(({ atMs }) => atMs >= 1_500);
    assertLeast(goodShare(warm), 0.96, 'good once it is warm');
  });
});

test('a process that its node starves for two seconds costs one request in twelve at most', () => {
  everyRun(starved, 6, (run) => assertLeast(goodShare(run.outcomes), 0.92, 'good'));
});

describe('a healthy service refuses nothing', () => {
  for (const [name, scenario] of Object.entries(healthy)) {
    test(`in ${name}`, () => {
      everyRun(scenario, 2, (run) => assert.equal(goodShare(run.outcomes), 1));
    });
  }

  for (const [kind, scenario] of [
    ['at work', nearlyFull],
    ['paced', nearlyFullPaced],
  ] as const) {
    test(`but one in 200 with one worker at 85%: ${kind}`, () => {
      everyRun(scenario, 3, (run) => assertLeast(goodShare(run.outcomes), 0.995, 'good'));
    });
  }
});
