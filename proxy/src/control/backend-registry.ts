/**
 * Backends by key, outside of every snapshot, so that pools and measurements outlive changes.
 *
 * Two destinations that name one Service port share its backend and so its connections. Counted by
 * use. One that nothing names any more is closed a while later and not at once: a request that was
 * routed to it just now may still have to pick, or pick again.
 *
 * Pure but for the injected clock. Owned by `configuration.ts`, used by `compile.ts`.
 */
import type { BackendConfig } from '@remora/api/wire.ts';
import { Backend, type BackendWorld } from '../balance/backend.ts';
import * as limits from '../limits.ts';

interface Held {
  readonly backend: Backend;
  uses: number;
  unusedSinceMs: number;
}

export class BackendRegistry {
  readonly #held = new Map<string, Held>();
  readonly #world: BackendWorld;

  constructor(world: BackendWorld) {
    this.#world = world;
  }

  /** The backend of this key, in use by one more. A new one has no endpoints until `apply`. */
  acquire(key: string): Backend {
    let held = this.#held.get(key);
    if (held === undefined) {
      held = { backend: new Backend(key, this.#world), uses: 0, unusedSinceMs: 0 };
      this.#held.set(key, held);
    }
    held.uses++;
    return held.backend;
  }

  release(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined || --held.uses > 0) return;
    held.unusedSinceMs = this.#world.clock.nowMs();
  }

  /** Closes what nothing has named for a while. */
  sweep(): void {
    const nowMs = this.#world.clock.nowMs();
    for (const [key, held] of this.#held) {
      if (held.uses > 0 || nowMs - held.unusedSinceMs < limits.backendUnusedMs) continue;
      this.#held.delete(key);
      held.backend.close(nowMs);
    }
  }

  apply(config: BackendConfig): void {
    this.#held.get(config.key)?.backend.apply(config, this.#world.clock.nowMs());
  }

  *backends(): Generator<Backend> {
    for (const { backend } of this.#held.values()) yield backend;
  }
}
