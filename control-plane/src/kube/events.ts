/**
 * Tells people by Kubernetes events, which `kubectl describe` shows beside the object.
 *
 * Bounded on every side, since events are rows in the cluster's storage: the same object and reason
 * once a minute at most (what was held back is counted into the next), a few under way at once, and
 * what is over is dropped. Telling never fails the teller: an event is news, and the state it is
 * about stands in a status.
 *
 * Used by the leader's writers.
 */
import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '../clock.ts';
import * as limits from '../limits.ts';
import type { KubeClient } from './client.ts';
import { apiMicroseconds } from '../api-time.ts';
import type { KubeObject } from './kube-object.ts';
import { apiVersionOf, events } from './resource.ts';

export interface News {
  readonly regarding: KubeObject;
  readonly type: 'Normal' | 'Warning';
  /** One word in PascalCase, for machines: `NotInjected`. */
  readonly reason: string;
  /** What was being done: `Inject`. */
  readonly action: string;
  /** A sentence. */
  readonly note: string;
}

export interface EventWriterOptions {
  readonly client: Pick<KubeClient, 'create'>;
  /** `remora.dev/control-plane`. */
  readonly controller: string;
  /** The pod's name. */
  readonly instance: string;
  readonly onProblem?: (why: string) => void;
  readonly clock?: Clock;
}

interface Told {
  atMs: number;
  held: number;
}

export class EventWriter {
  readonly #options: EventWriterOptions;
  readonly #clock: Clock;
  readonly #told = new Map<string, Told>();
  #underWay = 0;

  constructor(options: EventWriterOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** False: held back or dropped. */
  tell(news: News): boolean {
    const held = this.#take(news);
    if (held === null || this.#underWay >= limits.eventsUnderWayMax) return false;
    this.#underWay++;
    void this.#write(news, held).finally(() => this.#underWay--);
    return true;
  }

  /** How many like it were held back before; null: hold this one back. */
  #take({ regarding, reason }: News): number | null {
    const { namespace = '', name, uid = '' } = regarding.metadata;
    const key = `${regarding.kind}/${namespace}/${name}/${uid}/${reason}`;
    const nowMs = this.#clock.nowMs();
    const told = this.#told.get(key);
    if (told !== undefined && nowMs - told.atMs < limits.eventRepeatMs) {
      told.held++;
      return null;
    }
    this.#told.delete(key); // So that it becomes the newest.
    this.#told.set(key, { atMs: nowMs, held: 0 });
    const [oldest] = this.#told.keys();
    if (this.#told.size > limits.eventKeysMax && oldest !== undefined) this.#told.delete(oldest);
    return told?.held ?? 0;
  }

  async #write(news: News, held: number): Promise<void> {
    const { client, onProblem } = this.#options;
    try {
      await client.create(events, this.#eventOf(news, held));
    } catch (error) {
      onProblem?.(error instanceof Error ? error.message : String(error));
    }
  }

  #eventOf({ regarding, type, reason, action, note }: News, held: number) {
    const { name, uid, resourceVersion } = regarding.metadata;
    const namespace = regarding.metadata.namespace || 'default';
    const more = held === 0 ? '' : ` (and ${held} more of these)`;
    return {
      apiVersion: apiVersionOf(events),
      kind: events.kind,
      metadata: { namespace, name: `${name.slice(0, 200)}.${randomUUID().slice(0, 13)}` },
      eventTime: apiMicroseconds(this.#clock.wallMs()),
      reportingController: this.#options.controller,
      reportingInstance: this.#options.instance,
      type,
      reason,
      action,
      note: `${note.slice(0, limits.eventNoteMax - more.length)}${more}`,
      regarding: {
        apiVersion: regarding.apiVersion,
        kind: regarding.kind,
        namespace: regarding.metadata.namespace,
        name,
        uid,
        resourceVersion,
      },
    };
  }
}
