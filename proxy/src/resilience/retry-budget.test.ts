/** Claims about `retry-budget.ts`: the law, and that it is not stricter than it says. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { RetryBudget } from './retry-budget.ts';

const standard = { ratio: 0.2, minPerSecond: 10 };

function spendAll(budget: RetryBudget, nowMs: number): number {
  let spent = 0;
  while (spent < 1_000_000 && budget.trySpend(nowMs)) spent++;
  return spent;
}

describe('a retry budget', () => {
  test('holds what ten seconds bring before any request was seen, and no more', () => {
    const budget = new RetryBudget(standard, 0);
    assert.equal(spendAll(budget, 0), 100);
    assert.equal(spendAll(budget, 60_000), 100);
  });

  test('gives the least per second however few requests there are', () => {
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 10 }, 0);
    spendAll(budget, 0);
    for (let second = 1; second <= 30; second++) {
      assert.equal(spendAll(budget, second * 1_000), 10);
    }
  });

  test('in an outage adds a fifth to the load and the least per second', () => {
    const budget = new RetryBudget(standard, 0);
    let retries = 0;
    for (let nowMs = 0; nowMs < 60_000; nowMs++) {
      budget.onRequest(nowMs); // 1,000 a second, and each one fails.
      if (budget.trySpend(nowMs)) retries++;
    }
    const allowed = 0.2 * 60_000 + 10 * 60 + 100;
    assert.ok(retries <= allowed && retries > allowed * 0.99, `${retries} of ${allowed}`);
  });

  test('remembers a crowd for about ten seconds', () => {
    const crowd = () => {
      const budget = new RetryBudget({ ratio: 0.25, minPerSecond: 0 }, 0);
      for (let request = 0; request < 1_000; request++) budget.onRequest(0);
      return budget;
    };
    assert.equal(crowd().left(0), 250);
    assert.equal(crowd().left(5_000), Math.floor(250 * Math.exp(-0.5)));
    assert.equal(crowd().left(60_000), 0);
  });

  test('with nothing configured gives nothing', () => {
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 0 }, 0);
    budget.onRequest(0);
    assert.ok(!budget.trySpend(1_000_000));
  });

  test('takes other numbers without losing what was earned', () => {
    const budget = new RetryBudget({ ratio: 0.25, minPerSecond: 10 }, 0);
    for (let request = 0; request < 100; request++) budget.onRequest(0);
    budget.apply({ ratio: 0, minPerSecond: 1 }, 0);
    assert.equal(spendAll(budget, 0), 25 + 10);
  });
});

interface Step {
  readonly passMs: number;
  readonly requests: number;
  readonly tries: number;
}

const steps = fc.array(
  fc.record<Step>({
    // Steps back and leaps: the clock should do neither.
    passMs: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 400 }) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 30_000 }) },
      { weight: 1, arbitrary: fc.constantFrom(-5_000, -1, 86_400_000, 1e12) },
    ),
    requests: fc.nat(40),
    tries: fc.nat(60),
  }),
  { minLength: 1, maxLength: 40 },
);

const configs = fc.record({
  ratio: fc.constantFrom(0, 0.01, 0.2, 0.5, 1),
  minPerSecond: fc.constantFrom(0, 0.1, 1, 10),
});

/** What happened at one instant: requests first, then retries. */
interface Seen {
  readonly atMs: number;
  readonly requests: number;
  readonly retries: number;
}

test('property: in no window are there more retries than the law allows', () => {
  fc.assert(
    fc.property(configs, steps, (config, schedule) => {
      const budget = new RetryBudget(config, 0);
      const seen: Seen[] = [];
      let nowMs = 0;
      let latestMs = 0; // Time that has truly passed: a step back is no time.
      for (const { passMs, requests, tries } of schedule) {
        if (passMs < 0) budget.left(nowMs); // Time that it was never told of is no time either.
        nowMs += passMs;
        latestMs = Math.max(latestMs, nowMs);
        for (let request = 0; request < requests; request++) budget.onRequest(nowMs);
        let retries = 0;
        for (let attempt = 0; attempt < tries; attempt++) if (budget.trySpend(nowMs)) retries++;
        seen.push({ atMs: latestMs, requests, retries });
      }
      for (let from = 0; from < seen.length; from++) {
        const startMs = seen[from]!.atMs;
        let before = 0;
        for (const { atMs, requests } of seen.slice(0, from)) {
          before += requests * Math.exp(-(startMs - atMs) / 10_000);
        }
        let within = 0;
        let retries = 0;
        for (const { atMs, ...counts } of seen.slice(from)) {
          within += counts.requests;
          retries += counts.retries;
          const seconds = 10 + (atMs - startMs) / 1_000;
          const allowed = config.minPerSecond * seconds + config.ratio * (within + before);
          assert.ok(retries <= allowed + 1e-6, `${retries} retries, ${allowed} allowed`);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('property: where it refuses, the law has less than one retry left, fading 1% early', () => {
  fc.assert(
    fc.property(configs, steps, (config, schedule) => {
      const budget = new RetryBudget(config, 0);
      const cap = config.minPerSecond * 10;
      // The same law, settled at every event, with what fades early left out.
      let earned = 0;
      let reserve = cap;
      let nowMs = 0;
      let latestMs = 0;
      for (const { passMs, requests, tries } of schedule) {
        if (passMs < 0) budget.left(nowMs); // Time that it was never told of is no time either.
        nowMs += passMs;
        const passedMs = Math.max(0, nowMs - latestMs);
        latestMs = Math.max(latestMs, nowMs);
        earned *= Math.exp(-passedMs / 10_000);
        reserve = Math.min(cap, reserve + (config.minPerSecond * passedMs) / 1_000);
        for (let request = 0; request < requests; request++) budget.onRequest(nowMs);
        earned += requests * config.ratio * Math.exp(-0.01);
        for (let attempt = 0; attempt < tries; attempt++) {
          if (!budget.trySpend(nowMs)) {
            assert.ok(earned + reserve < 1 + 1e-6, `refused with ${earned} + ${reserve}`);
            continue;
          }
          const fromEarned = Math.min(1, Math.max(0, earned));
          earned -= fromEarned;
          reserve -= 1 - fromEarned;
        }
      }
    }),
    { numRuns: 500 },
  );
});
