/**
 * Poisson traffic of impatient clients through proxies to a server, and what became of each call.
 *
 *   clients (leave after 1 s, send no deadline) → outbound proxies → [inbound proxy] → server
 *
 * Tests only. Open loop: clients come at their rate whatever the server does, as the world does.
 */
import type { LimitsConfig } from '@remora/api/wire-resilience.ts';
import { type Chance, seededChance } from '../../clock.ts';
import { PRIORITY, type PriorityNumber } from '../ticket.ts';
import { Call, type Hop } from './call.ts';
import { Server, type ServerPlan } from './servers.ts';
import { type ProxyWorld, SimulatedProxy } from './simulated-proxy.ts';
import { VirtualTime } from './virtual-time.ts';

const PATIENCE_MS = 1_000;
const NETWORK_LEAST_MS = 0.15;
const NETWORK_NOISE_MS = 0.2;
export const DEFAULT_LIMITS: LimitsConfig = {
  inFlightMax: 1_024,
  waitingMax: 1_024,
  waitMaxMs: 500,
  adaptive: true,
};

export interface Scenario {
  readonly seconds: number;
  ratePerSecond(nowMs: number): number;
  readonly server: (chance: Chance) => ServerPlan;
  readonly freezeAtMs?: number;
  readonly freezeMs?: number;
  /** How long a client waits; 1 s unless said. */
  readonly patienceMs?: number;
  /** Outbound proxies that do not adapt, before one inbound that does; none: one that adapts. */
  readonly callers?: number;
  /** Of the calls, those with another priority; 0 to 1. */
  readonly criticalShare?: number;
}

export interface Outcome {
  readonly atMs: number;
  readonly priority: PriorityNumber;
  end: 'good' | 'refused' | 'left';
  latencyMs: number;
}

export interface Result {
  readonly outcomes: readonly Outcome[];
  readonly arrivals: number;
  /** The one that adapts. */
  readonly limiter: SimulatedProxy;
}

export function simulate(scenario: Scenario, seed: number): Result {
  const chance = seededChance(seed);
  const time = new VirtualTime();
  const server = new Server(time, scenario.server(chance));
  const networkMs = (): number => NETWORK_LEAST_MS + exponential(chance, NETWORK_NOISE_MS);
  const { patienceMs = PATIENCE_MS } = scenario;
  const world: ProxyWorld = { time, networkMs };
  const limiter = new SimulatedProxy(world, server, DEFAULT_LIMITS);
  const entries: readonly Hop[] =
    scenario.callers === undefined ? [limiter] : callersOf(world, limiter, scenario.callers);
  const outcomes: Outcome[] = [];
  const arrive = (): void => {
    const nowMs = time.nowMs();
    if (nowMs >= scenario.seconds * 1_000) return;
    const isCritical = chance() < (scenario.criticalShare ?? 0);
    const outcome: Outcome = {
      atMs: nowMs,
      priority: isCritical ? PRIORITY.critical : PRIORITY.default,
      end: 'left',
      latencyMs: 0,
    };
    outcomes.push(outcome);
    offer(world, entries[Math.floor(chance() * entries.length)]!, outcome, patienceMs);
    time.after(exponential(chance, 1_000 / scenario.ratePerSecond(nowMs)), arrive);
  };
  time.after(exponential(chance, 1_000 / scenario.ratePerSecond(0)), arrive);
  if (scenario.freezeMs !== undefined) {
    time.after(scenario.freezeAtMs!, () => server.freeze(scenario.freezeMs!));
  }
  time.runUntil(scenario.seconds * 1_000 + 2 * patienceMs);
  return { outcomes, arrivals: server.arrivals, limiter };
}

function callersOf(world: ProxyWorld, inbound: Hop, count: number): readonly Hop[] {
  const config = { ...DEFAULT_LIMITS, adaptive: false };
  return Array.from({ length: count }, () => new SimulatedProxy(world, inbound, config));
}

/** One client: it tells how its call ended, or leaves. */
function offer(world: ProxyWorld, entry: Hop, outcome: Outcome, patienceMs: number): void {
  const { time } = world;
  const call = new Call(outcome.priority, (isGood) => {
    outcome.end = isGood ? 'good' : 'refused';
    outcome.latencyMs = time.nowMs() - outcome.atMs;
  });
  time.after(patienceMs, () => call.leave());
  time.after(world.networkMs(), () => entry.arrive(call));
}

export function exponential(chance: Chance, mean: number): number {
  return -Math.log(1 - chance()) * mean;
}
