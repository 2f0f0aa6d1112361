/**
 * Members without endpoints, and requests to them, for the tests of ejection.
 *
 * Tests only.
 */
import type { EjectionConfig } from '@remora/api/wire-resilience.ts';
import type { Chance } from '../clock.ts';
import { Ejection } from './ejection.ts';
import { resilienceDefaults } from '@remora/api/resilience-defaults.ts';
import { EndpointHealth, type Judged } from './endpoint-health.ts';
import { OUTCOME } from './outcome.ts';

export class Fleet {
  nowMs = 1_000_000;
  /** In order of time. */
  readonly readmitted: number[] = [];
  readonly members: readonly Judged[];
  readonly policy: EjectionConfig;
  readonly ejection: Ejection<Judged>;

  /** Without a chance, penalties are whole. */
  constructor(size: number, policy: Partial<EjectionConfig> = {}, chance: Chance = () => 0) {
    this.policy = { ...resilienceDefaults.ejection, ...policy };
    this.members = Array.from({ length: size }, (_, index) => ({
      health: new EndpointHealth(),
      onOut: () => undefined,
      becomeNew: () => this.readmitted.push(index),
    }));
    this.ejection = new Ejection<Judged>(this.policy, chance);
    this.ejection.apply(this.policy, this.members, this.nowMs);
  }

  pass(ms: number): void {
    this.nowMs += ms;
  }

  /** Only these are members from now on. */
  keep(indexes: readonly number[]): void {
    const kept = indexes.map((index) => this.members[index]!);
    this.ejection.apply(this.policy, kept, this.nowMs);
  }

  healthOf(index: number): EndpointHealth {
    return this.members[index]!.health;
  }

  stateOf(index: number): number {
    return this.healthOf(index).state;
  }

  outNow(): number[] {
    this.ejection.catchUp(this.nowMs);
    return this.ejection.out.map((member) => this.members.indexOf(member)).sort();
  }

  admit(index: number): number {
    return this.ejection.admit(this.members[index]!, this.nowMs);
  }

  report(index: number, epoch: number, outcome: number, rttMs = 5): void {
    this.ejection.report(this.members[index]!, epoch, outcome, rttMs, this.nowMs);
  }

  /** So many requests, one after the other, that end like this. */
  answers(index: number, outcome: number, count = 1, rttMs = 5): void {
    for (let request = 0; request < count; request++) {
      this.report(index, this.admit(index), outcome, rttMs);
    }
  }

  eject(index: number): void {
    this.answers(index, OUTCOME.FAILED, this.policy.failuresMax);
  }

  holdBack(index: number, forMs: number): void {
    this.ejection.holdBack(this.members[index]!, forMs, this.nowMs);
  }
}
