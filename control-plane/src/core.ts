/**
 * What every control plane does, wherever its objects come from: world → desired → publish → acks.
 *
 * One world at a time, replaced as a whole. Events of objects and the dev runner's instances both
 * end in `#apply`, which is synchronous: what a proxy is sent is always one consistent world.
 *
 * Joined with a source and listeners by `control-plane.ts` (a folder) and `cluster.ts`.
 */
import { INJECT } from '@remora/api/mesh-names.ts';
import type { SourceRef, SplitReport } from '@remora/api/wire.ts';
import { WorldCompiler } from './desired/compiler.ts';
import { type Problem, problemLine } from './files/problem.ts';
import type { Log } from './log.ts';
import { type Applied, type SourceName, sourceOf } from './publish/acks.ts';
import { ConfigServer, type ConfigServerOptions } from './publish/config-server.ts';
import { ControlPages } from './publish/control-pages.ts';
import type { Publication, Subscriber } from './publish/publication.ts';
import { Publisher } from './publish/publisher.ts';
import { RealisedSplits } from './publish/realised-splits.ts';
import { routeStatuses, type Status } from './status.ts';
import {
  emptyWorld,
  foldWorld,
  type LocalInstance,
  type ObjectEvent,
  type World,
  withInstances,
} from './world.ts';

/** A proxy applied or refused a configuration that an object is a source of. */
export interface AppliedEvent extends Applied {
  readonly source: SourceRef;
  readonly destination: string;
  readonly proxy: string;
}

export interface CoreOptions extends Pick<ConfigServerOptions, 'controlPlane' | 'authenticate'> {
  /** All problems there are, whenever they change; empty once all are mended. */
  readonly onProblem?: ((problems: readonly Problem[]) => void) | undefined;
  readonly onApplied?: ((event: AppliedEvent) => void) | undefined;
  /** Realised splits that proxies of this replica reported. */
  readonly onSplits?: ((reports: readonly SplitReport[]) => void) | undefined;
  /** After the proxies were sent what changed. */
  readonly onWorld?: ((world: World) => void) | undefined;
  readonly log: Log;
}

export class Core {
  readonly server: ConfigServer;
  readonly pages: ControlPages;
  readonly splits = new RealisedSplits();
  readonly #options: CoreOptions;
  readonly #publisher: Publisher;
  #world = emptyWorld;
  #compiler = new WorldCompiler(emptyWorld);
  #problems: readonly Problem[] = [];
  /** Whether proxies find what they look for: the source was read once, the listeners are open. */
  isReady = false;
  /** What the last world cost, from its events to what is sent. */
  lastWorldMs = 0;

  constructor(options: CoreOptions) {
    this.#options = options;
    const { controlPlane, authenticate, log } = options;
    this.#publisher = new Publisher(this.#compiler, (publication, subscriber) => {
      this.#acknowledged(publication, subscriber);
    });
    const publisher = this.#publisher;
    const splits = { hear: (reports: readonly SplitReport[]) => this.#split(reports) };
    this.server = new ConfigServer({ publisher, splits, controlPlane, authenticate, log });
    this.pages = new ControlPages({
      status: () => this.status(),
      ready: () => this.isReady,
      asked: this.server.asked,
    });
  }

  get world(): World {
    return this.#world;
  }

  /** What the proxies of this replica have applied. */
  get acknowledged(): Publisher {
    return this.#publisher;
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  fold(events: readonly ObjectEvent[]): void {
    this.#apply(foldWorld(this.#world, events));
  }

  setInstances(instances: readonly LocalInstance[]): void {
    this.#apply(withInstances(this.#world, instances));
  }

  /** What a namespace says of its pods' injection; null: nothing. */
  injectionModeOf(namespace: string): 'enabled' | 'disabled' | null {
    const said = this.#world.namespaces.get(namespace)?.metadata.labels?.[INJECT];
    return said === 'enabled' || said === 'disabled' ? said : null;
  }

  appliedBy(source: SourceName): Applied {
    return this.#publisher.appliedBy(source);
  }

  status(): Status {
    return {
      routes: routeStatuses(this.#world, (route) => this.appliedBy(sourceOf(route))),
      proxies: this.server.proxies(),
      problems: this.#problems,
    };
  }

  report(problems: readonly Problem[]): void {
    this.#problems = problems;
    for (const problem of problems) this.#options.log.warn({ problem }, problemLine(problem));
    this.#options.onProblem?.(problems);
  }

  #apply(world: World): void {
    if (world === this.#world) return;
    const startedAtMs = performance.now();
    this.#world = world;
    this.#compiler = new WorldCompiler(world, this.#compiler);
    const changed = this.#publisher.apply(this.#compiler);
    this.lastWorldMs = performance.now() - startedAtMs;
    const tookMs = Math.round(this.lastWorldMs);
    this.#options.log.info({ objects: world.objects.size, changed, tookMs }, 'world applied');
    this.#options.onWorld?.(world);
  }

  #split(reports: readonly SplitReport[]): void {
    this.splits.hear(reports);
    this.#options.onSplits?.(reports);
  }

  #acknowledged({ destination, content }: Publication, { proxy }: Subscriber): void {
    const { onApplied } = this.#options;
    if (onApplied === undefined) return;
    for (const source of content.sources) {
      onApplied({ source, destination, proxy: proxy.name, ...this.appliedBy(source) });
    }
  }
}
