/**
 * Which member is so slow beside the others that it is better left out.
 *
 * Compared with the median of the others and not with a mean of all, which the slow one itself
 * raises. One at a time, the slowest: the next look measures the others without it.
 *
 * Pure. Asked by `ejection.ts` at most ten times a window: it looks at every member.
 */
import { BREAKER, type Judged } from './endpoint-health.ts';

export class LatencyOutlier<Member extends Judged> {
  /** Room for one figure a member, kept from look to look. */
  #latencies = new Float64Array(0);

  find(
    members: readonly Member[],
    factorMax: number,
    requestsMin: number,
    nowMs: number,
  ): Member | null {
    if (this.#latencies.length < members.length) this.#latencies = new Float64Array(members.length);
    const latencies = this.#latencies;
    let count = 0;
    let slowest: Member | null = null;
    let slowestMs = 0;
    for (const member of members) {
      const { window, state } = member.health;
      if (window === null || state !== BREAKER.CLOSED) continue;
      window.expire(nowMs);
      if (window.measured < requestsMin || window.measured === 0) continue;
      const latencyMs = window.latencyMs;
      latencies[count++] = latencyMs;
      if (latencyMs <= slowestMs) continue;
      slowest = member;
      slowestMs = latencyMs;
    }
    if (count < 2) return null;
    const sorted = latencies.subarray(0, count).sort();
    // The slowest is the last: those before it are the others.
    return slowestMs > factorMax * median(sorted, count - 1) ? slowest : null;
  }
}

/** Of the first `count` of sorted figures. */
function median(sorted: Float64Array, count: number): number {
  const upper = sorted[count >> 1]!;
  return count % 2 === 1 ? upper : (upper + sorted[(count >> 1) - 1]!) / 2;
}
