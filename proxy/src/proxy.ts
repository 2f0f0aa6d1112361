/**
 * Joins everything: the data plane's table of contents.
 *
 *   listeners → roles → exchanges → pools      configuration → live → the outbound role
 *   admin and metrics beside them              drain ends them in order: the way in, the way out
 *
 * Called by `main.ts`. No policy of its own.
 */
import { formatAddress } from '@remora/api/destination.ts';
import type { ProxyIdentity } from '@remora/api/wire.ts';
import { configPieces } from './admin/config-page.ts';
import { AppMetrics } from './admin/app-metrics.ts';
import type { AdminWorld, Page } from './admin/page.ts';
import { Probes } from './admin/probe-page.ts';
import { ADMIN_PAGES, AdminServer, METRICS_PAGES } from './admin/server.ts';
import { statsPieces } from './admin/stats-page.ts';
import type { Backend } from './balance/backend.ts';
import type { Endpoint } from './balance/endpoint.ts';
import { systemClock, TurnClock } from './clock.ts';
import { Configuration } from './control/configuration.ts';
import { Queries } from './control/queries.ts';
import { ExchangePool, RoleServer } from './exchange/exchanges.ts';
import type { ExchangeWorld, Role } from './exchange/exchange-world.ts';
import { Tick } from './exchange/tick.ts';
import type { ProxyOptions } from './flags.ts';
import * as limits from './limits.ts';
import { isLoopback } from './net/address.ts';
import { type Dial, dialTcp } from './net/dialer.ts';
import { Drain } from './net/drain.ts';
import { type ListenAddress, Listener, type Served } from './net/listener.ts';
import { loadOriginalDestination } from './net/original-destination.ts';
import { OwnPlaces } from './net/own-places.ts';
import { EndpointPool } from './net/pool.ts';
import { ReadBuffers } from './net/read-buffer.ts';
import { Scratch } from './net/scratch.ts';
import { Observability } from './observability.ts';
import { DeadlineMemory } from './resilience/deadline-memory.ts';
import { Duplicates } from './resilience/duplicates.ts';
import { ReplayBlocks } from './resilience/replay-buffer.ts';
import { type AcceptOf, inboundEntrance, outboundEntrance } from './roles/entrances.ts';
import { Inbound } from './roles/inbound.ts';
import { Outbound } from './roles/outbound.ts';
import { noCounts } from './telemetry/exchange-counts.ts';
import type { LineLog } from './telemetry/log.ts';
import { ProxyMetrics } from './telemetry/proxy-metrics.ts';
import { type SetWake, TimerWheel } from './timer-wheel.ts';

export interface RunningProxy {
  readonly addresses: Readonly<Record<string, string>>;
  /** Resolves after a drain, however it was begun; false: some requests were cut off. */
  readonly drained: Promise<boolean>;
  /** The application has gone, or nobody waits for it: ends, within a bound. */
  end(): void;
}

/** `poisonsPools`: for tests, see `exchange/poison.ts`. */
export async function startProxy(
  options: ProxyOptions,
  log: LineLog,
  poisonsPools = false,
): Promise<RunningProxy> {
  const proxy = new DataPlane(options, log, poisonsPools);
  await proxy.start();
  return proxy;
}

class DataPlane implements RunningProxy {
  readonly addresses: Record<string, string> = {};
  readonly #options: ProxyOptions;
  readonly #log: LineLog;
  readonly #poisonsPools: boolean;
  readonly #counts = noCounts();
  readonly #duplicates = new Duplicates();
  /** Of all that is done for requests. */
  readonly #clock = new TurnClock(systemClock);
  readonly #wheel = new TimerWheel(this.#clock, runtimeWake());
  readonly #seeing: Observability;
  readonly #metrics: ProxyMetrics;
  readonly #streams = { buffers: new ReadBuffers(), clock: this.#clock };
  readonly #dial: Dial;
  readonly #world: ExchangeWorld;
  readonly #exchanges: ExchangePool;
  readonly #configuration: Configuration;
  /** The way in and the way out, as a drain closes them. */
  readonly #doors = { entry: [] as Listener[], exit: [] as Listener[] };
  readonly #drain = new Drain(this.#doors, systemClock);
  readonly #drained = Promise.withResolvers<boolean>();
  readonly #ownPorts = new Set<number>();
  readonly #own = new OwnPlaces(this.#clock);
  readonly #admins: AdminServer[] = [];
  #inbound: Inbound | null = null;
  readonly #app: AppMetrics | null;
  readonly #probes: Probes;
  #housekeeping: NodeJS.Timeout | null = null;
  #isReady = false;

  constructor(options: ProxyOptions, log: LineLog, poisonsPools: boolean) {
    this.#options = options;
    this.#poisonsPools = poisonsPools;
    this.#log = log;
    this.#seeing = new Observability(options, log, this.#clock, this.#wheel);
    this.#app = options.appMetrics === null ? null : new AppMetrics(options.appMetrics);
    this.#probes = new Probes(options.probes);
    this.#metrics = new ProxyMetrics(
      {
        counts: this.#counts,
        duplicates: this.#duplicates,
        backends: () => this.#backends(),
        destinations: () => this.#configuration.live.entries(),
        poolOf: (endpoint) => endpoint.pool as EndpointPool | null,
        app: () => this.#app?.reading ?? null,
        accessLinesDropped: () => this.#seeing.accessLog.dropped,
        spansExported: () => this.#seeing.spans.exported,
        recordsDropped: () => this.#seeing.observer.dropped,
        spansDropped: () => this.#seeing.spans.dropped,
        downstreamConnections: () => this.#sumOf(({ connections }) => connections.size),
        connectionsRefused: () => this.#sumOf(({ refusedOverCap }) => refusedOverCap),
        logLinesDropped: () => log.dropped,
      },
      systemClock,
    );
    this.#dial = dialTcp(this.#streams, options.intercept ? this.#own : null);
    this.#world = this.#newWorld();
    this.#exchanges = new ExchangePool(this.#world);
    const { app, intercept, inbound } = options;
    if (app !== null || (intercept && inbound !== null)) {
      this.#inbound = this.#newInbound(options.identity);
    }
    this.#configuration = new Configuration({
      identity: options.identity,
      control: options.control,
      snapshot: options.snapshot,
      lastGood: options.lastGood,
      destinations: options.destinations,
      inbound: this.#inbound,
      onTracing: (tracing) => this.#seeing.trace(tracing),
      metrics: this.#metrics,
      clock: systemClock,
      requestClock: this.#clock,
      wheel: this.#world.wheel,
      chance: Math.random,
      log,
      queries: this.#newQueries(),
      isOwnListener: (address, port) => isLoopback(address) && this.#ownPorts.has(port),
    });
  }

  async start(): Promise<void> {
    const { outbound, inbound, identity, front, intercept } = this.#options;
    const ask = intercept ? await loadOriginalDestination() : null;
    const { clock, wheel, scratch } = this.#world;
    const { tcp } = this.#metrics;
    const entrance = { ...{ clock, wheel, scratch, tcp, ask, dial: this.#dial }, own: this.#own };
    if (outbound !== null) {
      const { live } = this.#configuration;
      const names = { namespace: identity.namespace, front };
      const role = new Outbound(live, names, clock, Math.random);
      const bound = await this.#listen(
        'outbound',
        outbound,
        outboundEntrance(entrance, role, live),
      );
      this.#ownPorts.add(bound.port);
    }
    if (inbound !== null) {
      const { app } = this.#options;
      const to = { inbound: this.#inbound!, app, identity };
      await this.#listen('inbound', inbound, inboundEntrance(entrance, to));
    }
    await this.#configuration.start();
    const { admin, metrics } = this.#options;
    if (admin !== null) await this.#servePages('admin', ADMIN_PAGES, admin);
    if (metrics !== null) await this.#servePages('metrics', METRICS_PAGES, metrics);
    this.#housekeeping = setInterval(
      () => this.#duplicates.sweep(systemClock.nowMs()),
      limits.housekeepingMs,
    );
    this.#housekeeping.unref();
    this.#isReady = true;
  }

  get drained(): Promise<boolean> {
    return this.#drained.promise;
  }

  end(): void {
    this.#beginDrain();
    void this.#drain.end();
  }

  #beginDrain(): void {
    if (this.#drain.hasBegun) return;
    this.#log.info({ inFlight: this.#counts.inFlight }, 'draining');
    void this.#drain.begin().then(async (isClean) => {
      if (this.#housekeeping !== null) clearInterval(this.#housekeeping);
      await this.#configuration.stop();
      await this.#seeing.close();
      for (const server of this.#admins) await server.close();
      this.#log.info({ isClean }, 'drained');
      this.#drained.resolve(isClean);
    });
  }

  /** Of a proxy before a mesh, requests from outside come to the outbound role. */
  #doorOf(direction: Role['direction']): 'entry' | 'exit' {
    return direction === 'inbound' || this.#options.front !== null ? 'entry' : 'exit';
  }

  async #listen(
    direction: Role['direction'],
    address: ListenAddress,
    acceptOf: AcceptOf,
  ): Promise<ListenAddress> {
    const forget = (connection: Served): void => listener.forget(connection);
    const accept = acceptOf({
      serverOf: (role) => new RoleServer(this.#world, this.#exchanges, role, forget),
      forget,
      replace: (before, after) => listener.replace(before, after),
    });
    const listener: Listener = new Listener(accept, this.#streams);
    const bound = await listener.listen(address);
    this.#doors[this.#doorOf(direction)].push(listener);
    this.#name(direction, bound);
    if (!listener.isFast) {
      const name = direction;
      this.#log.warn({ name }, 'reading by events: this Node has no replaceable accept');
    }
    return bound;
  }

  async #servePages(name: string, pages: readonly Page[], address: ListenAddress): Promise<void> {
    const server = new AdminServer(pages, this.#adminWorld());
    this.#name(name, await server.listen(address));
    this.#admins.push(server);
  }

  /** Of a listener that is open: what the ready line says of it, and that it is our own. */
  #name(name: string, { host, port }: ListenAddress): void {
    this.addresses[name] = formatAddress(host, port);
    this.#own.listeners.add(port);
  }

  #adminWorld(): AdminWorld {
    return {
      metrics: this.#metrics,
      configuration: this.#configuration,
      backends: () => this.#backends(),
      clock: systemClock,
      records: this.#seeing.records,
      accessLog: this.#seeing.accessLog,
      inbound: this.#inbound,
      traces: this.#counts.traces,
      app: this.#app,
      probes: this.#probes,
      isReady: () => this.#isReady && !this.#drain.hasBegun && this.#configuration.isReady,
      drain: () => this.#beginDrain(),
      draining: () => ({ phase: this.#drain.phase, inFlight: this.#counts.inFlight }),
      connectionsOf: (endpoint) => (endpoint.pool as EndpointPool | null)?.total ?? 0,
    };
  }

  #newQueries(): Queries {
    return new Queries({
      records: this.#seeing.records,
      clock: systemClock,
      configPieces: () => configPieces(this.#adminWorld()),
      statsPieces: () => statsPieces(this.#adminWorld()),
    });
  }

  #newInbound({ name, workload, namespace }: ProxyIdentity): Inbound {
    const about = {
      direction: 'inbound',
      dst_service: workload,
      dst_namespace: namespace,
    } as const;
    const seriesOf = (port: string, from: 'users' | 'kubelet') => {
      const labels = { ...about, dst_port: port, route: '', backend: '' };
      if (from === 'kubelet') return this.#metrics.newProbeSeries(labels);
      return this.#metrics.bindRouteSeries(labels, port !== '');
    };
    return new Inbound(name, seriesOf, this.#world);
  }

  #newWorld(): ExchangeWorld {
    const clock = this.#clock;
    const wheel = this.#wheel;
    const { ids, marks, observer } = this.#seeing;
    const scratch = new Scratch();
    const dial = this.#dial;
    const poolWorld = { clock, wheel, scratch, dial, counts: this.#counts };
    return {
      clock,
      chance: Math.random,
      wheel,
      tick: new Tick(clock),
      scratch,
      ids,
      counts: this.#counts,
      replayBlocks: new ReplayBlocks(),
      deadlines: new DeadlineMemory(),
      poisonsPools: this.#poisonsPools,
      duplicates: this.#duplicates,
      marks,
      observer,
      isDraining: (direction) => this.#drain.isClosing(this.#doorOf(direction)),
      poolOf: (endpoint, backend) => poolOf(endpoint, backend, poolWorld),
      onLocalAnswer: (code) => this.#metrics.refused(code),
      onRetryDecided: (reason) => this.#metrics.decidedRetry(reason),
      onDuplicate: (end) => this.#metrics.endedDuplicate(end),
    };
  }

  /** The application's among them. */
  *#backends(): Generator<Backend> {
    for (const { backend } of this.#inbound?.ports() ?? []) yield backend;
    yield* this.#configuration.backends.backends();
  }

  #sumOf(figure: (listener: Listener) => number): number {
    const { entry, exit } = this.#doors;
    return [...entry, ...exit].reduce((sum, listener) => sum + figure(listener), 0);
  }
}

/** The pool lives with its endpoint, which lives on over changes of configuration. */
function poolOf(
  endpoint: Endpoint,
  backend: Backend,
  world: ConstructorParameters<typeof EndpointPool>[3],
): EndpointPool {
  if (endpoint.pool !== null) return endpoint.pool as EndpointPool;
  const pool = new EndpointPool(endpoint.address, endpoint.port, backend, world);
  endpoint.pool = pool;
  return pool;
}

/** A wake-up that comes this late follows a stall. */
const STALL_MS = 5;

/**
 * The one runtime timer under the wheel. It keeps no process alive. After a stall of our own the
 * sockets are read before the wheel turns: what came in time would else be taken for late.
 */
function runtimeWake(): SetWake {
  let timer: NodeJS.Timeout | undefined;
  return (delayMs, wake) => {
    clearTimeout(timer);
    const dueAtMs = systemClock.nowMs() + delayMs;
    timer = setTimeout(() => {
      if (systemClock.nowMs() - dueAtMs < STALL_MS) wake();
      else setImmediate(wake);
    }, delayMs);
    timer.unref();
  };
}
