/**
 * The outage, the overload and the healthy days, as scenarios, and how a run is judged.
 *
 * Tests only. The server of the first two answers 200 a second, one at a time.
 */
import type { Chance } from '../../clock.ts';
import { exponential, type Outcome, type Result, type Scenario } from './simulation.ts';
import type { ServerPlan } from './servers.ts';

const oneWorker = (): ServerPlan => ({ workers: 1, workMs: () => 5 });
const pacedWorker = (): ServerPlan => ({ workers: 1, workMs: () => 5, creditMs: 5 });

function workers(workMs: (nowMs: number, chance: Chance) => number) {
  return (chance: Chance): ServerPlan => ({
    workers: 64,
    workMs: (nowMs) => workMs(nowMs, chance),
  });
}

/** Ten times the rate from 4 s to 5 s. */
const burst = (rate: number) => (nowMs: number) =>
  nowMs >= 4_000 && nowMs < 5_000 ? 10 * rate : rate;

export const THAW_AT_MS = 18_004;
export const outage: Scenario = {
  seconds: 50,
  ratePerSecond: () => 140,
  server: oneWorker,
  freezeAtMs: 8_004,
  freezeMs: 10_000,
};
/** As long as the queue makes them wait, or less: who came first is gone when it is served. */
export const outageImpatient = [300, 500].map((patienceMs) => ({ ...outage, patienceMs }));
export const outagePaced: Scenario = { ...outage, server: pacedWorker };

export const overload: Scenario = { seconds: 15, ratePerSecond: () => 400, server: oneWorker };
export const overloadPaced: Scenario = { ...overload, server: pacedWorker };
/** Its first answers are late: no request ever meets it without a queue. */
export const overloadLate = [10, 20, 50].map((freezeMs) => ({
  ...overload,
  freezeAtMs: 0,
  freezeMs,
}));
/** What the server answers in a second. */
export const CAPACITY_PER_SECOND = 200;

export const healthy: Readonly<Record<string, Scenario>> = {
  'a burst of 140 to 1,400': calm(8, burst(140), () => 5),
  'a burst of 400 to 4,000': calm(8, burst(400), () => 5),
  'a burst of 1,000 to 10,000': calm(8, burst(1_000), () => 5),
  'a burst of 100 to 1,000 at 40 ms': calm(8, burst(100), () => 40),
  'a server that slows from 5 to 40 ms': calm(
    12,
    () => 500,
    (now) => (now < 4_000 ? 5 : 40),
  ),
  'a server that slows from 5 to 100 ms': calm(
    12,
    () => 500,
    (now) => (now < 4_000 ? 5 : 100),
  ),
  'one answer of ten in 200 ms': calm(
    20,
    () => 200,
    (_now, chance) => (chance() < 0.1 ? 200 : 5),
  ),
  'a cold start at 2,000 a second': calm(
    6,
    () => 2_000,
    () => 20,
  ),
  'a cold start whose first answers take 800 ms': calm(
    6,
    () => 60,
    (now) => (now < 1_500 ? 800 : 8),
  ),
  'one worker at 70%': { seconds: 60, ratePerSecond: () => 140, server: oneWorker },
  'one paced worker at 70%': { seconds: 60, ratePerSecond: () => 140, server: pacedWorker },
};
/** A node starves it for two seconds: 18 are in flight where two were. */
export const starved = calm(
  12,
  () => 60,
  (now) => (now >= 4_000 && now < 6_000 ? 300 : 8),
);
export const nearlyFull: Scenario = { seconds: 60, ratePerSecond: () => 170, server: oneWorker };
export const nearlyFullPaced: Scenario = { ...nearlyFull, server: pacedWorker };

/** A page made of several calls, one of which is slow for 6 in 100; its own process is one core. */
export const page: Scenario = {
  seconds: 12,
  ratePerSecond: () => 100,
  server: (chance) => ({
    workers: 1,
    workMs: (nowMs) => (nowMs < 500 ? 3 : 1) * (4 + exponential(chance, 3)),
    thenMs: () => 6 + exponential(chance, 5) + (chance() < 0.06 ? 440 : 0),
  }),
};

function calm(
  seconds: number,
  ratePerSecond: (nowMs: number) => number,
  workMs: (nowMs: number, chance: Chance) => number,
): Scenario {
  return { seconds, ratePerSecond, server: workers(workMs) };
}

export function goodOf(outcomes: readonly Outcome[]): readonly Outcome[] {
  return outcomes.filter((outcome) => outcome.end === 'good');
}

/** 0 to 1. */
export function goodShare(outcomes: readonly Outcome[]): number {
  return goodOf(outcomes).length / outcomes.length;
}

/** Of the good answers to calls made from then on. */
export function p99Ms(result: Result, fromMs = 0): number {
  const latencies = goodOf(result.outcomes)
    .filter((outcome) => outcome.atMs >= fromMs)
    .map((outcome) => outcome.latencyMs);
  latencies.sort((one, other) => one - other);
  return latencies[Math.floor(latencies.length * 0.99)]!;
}

/** Good answers over what the server can answer, from the third second on. */
export function goodputShare(result: Result, seconds: number): number {
  const counted = goodOf(result.outcomes).filter((outcome) => outcome.atMs >= 3_000);
  return counted.length / ((seconds - 3) * CAPACITY_PER_SECOND);
}

/** How long after the thaw each of the three following seconds has 95% good. */
export function recoveryMs(result: Result): number {
  for (let delayMs = 0; delayMs < 20_000; delayMs += 10) {
    const seconds = [0, 1_000, 2_000].map((plus) => {
      const fromMs = THAW_AT_MS + delayMs + plus;
      return result.outcomes.filter((one) => one.atMs >= fromMs && one.atMs < fromMs + 1_000);
    });
    if (seconds.every((second) => goodShare(second) >= 0.95)) return delayMs;
  }
  return Number.POSITIVE_INFINITY;
}
