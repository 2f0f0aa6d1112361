/**
 * When a condition last changed: `lastTransitionTime` is kept while `status` stays the same, as
 * `kubectl wait` and every dashboard of conditions expect.
 *
 * Pure: the time comes in. Called by `status-writer.ts`.
 */
import type { StatusBody, WrittenStatus } from './status-writer.ts';

export interface TimedCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  /** RFC 3339. */
  readonly lastTransitionTime: string;
}

export function withTimes(
  status: StatusBody,
  before: readonly TimedCondition[],
  now: string,
): WrittenStatus {
  const conditions = status.conditions.map((condition) => {
    const known = before.find(({ type }) => type === condition.type);
    const isSame = known?.status === condition.status;
    return { ...condition, lastTransitionTime: isSame ? known.lastTransitionTime : now };
  });
  return { ...status, conditions };
}
