/** The servers that scenarios are played with, by the names that the scenarios use. Constants. */
import type { Service } from './behaviour.ts';

/** 200 requests/s, one at a time: the server of the outage and the overload. */
export const ONE_WORKER: Service = { workers: 1, times: [[1, 5]] };
export const ONE_WORKER_PER_SECOND = 200;

export function workers(count: number, ms: number): Service {
  return { workers: count, times: [[1, ms]] };
}

/** Quick and never the bottleneck: for scenarios about other things than load. */
export const QUICK: Service = { workers: 64, times: [[1, 2]] };
export const INSTANT: Service = { workers: 0, times: [[1, 0]] };
