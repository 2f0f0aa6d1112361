/**
 * One instance of a workload on this machine: its sidecar, then its application, then readiness.
 *
 * The order is the cluster's: a native sidecar is up before the application starts. An instance is
 * `starting`, `ready`, `not ready` (its probe fails) or `down` (a process ended and will be started
 * again); only `ready` ones get traffic.
 *
 * Called by `mesh.ts`.
 */
import type { AppLog } from './app-log.ts';
import { Prober } from './readiness.ts';
import { Sidecar, type SidecarPorts, type SidecarWorld } from './sidecar.ts';
import { Supervised } from './supervised.ts';
import type { LocalWorkload } from './workloads.ts';

export type InstanceState = 'starting' | 'ready' | 'not ready' | 'down';

export interface InstanceSpec {
  /** `catalog-v1-0`. */
  readonly name: string;
  readonly workload: LocalWorkload;
  readonly ports: SidecarPorts & { readonly inbound: number };
  readonly appPort: number;
  readonly control: string;
}

export interface InstanceWorld extends SidecarWorld {
  readonly appLog: AppLog;
  readonly onChange: (instance: Instance) => void;
}

export class Instance {
  readonly spec: InstanceSpec;
  readonly sidecar: Sidecar;
  readonly #app: Supervised;
  readonly #world: InstanceWorld;
  #prober: Prober | undefined;
  #isSidecarUp = false;
  #isAppStarted = false;
  #state: InstanceState = 'starting';
  #why = '';

  constructor(spec: InstanceSpec, world: InstanceWorld) {
    this.spec = spec;
    this.#world = world;
    const { name, workload, ports, appPort, control } = spec;
    this.sidecar = new Sidecar(
      { name, namespace: workload.namespace, workload: workload.name, ports, appPort, control },
      world,
      { onReady: () => this.#sidecarUp(), onEnd: (why) => this.#sidecarDown(why) },
    );
    const log = world.appLog;
    this.#app = new Supervised({
      spec: () => ({
        command: workload.command,
        folder: workload.folder,
        env: applicationEnvironment(spec, process.env),
      }),
      reaper: world.reaper,
      log,
      onStart: (group) => {
        log.follow(group.stdout);
        this.#probe();
      },
      onEnd: (why) => this.#appDown(why),
    });
  }

  get state(): InstanceState {
    return this.#state;
  }

  /** Why it is not ready, or an empty text. */
  get why(): string {
    return this.#why;
  }

  get restarts(): number {
    return this.#app.restarts + this.sidecar.restarts;
  }

  start(): void {
    this.sidecar.start();
  }

  /** The application first: its last calls still need the sidecar. */
  async stop(): Promise<void> {
    this.#prober?.stop();
    await this.#app.stop();
    await this.sidecar.stop();
  }

  kill(): void {
    this.#prober?.stop();
    this.#app.kill();
    this.sidecar.kill();
  }

  #sidecarUp(): void {
    this.#isSidecarUp = true;
    if (this.#isAppStarted) return this.#probe();
    this.#isAppStarted = true;
    this.#app.start();
  }

  #sidecarDown(why: string): void {
    this.#isSidecarUp = false;
    this.#prober?.stop();
    this.#turn('down', `sidecar ended: ${why}`);
  }

  #appDown(why: string): void {
    this.#prober?.stop();
    this.#turn('down', `application ended: ${why}`);
  }

  #probe(): void {
    this.#prober?.stop();
    if (!this.#isSidecarUp) return;
    const { workload, appPort } = this.spec;
    this.#prober = new Prober(workload.probe, appPort, (isReady) => {
      if (isReady) this.#turn('ready', '');
      else this.#turn('not ready', 'its readiness probe fails');
    });
  }

  #turn(state: InstanceState, why: string): void {
    this.#state = state;
    this.#why = why;
    this.#world.onChange(this);
  }
}

/** The proxy variable is the way in: Node's `fetch` overwrites a given Host. */
export function applicationEnvironment(
  spec: InstanceSpec,
  own: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const proxy = `http://127.0.0.1:${spec.ports.outbound}`;
  // `node` in a command means the Node that Remora runs on: older ones ignore the proxy variable.
  const path = [pinnedNodeFolder(), own['PATH']].filter((part) => part !== undefined).join(':');
  return {
    ...own,
    PATH: path,
    ...spec.workload.env,
    PORT: String(spec.appPort),
    http_proxy: proxy,
    HTTP_PROXY: proxy,
    NODE_USE_ENV_PROXY: '1',
    no_proxy: '',
    NO_PROXY: '',
  };
}

function pinnedNodeFolder(): string {
  return process.execPath.slice(0, process.execPath.lastIndexOf('/'));
}
