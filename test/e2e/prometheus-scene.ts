/**
 * A small mesh for a real Prometheus: a client's sidecar, two versions with a sidecar each, and a
 * steady load whose every request is written down, so that the answers can be compared with it.
 *
 * Requests of five kinds come round in a fixed order, one every 10 ms: split over the versions,
 * failing in some turns, slow in others, tried twice, and refused by a full service.
 */
import { type Origin, type OriginRequest, response, startOrigin } from '../support/origin.ts';
import { type RunningProxy, startProxy } from '../support/processes.ts';
import { connectRaw, get, type RawClient } from '../support/raw-client.ts';
import { destination, inboundConfig, keyOf, writeSnapshot } from '../support/snapshot.ts';
import { ask } from './dev-run.ts';

const PERIOD_MS = 10;
const SLOW_MS = 700;
const SLOW_EVERY = 20;
const FAILED_EVERY = 5;
const ORDER = 'split fail split slow split fail split slow retry fail'.split(' ');
const KINDS = [...ORDER, ...ORDER.slice(0, -1), 'full'];

export interface Visit {
  readonly kind: string;
  readonly status: number;
  readonly latencyMs: number;
  /** Since 1970. */
  readonly endedAtMs: number;
}

export interface Served {
  readonly version: 'v1' | 'v2';
  readonly target: string;
  readonly status: number;
  readonly isSlow: boolean;
  readonly atMs: number;
}

const APP_PAGE = [
  '# HELP orders_total Orders taken.',
  '# TYPE orders_total counter',
  'orders_total{kind="paid"} 42',
  '# TYPE request_total counter',
  'request_total{whose="application"} 7',
  '# HELP process_resident_memory_bytes Of the application.',
  '# TYPE process_resident_memory_bytes gauge',
  'process_resident_memory_bytes 123456',
  '',
].join('\n');

export class Scene {
  readonly visits: Visit[] = [];
  readonly served: Served[] = [];
  readonly client: RunningProxy;
  readonly sidecars: readonly RunningProxy[];
  readonly #origins: readonly Origin[];
  readonly #held: RawClient;

  private constructor(
    client: RunningProxy,
    sidecars: readonly RunningProxy[],
    origins: readonly Origin[],
    held: RawClient,
  ) {
    this.client = client;
    this.sidecars = sidecars;
    this.#origins = origins;
    this.#held = held;
  }

  static async start(): Promise<Scene> {
    const [v1, v2, full] = await Promise.all([startOrigin(), startOrigin(), startOrigin()]);
    full.answer = () => undefined; // Holds the one place of its service for good.
    const inbound = () => writeSnapshot([], inboundConfig({}));
    const sidecars = await Promise.all([
      startProxy({
        ...{ name: 'app-v1-0', workload: 'app-v1', outbound: false, snapshot: inbound() },
        ...{ app: v1.address, appMetrics: `${v1.port}/metrics` },
      }),
      startProxy({
        ...{ name: 'app-v2-0', workload: 'app-v2', outbound: false, snapshot: inbound() },
        app: v2.address,
      }),
    ]);
    const addresses = sidecars.map(({ inbound: address }) => address);
    const client = await startProxy({ snapshot: clientSnapshot(addresses, full.address) });
    const held = await connectRaw(client.outbound);
    held.send(get('http://full/'));
    const scene = new Scene(client, sidecars, [v1, v2, full], held);
    v1.answer = (request) => scene.#serve('v1', request);
    v2.answer = (request) => scene.#serve('v2', request);
    return scene;
  }

  /** Resolves when the last request has ended. */
  async load(forMs: number): Promise<void> {
    const startedAtMs = performance.now();
    const pending: Promise<void>[] = [];
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const passedMs = performance.now() - startedAtMs;
        while (pending.length * PERIOD_MS < Math.min(passedMs, forMs)) {
          pending.push(this.#visit(pending.length));
        }
        if (passedMs < forMs) return;
        clearInterval(timer);
        resolve();
      }, PERIOD_MS);
    });
    await Promise.all(pending);
  }

  async stop(): Promise<void> {
    this.#held.close();
    await Promise.all([this.client, ...this.sidecars].map(async (proxy) => await proxy.stop()));
    await Promise.all(this.#origins.map(async (origin) => await origin.close()));
  }

  async #visit(turn: number): Promise<void> {
    const kind = KINDS[turn % KINDS.length]!;
    const startedAtMs = performance.now();
    const { status } = await ask(`http://${this.client.outbound}`, urlOf(kind, turn));
    const latencyMs = performance.now() - startedAtMs;
    this.visits.push({ kind, status, latencyMs, endedAtMs: Date.now() });
  }

  #serve(version: 'v1' | 'v2', { target, connection }: OriginRequest): void {
    if (target === '/metrics') {
      const fields = { 'content-type': 'text/plain; version=0.0.4' };
      return connection.send(response({ fields, body: APP_PAGE }));
    }
    const turn = Number(target.split('/').at(-1));
    const isFirst = !this.served.some((one) => one.target === target);
    const status = statusOf(target, turn, isFirst);
    const isSlow = target.startsWith('/slow') && Math.floor(turn / 5) % SLOW_EVERY === 0;
    this.served.push({ version, target, status, isSlow, atMs: Date.now() });
    setTimeout(() => connection.send(response({ status })), isSlow ? SLOW_MS : 0);
  }
}

function statusOf(target: string, turn: number, isFirst: boolean): number {
  if (target.startsWith('/retry')) return isFirst ? 503 : 200;
  return target.startsWith('/fail') && turn % FAILED_EVERY === 0 ? 500 : 200;
}

function urlOf(kind: string, turn: number): string {
  return kind === 'full' ? 'http://full/' : `http://app/${kind}/${turn}`;
}

function clientSnapshot(addresses: readonly string[], full: string): string {
  const prefix = (value: string) => [{ path: { type: 'prefix', value } as const }];
  const [v1 = '', v2 = ''] = addresses;
  return writeSnapshot([
    destination({
      name: 'app',
      backends: { 'app-v1': [v1], 'app-v2': [v2] },
      rules: [
        {
          id: 'split',
          matches: prefix('/split'),
          to: [
            { backend: keyOf('app-v1'), weight: 80 },
            { backend: keyOf('app-v2'), weight: 20 },
          ],
        },
        { id: 'fail', matches: prefix('/fail'), to: ['app-v1'] },
        { id: 'slow', matches: prefix('/slow'), to: ['app-v1'] },
        {
          ...{ id: 'retry', matches: prefix('/retry'), to: ['app-v1'] },
          retry: { statuses: [503], backoffBaseMs: 1 },
        },
      ],
    }),
    destination({ name: 'full', endpoints: [full], limits: { inFlightMax: 1, waitMaxMs: 0 } }),
  ]);
}
