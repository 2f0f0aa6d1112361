/**
 * Tells, as an event of the pod itself, that it runs without a sidecar where one was asked for.
 *
 * Such pods are those that were there before their namespace opted in, and those that came while
 * nobody answered the webhook. `kubectl describe pod` then says what to do. All pods are looked
 * through, so at most every few seconds; what changes in between is looked at when that is over.
 *
 * Not pure: events are written, a timer. Made by `leadership.ts`.
 */
import type { Core } from '../core.ts';
import { type UninjectedPod, uninjectedPods } from '../desired/uninjected.ts';
import type { EventWriter } from '../kube/events.ts';
import * as limits from '../limits.ts';

export class UninjectedNews {
  readonly #core: Pick<Core, 'world'>;
  readonly #events: Pick<EventWriter, 'tell'>;
  /** Pods that were told of. */
  #told = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  #isChanged = false;

  constructor(core: Pick<Core, 'world'>, events: Pick<EventWriter, 'tell'>) {
    this.#core = core;
    this.#events = events;
  }

  /** The world is another. */
  changed(): void {
    this.#isChanged = true;
    if (this.#timer !== null) return;
    this.#look();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#isChanged) this.changed();
    }, limits.uninjectedLookMs);
    this.#timer.unref();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    this.#isChanged = false;
    const told = new Set<string>();
    for (const pod of uninjectedPods(this.#core.world)) {
      const key = `${pod.namespace}/${pod.name}/${pod.uid}`;
      if (this.#told.has(key) || this.#tell(pod)) told.add(key);
      else this.#isChanged = true; // Too many at once: the rest is told when it may be.
    }
    this.#told = told;
  }

  #tell({ namespace, name, uid, why }: UninjectedPod): boolean {
    return this.#events.tell({
      regarding: { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name, uid } },
      type: 'Warning',
      reason: 'NotInjected',
      action: 'Inject',
      note: why,
    });
  }
}
