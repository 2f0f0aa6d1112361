/**
 * Ejection beside a model that keeps every vote in a list, under any order of events.
 *
 * The model knows a period of a breaker by an object of its own, so it needs no epochs.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as limits from '../limits.ts';
import { NO_VOTE } from './ejection.ts';
import { Fleet } from './ejection-fixture.ts';
import { BREAKER } from './endpoint-health.ts';
import { OUTCOME } from './outcome.ts';

const SIZE = 5;
const BUCKETS = 10;

/** A period of a breaker: what is admitted in it votes in it only. */
interface Period {
  readonly state: number;
  readonly dueAtMs: number;
  readonly votes: { readonly atMs: number; readonly failed: boolean }[];
}

interface Ticket {
  readonly index: number;
  readonly epoch: number;
  readonly period: Period | null;
}

class Model {
  readonly periods: Period[] = Array.from({ length: SIZE }, () => closed());
  readonly #fleet: Fleet;
  readonly #doublings: number[] = Array.from({ length: SIZE }, () => 0);
  readonly #closedAtMs: number[] = Array.from({ length: SIZE }, () => Number.NEGATIVE_INFINITY);

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  get open(): number {
    return this.periods.filter((period) => period.state !== BREAKER.CLOSED).length;
  }

  /** The period that a request admitted now may vote in. */
  admit(index: number): Period | null {
    const { nowMs } = this.#fleet;
    const period = this.periods[index]!;
    if (period.state === BREAKER.CLOSED) return period;
    if (nowMs < period.dueAtMs) return null; // The penalty, or a probe that may still report.
    return this.#begin(index, BREAKER.HALF_OPEN, limits.ejectionProbeMsMax);
  }

  report({ index, period }: Ticket, outcome: number): void {
    if (period === null || period !== this.periods[index]) return;
    const { nowMs, policy } = this.#fleet;
    if (period.state === BREAKER.HALF_OPEN) {
      if (outcome === OUTCOME.OK) {
        this.#closedAtMs[index] = nowMs;
        this.#begin(index, BREAKER.CLOSED, 0);
      } else if (outcome === OUTCOME.FAILED) {
        this.#doublings[index]!++;
        this.#punish(index);
      } else this.#begin(index, BREAKER.OPEN, policy.penaltyMs);
      return;
    }
    if (outcome > OUTCOME.FAILED) return;
    period.votes.push({ atMs: nowMs, failed: outcome === OUTCOME.FAILED });
    if (outcome === OUTCOME.OK || !this.#isBad(period)) return;
    if (this.open >= Math.min(SIZE - 1, Math.floor(policy.ejectedRatioMax * SIZE))) return;
    const relapsed = nowMs - this.#closedAtMs[index]! < policy.penaltyMaxMs;
    this.#doublings[index] = relapsed ? this.#doublings[index]! + 1 : 0;
    this.#punish(index);
  }

  #isBad(period: Period): boolean {
    const { nowMs, policy } = this.#fleet;
    const lastSuccess = period.votes.findLastIndex((vote) => !vote.failed);
    const inRow = period.votes.length - 1 - lastSuccess;
    if (policy.failuresMax > 0 && inRow >= policy.failuresMax) return true;
    const bucketMs = policy.windowMs / BUCKETS;
    const oldest = Math.floor(nowMs / bucketMs) - BUCKETS + 1;
    const recent = period.votes.filter((vote) => Math.floor(vote.atMs / bucketMs) >= oldest);
    const successes = recent.filter((vote) => !vote.failed).length;
    return (
      recent.length >= policy.requestsMin && successes / recent.length < policy.successRatioMin
    );
  }

  #punish(index: number): void {
    const { penaltyMs, penaltyMaxMs } = this.#fleet.policy;
    const forMs = Math.min(penaltyMaxMs, penaltyMs * 2 ** this.#doublings[index]!);
    this.#begin(index, BREAKER.OPEN, forMs);
  }

  #begin(index: number, state: number, forMs: number): Period {
    const period = { state, dueAtMs: this.#fleet.nowMs + forMs, votes: [] };
    this.periods[index] = period;
    return period;
  }
}

function closed(): Period {
  return { state: BREAKER.CLOSED, dueAtMs: 0, votes: [] };
}

const index = fc.nat(SIZE - 1);
const outcome = fc.oneof(
  { weight: 8, arbitrary: fc.constant(OUTCOME.FAILED) },
  { weight: 3, arbitrary: fc.constant(OUTCOME.OK) },
  fc.constantFrom(OUTCOME.NOTHING_LEARNED, OUTCOME.REFUSED_BY_PEER),
);
const pass = fc.record({
  do: fc.constant('pass' as const),
  ms: fc.constantFrom(1, 90, 400, 1_000, 7_000, 60_000),
});
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('admit' as const), index }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('answers' as const), index, outcome, count: fc.nat(9) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('report' as const), which: fc.nat(), outcome }),
  },
  { weight: 4, arbitrary: pass },
);

const policies = fc.record({
  failuresMax: fc.constantFrom(0, 2, 7),
  successRatioMin: fc.constantFrom(0, 0.5, 0.8),
  requestsMin: fc.constantFrom(1, 4, 20),
  ejectedRatioMax: fc.constantFrom(0, 0.2, 0.5, 1),
});

test('model: breakers open, probe and close exactly as a list of all votes says', () => {
  fc.assert(
    fc.property(policies, fc.array(step, { maxLength: 120 }), (policy, steps) => {
      const fleet = new Fleet(SIZE, policy);
      const model = new Model(fleet);
      const tickets: Ticket[] = [];
      const admit = (at: number): Ticket => {
        const ticket = { index: at, epoch: fleet.admit(at), period: model.admit(at) };
        assert.equal(ticket.epoch === NO_VOTE, ticket.period === null, 'who has a vote');
        return ticket;
      };
      const report = (ticket: Ticket, ended: number): void => {
        fleet.report(ticket.index, ticket.epoch, ended);
        model.report(ticket, ended);
      };
      for (const one of steps) {
        if (one.do === 'pass') fleet.pass(one.ms);
        else if (one.do === 'admit') tickets.push(admit(one.index));
        else if (one.do === 'answers') {
          for (let n = 0; n < one.count; n++) report(admit(one.index), one.outcome);
        } else if (tickets.length > 0) {
          report(tickets.splice(one.which % tickets.length, 1)[0]!, one.outcome);
        }
        const states = fleet.members.map((_, at) => fleet.stateOf(at) !== BREAKER.CLOSED);
        const wanted = model.periods.map((period) => period.state !== BREAKER.CLOSED);
        assert.deepEqual(states, wanted);
        assert.equal(fleet.ejection.out.length, model.open);
        assert.ok(model.open <= policy.ejectedRatioMax * SIZE && model.open < SIZE);
      }
    }),
    { numRuns: 1_000 },
  );
});

const changes = fc.oneof(
  step,
  fc.record({
    do: fc.constant('keep' as const),
    indexes: fc.uniqueArray(index, { maxLength: SIZE }),
  }),
  fc.record({ do: fc.constant('hold' as const), index, ms: fc.constantFrom(1, 500, 20_000) }),
);

test('property: whoever joins, leaves or is held, the cap holds, with one probe at most', () => {
  fc.assert(
    fc.property(policies, fc.array(changes, { maxLength: 120 }), (policy, steps) => {
      const fleet = new Fleet(SIZE, policy);
      let kept = fleet.members.map((_, at) => at);
      const tickets: { index: number; epoch: number }[] = [];
      /** Of each member, when its last probe went out and has not reported. */
      const probes = new Map<number, { epoch: number; sinceMs: number }>();
      const admit = (at: number): number => {
        const before = fleet.healthOf(at).state;
        const epoch = fleet.admit(at);
        if (before !== BREAKER.CLOSED && epoch !== NO_VOTE) {
          const other = probes.get(at);
          const isAlone =
            other === undefined || fleet.nowMs - other.sinceMs >= limits.ejectionProbeMsMax;
          assert.ok(isAlone, 'two probes at a time');
          probes.set(at, { epoch, sinceMs: fleet.nowMs });
        }
        return epoch;
      };
      const report = (at: number, epoch: number, ended: number): void => {
        if (probes.get(at)?.epoch === epoch) probes.delete(at);
        const { health } = fleet.members[at]!;
        const before = [health.state, health.epoch];
        fleet.report(at, epoch, ended);
        if (epoch !== before[1]) assert.deepEqual([health.state, health.epoch], before);
      };
      for (const one of steps) {
        if (one.do === 'pass') fleet.pass(one.ms);
        else if (one.do === 'hold') fleet.holdBack(one.index, one.ms);
        else if (one.do === 'admit') tickets.push({ index: one.index, epoch: admit(one.index) });
        else if (one.do === 'answers') {
          for (let n = 0; n < one.count; n++) report(one.index, admit(one.index), one.outcome);
        } else if (one.do === 'keep') {
          kept = [...one.indexes];
          fleet.keep(kept);
          // Who left, or was let in, has no probe any more.
          for (const at of probes.keys()) {
            if (fleet.stateOf(at) === BREAKER.CLOSED) probes.delete(at);
          }
        } else if (tickets.length > 0) {
          const [ticket] = tickets.splice(one.which % tickets.length, 1);
          report(ticket!.index, ticket!.epoch, one.outcome);
        }
        const out = fleet.outNow();
        assert.equal(new Set(out).size, out.length);
        assert.ok(out.length <= policy.ejectedRatioMax * kept.length, `${out.length} are out`);
        assert.ok(out.length === 0 || out.length < kept.length, 'the last one is out');
        for (const at of out) assert.ok(kept.includes(at), 'a stranger is out');
        for (const [at] of fleet.members.entries()) {
          const isOut = fleet.healthOf(at).outUntilMs > fleet.nowMs;
          assert.equal(isOut, out.includes(at), `member ${at}`);
        }
      }
    }),
    { numRuns: 1_000 },
  );
});
