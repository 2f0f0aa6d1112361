/**
 * The local mesh: the control plane in this process, a sidecar and an application per instance, the
 * load, and what the view is told about all of them.
 *
 * Start: control plane, then every instance side by side, then the load once all are ready. End:
 * the load, the applications with their sidecars, the control plane, and last the reaper, which
 * would end what was forgotten.
 *
 * Called by the verb `dev`.
 */
import { join } from 'node:path';
import { type ControlPlane, startControlPlane } from '../control-plane.ts';
import { silentLog } from '../log.ts';
import { AppLog } from './app-log.ts';
import type { DevFolder } from './dev-folder.ts';
import { readSources } from './dev-folder.ts';
import { EventLog } from './event-log.ts';
import { Instance } from './instance.ts';
import type { Load } from './load.ts';
import { Ports } from './ports.ts';
import type { ProxyProgram } from './proxy-program.ts';
import { Reaper } from './reaper.ts';
import type { Sidecar } from './sidecar.ts';
import { StatsPoll } from './stats-poll.ts';
import { type SourceText, triesFor } from './tries.ts';
import type { ViewState } from './view-state.ts';

const HOST = '127.0.0.1';
/** Where they are when these are free, so that a command can be typed from memory. */
const CONTROL_PORT = 15_010;
const LOAD_PORT = 15_001;

export interface MeshOptions {
  /** As the user named it. */
  readonly folder: string;
  readonly plan: DevFolder;
  readonly program: ProxyProgram;
  readonly logFolder: string;
  readonly chance: () => number;
}

export class Mesh {
  readonly #options: MeshOptions;
  readonly #startedAtMs = performance.now();
  readonly #reaper = new Reaper();
  readonly #events = new EventLog(() => new Date());
  readonly #instances: Instance[] = [];
  readonly #ports: Ports;
  readonly #polls: StatsPoll;
  #control: ControlPlane | undefined;
  #loadSidecar: Sidecar | undefined;
  #load: Load | undefined;
  #sources: readonly SourceText[] = [];
  #isStopping = false;

  constructor(options: MeshOptions) {
    this.#options = options;
    this.#ports = new Ports(options.chance);
    this.#polls = new StatsPoll(() => this.#sidecars());
  }

  /** Throws when the control plane cannot start; everything else is started again until it works. */
  async start(): Promise<void> {
    const { folder, plan } = this.#options;
    this.#sources = await readSources(folder);
    this.#control = await startControlPlane({
      folder,
      listen: { host: HOST, port: await this.#ports.take(CONTROL_PORT) },
      onProblem: () => void this.#readTries(),
      onApplied: (applied) => this.#noteApplied(applied),
      log: silentLog,
    });
    for (const workload of plan.workloads) {
      for (let index = 0; index < workload.replicas; index++) {
        const name = `${workload.name}-${index}`;
        const ports = await this.#sidecarPorts();
        this.#instances.push(
          new Instance(
            {
              name,
              workload,
              ports: { ...ports, inbound: await this.#ports.take() },
              appPort: await this.#ports.take(),
              control: this.#control.url,
            },
            {
              program: this.#options.program,
              reaper: this.#reaper,
              openLog: (file) => new AppLog(join(this.#options.logFolder, `${file}.log`)),
              onChange: (instance) => this.#changed(instance),
            },
          ),
        );
      }
    }
  }
}
