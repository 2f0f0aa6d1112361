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
import { ports } from '@remora/api/ports.ts';
import { type AppliedEvent, type ControlPlane, startControlPlane } from '../control-plane.ts';
import { silentLog } from '../log.ts';
import { AppLog } from './app-log.ts';
import { AppliedNews } from './applied-news.ts';
import type { DevFolder } from './dev-folder.ts';
import { EventLog } from './event-log.ts';
import { Instance, type InstanceState } from './instance.ts';
import { LoadClient } from './load-client.ts';
import { MeshNumbers } from './mesh-numbers.ts';
import { Ports } from './ports.ts';
import type { ProxyProgram } from './proxy-program.ts';
import { Reaper } from './reaper.ts';
import type { SidecarPorts, SidecarWorld } from './sidecar.ts';
import { type Tracing, tracingNews } from './tracing.ts';
import type { ViewState } from './view-state.ts';
import type { LocalWorkload } from './workloads.ts';

const HOST = '127.0.0.1';

export interface MeshOptions {
  /** As the user named it. */
  readonly folder: string;
  readonly plan: DevFolder;
  readonly program: ProxyProgram;
  readonly logFolder: string;
  readonly tracing: Tracing;
  readonly chance: () => number;
}

export class Mesh {
  readonly #options: MeshOptions;
  readonly #startedAtMs = performance.now();
  readonly #reaper = new Reaper();
  readonly #events = new EventLog(() => new Date());
  readonly #news = new AppliedNews();
  readonly #states = new Map<Instance, InstanceState>();
  readonly #ports: Ports;
  readonly #numbers: MeshNumbers;
  #control: ControlPlane | undefined;
  #load: LoadClient | undefined;

  constructor(options: MeshOptions) {
    this.#options = options;
    this.#ports = new Ports(options.chance);
    this.#numbers = new MeshNumbers(options.folder);
  }

  /** Throws when the control plane cannot start; all else is started again until it works. */
  async start(): Promise<void> {
    const { plan, chance, tracing } = this.#options;
    void tracingNews(tracing).then((news) => this.#events.add('plain', news));
    this.#control = await this.#startControl(ports.control).catch(() => this.#startControl(0));
    const isOnlyMesh = this.#control.url.endsWith(`:${ports.control}`);
    const control = this.#control.url;
    for (const name of plan.left)
      this.#events.add('plain', `${name} is not in dev.yaml: not started`);
    for (const workload of plan.workloads) {
      for (let index = 0; index < workload.replicas; index++) {
        const instance = await this.#newInstance(workload, index, control);
        this.#states.set(instance, 'starting');
        instance.start();
      }
    }
    const namespace = plan.workloads[0]?.namespace ?? 'default';
    if (plan.load !== null) {
      const taken = {
        ...(await this.#sidecarPorts(isOnlyMesh ? ports.outbound : undefined)),
        inbound: undefined,
      };
      const spec = {
        name: 'load',
        namespace,
        workload: 'load',
        ports: taken,
        appPort: undefined,
        control,
      };
      this.#load = new LoadClient(plan.load, spec, this.#sidecarWorld('load.sidecar'), chance);
    }
    this.#numbers.start(this.#control, namespace, () => this.#sidecars());
  }

  state(): ViewState {
    const { folder } = this.#options;
    return {
      folder,
      upMs: performance.now() - this.#startedAtMs,
      instances: this.#instances.map(({ spec, state, why }) => ({ name: spec.name, state, why })),
      routes: this.#numbers.routes,
      problems: (this.#control?.problems() ?? []).map((problem) => ({
        ...problem,
        file: join(folder, problem.file),
      })),
      events: this.#events.all,
      tries: this.#numbers.triesWith(this.#load?.door ?? null),
      places: this.#places(),
    };
  }

  async stop(): Promise<void> {
    this.#numbers.stop();
    await this.#load?.stop();
    await Promise.all(this.#instances.map((instance) => instance.stop()));
    await this.#control?.close();
    await this.#reaper.close();
  }

  kill(): void {
    this.#load?.kill();
    for (const instance of this.#instances) instance.kill();
  }

  #startControl(port: number): Promise<ControlPlane> {
    return startControlPlane({
      folder: this.#options.folder,
      listen: { host: HOST, port },
      onApplied: (event) => this.#applied(event),
      log: silentLog,
    });
  }

  #places(): ViewState['places'] {
    const places: [string, string][] = [];
    if (this.#load !== undefined) places.push(['way in', this.#load.door.through]);
    if (this.#control !== undefined) places.push(['control plane', this.#control.url]);
    return places;
  }

  get #instances(): Instance[] {
    return [...this.#states.keys()];
  }

  #sidecars() {
    const sidecars = this.#instances.map(({ sidecar }) => sidecar);
    return this.#load === undefined ? sidecars : [...sidecars, this.#load.sidecar];
  }

  async #newInstance(workload: LocalWorkload, index: number, control: string): Promise<Instance> {
    const name = `${workload.name}-${index}`;
    const taken = { ...(await this.#sidecarPorts()), inbound: await this.#ports.take() };
    const spec = { name, workload, ports: taken, appPort: await this.#ports.take(), control };
    return new Instance(spec, {
      ...this.#sidecarWorld(`${name}.sidecar`),
      appLog: new AppLog(join(this.#options.logFolder, `${name}.log`)),
      onChange: (instance) => this.#changed(instance),
    });
  }

  /** `wanted` is where it is when that is free, so that a command can be typed from memory. */
  async #sidecarPorts(wanted?: number): Promise<Omit<SidecarPorts, 'inbound'>> {
    return {
      outbound: await this.#ports.take(wanted),
      admin: await this.#ports.take(),
      metrics: await this.#ports.take(),
    };
  }

  #sidecarWorld(logName: string): SidecarWorld {
    const { program, logFolder, tracing } = this.#options;
    const log = new AppLog(join(logFolder, `${logName}.log`));
    return { program, reaper: this.#reaper, log, tracing };
  }

  #changed(instance: Instance): void {
    const { name } = instance.spec;
    const before = this.#states.get(instance);
    this.#states.set(instance, instance.state);
    if (instance.state === 'ready' && before !== 'starting') {
      this.#events.add('good', `${name} is ready again`);
    } else if (instance.state !== 'ready') {
      this.#events.add('bad', `${name} is ${instance.state}: ${instance.why}`);
    }
    this.#tellInstances();
    if (this.#instances.every(({ state }) => state === 'ready')) this.#load?.start();
  }

  #tellInstances(): void {
    this.#control?.setInstances(
      this.#instances.map(({ spec, state }) => ({
        name: spec.name,
        namespace: spec.workload.namespace,
        workload: spec.workload.name,
        labels: spec.workload.labels,
        address: HOST,
        inboundPort: spec.ports.inbound,
        ready: state === 'ready',
      })),
    );
  }

  #applied(event: AppliedEvent): void {
    const news = this.#news.hear(event);
    if (news !== null) this.#events.add(news.kind, news.text);
  }
}
