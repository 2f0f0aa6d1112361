/**
 * The objects of a cluster as a source of events: one watch a kind, one ledger a kind, one flush.
 *
 * Nothing is told before every kind was listed once: half a world would take routes away. After
 * that events wait a moment, so that what comes together is one new world; how long follows from
 * what the last one cost, so that a storm of changes never takes all of the processor.
 *
 * The same interface as `files/folder-source.ts`. Made by `cluster.ts`.
 */
import type { Problem } from '../files/problem.ts';
import * as limits from '../limits.ts';
import type { Log } from '../log.ts';
import type { ObjectEvent } from '../world.ts';
import type { KubeClient } from './client.ts';
import { ObjectLedger, type ReadObject, readObject } from './object-ledger.ts';
import type { Resource } from './resource.ts';
import { Watch } from './watch.ts';

export interface KubeSourceOptions {
  readonly client: KubeClient;
  readonly resources: readonly Resource[];
  /** Read where they are installed. */
  readonly optional: readonly Resource[];
  readonly onEvents: (events: readonly ObjectEvent[]) => void;
  /** All problems there are, whenever that changed. */
  readonly onProblems: (problems: readonly Problem[]) => void;
  readonly log: Log;
}

interface Kind {
  readonly ledger: ObjectLedger;
  readonly watch: Watch<ReadObject>;
}

export class KubeSource {
  readonly #options: KubeSourceOptions;
  readonly #kinds: Kind[] = [];
  #waiting: ObjectEvent[] = [];
  #flush: NodeJS.Timeout | null = null;
  #lastCostMs = 0;
  #problemChanges = 0;
  #isStarted = false;

  constructor(options: KubeSourceOptions) {
    this.#options = options;
  }

  /** Resolves once every kind was listed and told. Waits as long as that takes. */
  async start(): Promise<void> {
    const { resources, optional } = this.#options;
    for (const resource of resources) this.#watch(resource, false);
    for (const resource of optional) this.#watch(resource, true);
    await Promise.all(this.#kinds.map(({ watch }) => watch.synced));
    this.#isStarted = true;
    this.#tell();
  }

  async close(): Promise<void> {
    if (this.#flush !== null) clearTimeout(this.#flush);
    await Promise.all(this.#kinds.map(({ watch }) => watch.close()));
  }

  #watch(resource: Resource, isOptional: boolean): void {
    const { client, log } = this.#options;
    const ledger = new ObjectLedger();
    const watch = new Watch<ReadObject>(client, {
      ...{ resource, isOptional, pick: readObject },
      onReset: (all) => this.#take(ledger.reset(all)),
      onEvents: (events) => {
        this.#take(
          events.flatMap(({ type, object }) => {
            return type === 'put' ? ledger.put(object) : ledger.delete(object.key);
          }),
        );
      },
      onState: (state, why) => {
        if (state === 'lagging') log.warn({ kind: resource.kind }, `not up to date: ${why ?? ''}`);
      },
    });
    this.#kinds.push({ ledger, watch });
    watch.start();
  }

  #take(events: readonly ObjectEvent[]): void {
    this.#waiting.push(...events);
    if (!this.#isStarted || this.#flush !== null) return;
    const delayMs = Math.min(limits.foldMsMax, Math.max(limits.foldMs, this.#lastCostMs));
    this.#flush = setTimeout(() => this.#tell(), delayMs);
  }

  #tell(): void {
    this.#flush = null;
    const events = this.#waiting;
    this.#waiting = [];
    const startedAtMs = performance.now();
    if (events.length > 0) this.#options.onEvents(events);
    this.#lastCostMs = performance.now() - startedAtMs;
    let changes = 0;
    for (const { ledger } of this.#kinds) changes += ledger.changes;
    if (changes === this.#problemChanges) return;
    this.#problemChanges = changes;
    const problems = this.#kinds.flatMap(({ ledger }) => ledger.problems);
    this.#options.onProblems(problems.slice(0, limits.problemsMax));
  }
}
