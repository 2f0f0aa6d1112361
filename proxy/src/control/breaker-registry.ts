/**
 * Breakers of rules by key, outside of every snapshot, so that a change of configuration does not
 * close one that is open.
 *
 * Counted by use, as backends are. Pure. Owned by `configuration.ts`, used by `compile.ts`.
 */
import type { RuleBreakerConfig } from '@remora/api/wire-resilience.ts';
import { RuleBreaker } from '../resilience/rule-breaker.ts';

interface Held {
  readonly breaker: RuleBreaker;
  uses: number;
}

export class BreakerRegistry {
  readonly #held = new Map<string, Held>();

  /** The breaker of this key, in use by one more. One that is held keeps its settings. */
  acquire(key: string, config: RuleBreakerConfig): RuleBreaker {
    let held = this.#held.get(key);
    if (held === undefined) {
      held = { breaker: new RuleBreaker(config), uses: 0 };
      this.#held.set(key, held);
    }
    held.uses++;
    return held.breaker;
  }

  release(key: string): void {
    const held = this.#held.get(key);
    if (held !== undefined && --held.uses === 0) this.#held.delete(key);
  }
}
