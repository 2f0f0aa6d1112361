/**
 * Joins the control plane; its table of contents: files → world → desired → publish → acks.
 *
 * One world at a time, replaced as a whole. The folder's events and the dev runner's instances both
 * end in `#apply`, which is synchronous: what a proxy is sent is always one consistent world.
 *
 * Started by `main.ts` as a process, and in-process by `remora dev`.
 */
import type { SourceRef } from '@remora/api/wire.ts';
import { WorldCompiler } from './desired/compiler.ts';
import { FolderSource } from './files/folder-source.ts';
import { type Problem, problemLine } from './files/problem.ts';
import type { Log } from './log.ts';
import type { Applied } from './publish/acks.ts';
import { ConfigServer } from './publish/config-server.ts';
import type { Publication, Subscriber } from './publish/publication.ts';
import { Publisher } from './publish/publisher.ts';
import { routeStatuses, type Status } from './status.ts';
import {
  emptyWorld,
  foldWorld,
  type LocalInstance,
  type ObjectIdentity,
  type World,
  withInstances,
} from './world.ts';

export interface ControlPlaneOptions {
  /** A folder of Kubernetes YAML, or one file. */
  readonly folder: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** All problems of the folder, whenever they change; empty once all are mended. */
  readonly onProblem?: (problems: readonly Problem[]) => void;
  readonly onApplied?: (event: AppliedEvent) => void;
  readonly log: Log;
}

/** A proxy applied or refused a configuration that an object is a source of. */
export interface AppliedEvent extends Applied {
  readonly source: SourceRef;
  readonly destination: string;
  readonly proxy: string;
}

export interface ControlPlane {
  readonly url: string;
  /** The world now: immutable, another one after each change. */
  world(): World;
  /** All instances on this machine; replaces what was said before. */
  setInstances(instances: readonly LocalInstance[]): void;
  problems(): readonly Problem[];
  appliedBy(source: Pick<SourceRef, 'kind' | 'namespace' | 'name'>): Applied;
  status(): Status;
  close(): Promise<void>;
}

/** Resolves once the folder is read and the listener is open. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const running = new RunningControlPlane(options);
  await running.start();
  return running;
}

class RunningControlPlane implements ControlPlane {
  readonly #options: ControlPlaneOptions;
  readonly #publisher: Publisher;
  readonly #source: FolderSource;
  readonly #server: ConfigServer;
  #world = emptyWorld;
  #compiler = new WorldCompiler(emptyWorld);
  #problems: readonly Problem[] = [];
  #url = '';

  constructor(options: ControlPlaneOptions) {
    const { folder, listen, log } = options;
    this.#options = options;
    this.#publisher = new Publisher(this.#compiler, (publication, subscriber) => {
      this.#acknowledged(publication, subscriber);
    });
    this.#source = new FolderSource({
      folder,
      onEvents: (events) => this.#apply(foldWorld(this.#world, events)),
      onProblems: (problems) => this.#report(problems),
    });
    this.#server = new ConfigServer({
      listen,
      publisher: this.#publisher,
      controlPlane: 'remora-files',
      status: () => this.status(),
      ready: () => this.#url !== '',
      log,
    });
  }

  async start(): Promise<void> {
    await this.#source.start();
    try {
      const { address, port } = await this.#server.listen();
      this.#url = `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
    } catch (error) {
      await this.#source.close();
      throw error;
    }
  }

  get url(): string {
    return this.#url;
  }

  world(): World {
    return this.#world;
  }

  setInstances(instances: readonly LocalInstance[]): void {
    this.#apply(withInstances(this.#world, instances));
  }

  problems(): readonly Problem[] {
    return this.#problems;
  }

  appliedBy(source: Pick<SourceRef, 'kind' | 'namespace' | 'name'>): Applied {
    return this.#publisher.appliedBy(source);
  }

  status(): Status {
    return {
      routes: routeStatuses(this.#world, (route) => this.appliedBy(nameOf(route))),
      proxies: this.#server.proxies(),
      problems: this.#problems,
    };
  }

  async close(): Promise<void> {
    await this.#source.close();
    await this.#server.close();
  }

  #apply(world: World): void {
    if (world === this.#world) return;
    const startedAtMs = performance.now();
    this.#world = world;
    this.#compiler = new WorldCompiler(world, this.#compiler);
    const changed = this.#publisher.apply(this.#compiler);
    const tookMs = Math.round(performance.now() - startedAtMs);
    this.#options.log.info({ objects: world.objects.size, changed, tookMs }, 'world applied');
  }

  #report(problems: readonly Problem[]): void {
    this.#problems = problems;
    for (const problem of problems) this.#options.log.warn({ problem }, problemLine(problem));
    this.#options.onProblem?.(problems);
  }

  #acknowledged({ destination, content }: Publication, { proxy }: Subscriber): void {
    const { onApplied } = this.#options;
    if (onApplied === undefined) return;
    for (const source of content.sources) {
      onApplied({ source, destination, proxy: proxy.name, ...this.appliedBy(source) });
    }
  }
}

function nameOf({
  kind,
  metadata,
}: ObjectIdentity): Pick<SourceRef, 'kind' | 'namespace' | 'name'> {
  return { kind, namespace: metadata.namespace, name: metadata.name };
}
