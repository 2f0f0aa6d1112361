/**
 * Claims about how long a connection may lie idle, a model of the learning, and a server that drops
 * idle connections for hours without costing a request that can't be sent again.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { seededChance } from '../clock.ts';
import * as limits from '../limits.ts';
import { IdleReuse } from './idle-reuse.ts';

/** Far enough apart to be lone. */
const APART_MS = 100;

class Learner {
  nowMs = 0;
  readonly reuse = new IdleReuse(0);

  get getsMs(): number {
    return this.reuse.limitMs(true, this.nowMs);
  }

  get postsMs(): number {
    return this.reuse.limitMs(false, this.nowMs);
  }

  /** Lone closes of these ages, one after the other. */
  closes(...agesMs: number[]): void {
    for (const ageMs of agesMs) {
      this.reuse.onIdleClose(ageMs, 10, this.nowMs);
      this.nowMs += APART_MS;
    }
  }

  dies(ageMs: number, idle = 10): void {
    this.reuse.onStaleClose(ageMs, idle, this.nowMs);
    this.nowMs += APART_MS;
  }

  /** Connections lie idle to the limit for so long, and none is closed by the server. */
  quiet(ms: number): void {
    this.nowMs += ms;
    this.reuse.onSurvived(this.getsMs, this.nowMs);
  }
}

describe('the limit', () => {
  test('is 3 s until two closes were seen, then 80% of the second shortest', () => {
    const learner = new Learner();
    learner.closes(100);
    assert.equal(learner.getsMs, 3_000);
    learner.closes(120);
    assert.equal(learner.getsMs, 96);
    learner.closes(110, 130);
    assert.equal(learner.getsMs, 88);
  });

  test('follows the last twenty closes', () => {
    const learner = new Learner();
    learner.closes(50, 50);
    for (let close = 0; close < 18; close++) learner.closes(1_000);
    assert.equal(learner.getsMs, 40);
    learner.closes(1_000);
    assert.equal(learner.getsMs, 800);
  });

  test('is at least 20 ms and at most 30 s', () => {
    const learner = new Learner();
    learner.closes(1, 1);
    assert.equal(learner.getsMs, 20);
    const patient = new Learner();
    patient.closes(90_000, 90_000);
    assert.equal(patient.getsMs, 30_000);
  });

  test('is 80% of what Keep-Alive announces, until closes say less', () => {
    const learner = new Learner();
    learner.reuse.onAnnounced(5_000);
    assert.deepEqual([learner.getsMs, learner.postsMs], [4_000, 4_000]);
    learner.reuse.onAnnounced(60_000);
    assert.equal(learner.getsMs, 30_000);
    learner.closes(500, 500);
    learner.reuse.onAnnounced(60_000);
    assert.equal(learner.getsMs, 400);
    learner.reuse.onAnnounced(0);
    assert.equal(learner.getsMs, 0);
  });

  test('learns nothing from a restart, where over half of them close within 50 ms', () => {
    const learner = new Learner();
    const together = (agesMs: readonly number[], idle: number): void => {
      agesMs.forEach((ageMs, at) => {
        learner.reuse.onIdleClose(ageMs, idle - at, learner.nowMs + at);
      });
      learner.nowMs += APART_MS;
    };
    for (let restart = 0; restart < 5; restart++) together([700, 30, 200, 90, 410, 550], 11);
    assert.equal(learner.getsMs, 3_000);
    together([700, 30, 200, 90, 410], 10); // Half of them, not over.
    assert.equal(learner.getsMs, 72);
  });

  test('takes those of one age that close together for one close', () => {
    const learner = new Learner();
    for (const wantedMs of [3_000, 80]) {
      for (let close = 0; close < 30; close++) learner.reuse.onIdleClose(100, 30, learner.nowMs);
      learner.nowMs += APART_MS;
      assert.equal(learner.getsMs, wantedMs);
    }
  });
});

describe('until the limit is learned', () => {
  test('requests that are not idempotent keep below the shortest close there was', () => {
    const learner = new Learner();
    learner.reuse.onIdleClose(100, 10, 0);
    assert.deepEqual([learner.getsMs, learner.postsMs], [3_000, 80]);
    learner.nowMs = APART_MS;
    assert.deepEqual([learner.getsMs, learner.postsMs], [3_000, 80]);
    learner.quiet(60_000);
    assert.deepEqual([learner.getsMs, learner.postsMs], [6_000, 3_000]);
  });

  test('a restart scares them only while it lasts', () => {
    const learner = new Learner();
    for (const ageMs of [500, 20, 90]) learner.reuse.onIdleClose(ageMs, 3, 0);
    assert.equal(learner.postsMs, 16);
    learner.nowMs = APART_MS;
    assert.equal(learner.postsMs, 3_000);
  });
});

describe('a quiet minute', () => {
  test('doubles the limit for what may be resent, and then for all', () => {
    const learner = new Learner();
    learner.closes(100, 100);
    learner.quiet(60_000);
    assert.deepEqual([learner.getsMs, learner.postsMs], [160, 80]);
    learner.quiet(60_000);
    assert.deepEqual([learner.getsMs, learner.postsMs], [320, 128]); // 80% of what was outlived.
  });

  test('in which no connection lived to the limit proves nothing', () => {
    const learner = new Learner();
    learner.closes(100, 100);
    learner.nowMs += 3_600_000;
    learner.reuse.onSurvived(79, learner.nowMs);
    assert.equal(learner.getsMs, 80);
  });

  test('is cut short by a close, which takes the trial back', () => {
    const learner = new Learner();
    learner.closes(100, 100);
    learner.quiet(60_000);
    learner.closes(100);
    assert.deepEqual([learner.getsMs, learner.postsMs], [80, 80]);
    learner.quiet(59_000);
    assert.equal(learner.getsMs, 80);
  });

  test('refutes older closes, so that a more patient server is learned by two of its own', () => {
    const learner = new Learner();
    for (let close = 0; close < 20; close++) learner.closes(100);
    for (let minute = 0; minute < 6; minute++) learner.quiet(60_000);
    assert.equal(learner.postsMs, 2_048);
    learner.closes(5_000, 5_000);
    assert.equal(learner.postsMs, 4_000);
  });
});

describe('a reused connection that dies', () => {
  test('sends requests that are not idempotent over fresh ones until the limit is learned', () => {
    const learner = new Learner();
    learner.dies(100);
    assert.deepEqual([learner.getsMs, learner.postsMs], [3_000, 0]);
    learner.closes(100);
    assert.deepEqual([learner.getsMs, learner.postsMs], [80, 80]);
    learner.dies(60); // The server has become less patient.
    assert.deepEqual([learner.getsMs, learner.postsMs], [80, 0]);
    learner.dies(60);
    assert.deepEqual([learner.getsMs, learner.postsMs], [48, 48]);
  });

  test('was an accident where others outlive it for a minute', () => {
    const learner = new Learner();
    learner.dies(5);
    assert.equal(learner.postsMs, 0);
    learner.quiet(60_000);
    assert.equal(learner.postsMs, 3_000);
  });

  test('beyond what all requests trust keeps none from reusing', () => {
    const learner = new Learner();
    learner.closes(100, 100);
    learner.quiet(60_000);
    learner.dies(100);
    assert.equal(learner.postsMs, 80);
  });

  test('allows as many resends beyond the budget as were idle then, for ten seconds', () => {
    const learner = new Learner();
    assert.equal(learner.reuse.takesResend(0), false);
    learner.dies(100, 3);
    learner.dies(100, 50); // Another one of the same event: the first counts.
    const taken = [1, 2, 3, 4].map(() => learner.reuse.takesResend(learner.nowMs));
    assert.deepEqual(taken, [true, true, true, false]);
    learner.nowMs = 10_000;
    learner.dies(100, 2);
    assert.equal(learner.reuse.takesResend(learner.nowMs), true);
    assert.equal(learner.reuse.takesResend(learner.nowMs + 10_000), false);
    learner.nowMs += 10_000;
    learner.dies(100, 1); // What was left of the last one is not added.
    assert.equal(learner.reuse.takesResend(learner.nowMs), true);
    assert.equal(learner.reuse.takesResend(learner.nowMs), false);
  });
});

/** Runs of closes within 50 ms of their first, judged one by one: slow, and plain to see. */
function expectedMs(closes: readonly Close[]): number {
  const runs: Close[][] = [];
  for (const close of closes) {
    const run = runs.at(-1);
    if (run !== undefined && close.atMs - run[0]!.atMs < limits.restartMs) run.push(close);
    else runs.push([close]);
  }
  const lone = runs.flatMap((run) => {
    const agesMs = run.map((close) => close.ageMs).slice(-limits.idleClosesKept);
    if (run.length === 1 || run.length * 2 <= run[0]!.idle) return agesMs;
    const leastMs = Math.min(...run.map((close) => close.ageMs));
    return Math.max(...agesMs) <= Math.max(leastMs + 5, leastMs * 1.5) ? [leastMs] : [];
  });
  const last = lone.slice(-limits.idleClosesKept).sort((one, other) => one - other);
  if (last.length < 2) return limits.idleReuseFirstMs;
  return Math.min(Math.max(20, 0.8 * last[1]!), 30_000);
}

interface Close {
  readonly atMs: number;
  readonly ageMs: number;
  readonly idle: number;
}

test('model: the limit is what all closes together, sorted by hand, say', () => {
  const close = fc.record({
    afterMs: fc.constantFrom(0, 1, 20, 49, 50, 51, 400),
    ageMs: fc.oneof(fc.constantFrom(4, 100, 101, 149, 151), fc.integer({ min: 1, max: 60_000 })),
    idle: fc.integer({ min: 1, max: 8 }),
  });
  fc.assert(
    fc.property(fc.array(close, { maxLength: 60 }), (given) => {
      const reuse = new IdleReuse(0);
      const closes: Close[] = [];
      let nowMs = 0;
      for (const { afterMs, ageMs, idle } of given) {
        nowMs += afterMs;
        closes.push({ atMs: nowMs, ageMs, idle });
        reuse.onIdleClose(ageMs, idle, nowMs);
      }
      assert.equal(reuse.limitMs(true, nowMs + limits.restartMs), expectedMs(closes));
    }),
    { numRuns: 2_000 },
  );
});

test('property: once two closes were seen, no POST meets a server that is about to close', () => {
  const hourMs = 3_600_000;
  fc.assert(
    fc.property(fc.integer({ min: 26, max: 20_000 }), fc.nat(), (timeoutMs, seed) => {
      const chance = seededChance(seed);
      const learner = new Learner();
      let posts = 0;
      for (let closes = 0; learner.nowMs < hourMs; learner.nowMs += 1_000) {
        // One lies idle until it is swept or dropped; another comes back just when it is dropped.
        const limitMs = learner.getsMs;
        if (limitMs < timeoutMs) learner.reuse.onSurvived(limitMs, learner.nowMs);
        else if (chance() < 0.5) {
          closes++;
          learner.closes(timeoutMs);
        }
        const raceMs = timeoutMs * (0.99 + chance() / 50);
        if (raceMs < learner.getsMs && chance() < 0.2) {
          closes++;
          learner.dies(raceMs);
        }
        assert.ok(learner.postsMs <= learner.getsMs);
        if (closes < 2) continue;
        posts++;
        assert.ok(learner.postsMs < timeoutMs * 0.99, `${learner.postsMs} of ${timeoutMs} ms`);
      }
      assert.ok(posts > 0 || timeoutMs > 3_000);
    }),
    { numRuns: 100 },
  );
});
