/**
 * The control plane of a folder of Kubernetes YAML: files → core, and one listener on this machine.
 *
 * Started by `main.ts` as a process, and in-process by `remora dev`. The cluster's is `cluster.ts`.
 */
import { createServer, type Server } from 'node:http';
import type { SourceRef } from '@remora/api/wire.ts';
import { type AppliedEvent, Core } from './core.ts';
import { FolderSource } from './files/folder-source.ts';
import type { Problem } from './files/problem.ts';
import type { Log } from './log.ts';
import type { Applied } from './publish/acks.ts';
import { closeListener, type ListenOn, openListener } from './publish/http-listener.ts';
import type { Status } from './status.ts';
import type { LocalInstance, World } from './world.ts';

export type { AppliedEvent } from './core.ts';

export interface ControlPlaneOptions {
  /** A folder of Kubernetes YAML, or one file. */
  readonly folder: string;
  readonly listen: ListenOn;
  /** All problems of the folder, whenever they change; empty once all are mended. */
  readonly onProblem?: (problems: readonly Problem[]) => void;
  readonly onApplied?: (event: AppliedEvent) => void;
  readonly log: Log;
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
  const running = new FolderControlPlane(options);
  await running.start();
  return running;
}

class FolderControlPlane implements ControlPlane {
  readonly #listen: ListenOn;
  readonly #core: Core;
  readonly #source: FolderSource;
  readonly #server: Server;
  #url = '';

  constructor({ folder, listen, onProblem, onApplied, log }: ControlPlaneOptions) {
    this.#listen = listen;
    const core = new Core({
      controlPlane: 'remora-files',
      authenticate: null,
      onProblem,
      onApplied,
      log,
    });
    this.#core = core;
    this.#source = new FolderSource({
      folder,
      onEvents: (events) => core.fold(events),
      onProblems: (problems) => core.report(problems),
    });
    this.#server = createServer((request, response) => core.pages.answer(request, response));
    core.server.attach(this.#server);
  }

  async start(): Promise<void> {
    await this.#source.start();
    try {
      this.#url = `http://${await openListener(this.#server, this.#listen)}`;
      this.#core.isReady = true;
    } catch (error) {
      await this.#source.close();
      throw error;
    }
  }

  get url(): string {
    return this.#url;
  }

  world(): World {
    return this.#core.world;
  }

  setInstances(instances: readonly LocalInstance[]): void {
    this.#core.setInstances(instances);
  }

  problems(): readonly Problem[] {
    return this.#core.problems;
  }

  appliedBy(source: Pick<SourceRef, 'kind' | 'namespace' | 'name'>): Applied {
    return this.#core.appliedBy(source);
  }

  status(): Status {
    return this.#core.status();
  }

  async close(): Promise<void> {
    await this.#source.close();
    this.#core.server.close();
    await closeListener(this.#server);
  }
}
