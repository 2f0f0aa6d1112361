/**
 * Where a share goes whose backend can't serve it: none of its endpoints is there, or the rule's
 * breaker of it is open.
 *
 *   chosen alive? it → rule.spillover: another that is alive, by weight or by its sticky user
 *                    → rule.fallback, where it is alive → nobody
 *
 * An invalid reference is not dead: it costs its share (the Gateway API's rule), however many
 * others there are. Asking a breaker may use up its probe, so only who gets the request is asked.
 *
 * Pure. Called by `roles/outbound.ts`. Budget: no allocation; two tests where all are alive.
 */
import type { Head } from '../http1/head.ts';
import * as limits from '../limits.ts';
import type { Rule, Target } from './compiled.ts';
import { NO_TARGET } from './split.ts';

/** Set anew for each use, and never held. */
const alive = new Uint8Array(limits.ruleTargetsMax);

/** Whether requests may go there now. */
export function isAlive(target: Target, nowMs: number): boolean {
  const { backend, breaker } = target;
  if (backend === null || backend.isEmpty) return false;
  return breaker === null || breaker.retryAfterMs(nowMs) === 0;
}

/** Another target of the rule for a request whose own is dead; null: there is none. */
export function otherTarget(
  rule: Rule,
  head: Head,
  peer: string,
  chance: number,
  nowMs: number,
): Target | null {
  if (rule.spillover) {
    for (let at = 0; at < rule.targets.length; at++) {
      alive[at] = isAlive(rule.targets[at]!, nowMs) ? 1 : 0;
    }
    const chosen = rule.split.chooseAmong(head, peer, chance, alive);
    if (chosen !== NO_TARGET) return rule.targets[chosen]!;
  }
  return rule.fallback !== null && isAlive(rule.fallback, nowMs) ? rule.fallback : null;
}
