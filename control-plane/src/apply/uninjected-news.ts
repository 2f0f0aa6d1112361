/**
 * Tells, as an event of the pod itself, that it runs without a sidecar where one was asked for.
 *
 * Such pods are those that were there before their namespace opted in, and those that came while
 * nobody answered the webhook. `kubectl describe pod` then says what to do.
 *
 * Not pure: events are written. Made by `leadership.ts`.
 */
import type { Core } from '../core.ts';
import { uninjectedPods } from '../desired/uninjected.ts';
import type { EventWriter } from '../kube/events.ts';
import { limits } from '../limits.ts';

export class UninjectedNews {
  readonly #core: Core;
  readonly #events: EventWriter;
  /** Pods that were told of, by their key. */
  #told = new Set<string>();
  #dueAtMs = 0;

  constructor(core: Core, events: EventWriter) {
    this.#core = core;
    this.#events = events;
  }

  look(nowMs = performance.now()): void {
    if (nowMs < this.#dueAtMs) return;
    this.#dueAtMs = nowMs + limits.uninjectedLookMs;
    const told = new Set<string>();
    for (const { namespace, name, why } of uninjectedPods(this.#core.world)) {
      const key = `${namespace}/${name}`;
      if (!this.#told.has(key)) {
        this.#events.tell({
          regarding: { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name } },
          type: 'Warning',
          reason: 'NotInjected',
          action: 'Inject',
          note: why,
        });
      }
      told.add(key);
    }
    this.#told = told;
  }
}
