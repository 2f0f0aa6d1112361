/**
 * What a scenario plays on: an upstream, a proxy in front of it, and a load, with one clock.
 *
 * A scenario says what happens and when; a scene starts the processes, hands out seeds that follow
 * from the run's, and ends everything by its id when the scenario is over, however it ends.
 * Made by `chaos.ts`, one for each run of a scenario and subject.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Figures } from './judge.ts';
import type { LoadOrder, LoadReport, OpenLoopOrder, WavesOrder } from './load/load-order.ts';
import { DEADLINE_MS, latenessMs } from './figures.ts';
import { epochMs, sleepMs } from './machine/orders.ts';
import { type Ordered, Programs } from './machine/programs.ts';
import type { Sidecar, Subject } from './subjects/subject.ts';
import { type ServicePlan, NAMESPACE } from './subjects/mesh.ts';
import type {
  Behaviour,
  Counted,
  Done,
  Opened,
  Service,
  UpstreamAnswer,
  UpstreamOrder,
} from './upstream/behaviour.ts';

const START_DELAY_MS = 300;
/** What a process is busy with its own start, at most: it compiles itself. */
export const WARM_SECONDS = 3;
/** Scenarios that run several loads at once keep their keys apart. */
const KEYS_PER_LOAD = 1 << 17;

export interface Run {
  readonly name: string;
  /** Whether Envoy can stand in Remora's place. */
  readonly isComparable: boolean;
  perform(scene: Scene): Promise<Figures>;
}

export interface SceneOptions {
  readonly seed: number;
  readonly quick: boolean;
  readonly folder: string;
  readonly subject: Subject;
  /** Remora's program: its bundle, or main.ts. */
  readonly remora: string;
  readonly say: (text: string) => void;
}

type OpenLoad = Pick<OpenLoopOrder, 'ports' | 'phases'> & Partial<OpenLoopOrder>;
type WavesLoad = Pick<WavesOrder, 'ports' | 'method' | 'clients' | 'waves' | 'gapMs'>;
type CommonOrder = Pick<OpenLoopOrder, 'host' | 'seed' | 'startAtMs' | 'deadlineMs' | 'firstKey'>;

/** Where an upstream sends on what it gets. */
interface Forwarding {
  readonly port: number;
  readonly host: string;
}

/** A load under way. */
export interface RunningLoad {
  /** Instant 0 of its times, on the epoch clock. */
  readonly startAtMs: number;
  readonly report: Promise<LoadReport>;
  /** Resolves so many milliseconds after its start. */
  at(ms: number): Promise<void>;
}

export class Upstream {
  readonly ports: readonly number[];
  readonly #program: Ordered<UpstreamOrder, UpstreamAnswer>;

  constructor(program: Ordered<UpstreamOrder, UpstreamAnswer>, ports: readonly number[]) {
    this.#program = program;
    this.ports = ports;
  }

  /** The instant (epoch) at which it began. */
  async behave(endpoint: number, behaviour: Behaviour): Promise<number> {
    return (await this.#program.ask<Done>({ do: 'behave', endpoint, behaviour })).atMs;
  }

  async serve(service: Service): Promise<number> {
    return (await this.#program.ask<Done>({ do: 'serve', service })).atMs;
  }

  async freeze(): Promise<number> {
    return (await this.#program.ask<Done>({ do: 'freeze' })).atMs;
  }

  async thaw(): Promise<number> {
    return (await this.#program.ask<Done>({ do: 'thaw' })).atMs;
  }

  /** Of `ports`; another endpoint was only there to warm the process. */
  async count(): Promise<Counted> {
    const counted = await this.#program.ask<Counted>({ do: 'count' });
    return { ...counted, arrivals: counted.arrivals.slice(0, this.ports.length) };
  }
}

export class Scene {
  readonly programs = new Programs();
  readonly seed: number;
  readonly quick: boolean;
  readonly folder: string;
  readonly subject: Subject;
  readonly remora: string;
  readonly say: (text: string) => void;
  /** The worst p99, over its loads, of how late a request was written. */
  lateMs = 0;
  #loads = 0;
  #upstreams = 0;

  constructor(options: SceneOptions) {
    this.seed = options.seed;
    this.quick = options.quick;
    this.folder = mkdtempSync(join(options.folder, 'scene-'));
    this.subject = options.subject;
    this.remora = options.remora;
    this.say = options.say;
  }

  async upstream(
    endpoints: number,
    service: Service,
    forward: Forwarding | null = null,
  ): Promise<Upstream> {
    const { program, ports } = await this.#open(endpoints, service, forward);
    return new Upstream(program, ports);
  }

  /**
   * The same, after it has served for three seconds through an endpoint that no Service has: its
   * compilers are done, so that it is as quick from the first request on as the scenario says.
   */
  async warmUpstream(
    endpoints: number,
    service: Service,
    ratePerSecond: number,
  ): Promise<Upstream> {
    const { program, ports } = await this.#open(endpoints + 1, service, null);
    await this.playLoad({
      ports: ports.slice(endpoints),
      phases: [{ ratePerSecond, seconds: WARM_SECONDS }],
    });
    return new Upstream(program, ports.slice(0, endpoints));
  }

  /** The subject as an outbound sidecar in front of one Service. */
  async front(plan: ServicePlan): Promise<Sidecar> {
    return await this.subject.start(this, [plan]);
  }

  /** Resolves when it is about to start. */
  async openLoop(order: OpenLoad): Promise<RunningLoad> {
    return await this.#load((common) => ({
      do: 'open-loop',
      method: 'GET',
      criticalShare: 0,
      ...common,
      ...order,
    }));
  }

  /** The same from its start to its end, when nothing is to happen in between. */
  async playLoad(order: OpenLoad): Promise<LoadReport> {
    const { report } = await this.openLoop(order);
    return await report;
  }

  async waves(order: WavesLoad): Promise<RunningLoad> {
    return await this.#load((common) => ({ do: 'waves', ...common, ...order }));
  }

  async close(): Promise<void> {
    await this.programs.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #open(endpoints: number, service: Service, forward: Forwarding | null) {
    const file = new URL('./upstream/upstream-program.ts', import.meta.url);
    const program = this.programs.fork<UpstreamOrder, UpstreamAnswer>(file);
    const seed = this.seed + 101 * ++this.#upstreams;
    const { ports } = await program.ask<Opened>({ do: 'open', endpoints, service, seed, forward });
    return { program, ports };
  }

  async #load(complete: (common: CommonOrder) => LoadOrder): Promise<RunningLoad> {
    const file = new URL('./load/load-program.ts', import.meta.url);
    const program = this.programs.fork<LoadOrder, LoadReport | null>(file);
    await program.ask({ do: 'get-ready' }); // A process that still starts would be late.
    const startAtMs = epochMs() + START_DELAY_MS;
    const order = complete({
      host: `api.${NAMESPACE}`,
      seed: this.seed + 1_009 * this.#loads,
      startAtMs,
      deadlineMs: DEADLINE_MS,
      firstKey: KEYS_PER_LOAD * this.#loads++,
    });
    const report = program.ask<LoadReport>(order).then((done) => this.#noteLateness(done));
    report.catch(() => {}); // Whoever awaits it hears of it; until then it must not end us.
    return {
      startAtMs,
      report,
      at: (ms) => sleepMs(startAtMs + ms - epochMs()),
    };
  }

  #noteLateness(report: LoadReport): LoadReport {
    this.lateMs = Math.max(this.lateMs, latenessMs(report, 0.99) ?? 0);
    return report;
  }
}
