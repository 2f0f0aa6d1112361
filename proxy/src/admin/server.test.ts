/** Claims about the admin listeners: which pages are where, and what they say. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { RecordsAnswer } from '@remora/api/wire.ts';
import { Backend } from '../balance/backend.ts';
import { ControlWorld, destinationConfig, textOf } from '../control/control-fixture.ts';
import * as limits from '../limits.ts';
import { requestRecord } from '@remora/api/record-fixture.ts';
import { LateByHand } from '../telemetry/late-records-fixture.ts';
import { RecordStore } from '../telemetry/record-store.ts';
import { TimerWheel } from '../timer-wheel.ts';
import { adminWorld, urlOf } from './admin-fixture.ts';
import { ADMIN_PAGES, AdminServer, METRICS_PAGES } from './server.ts';

interface Stats {
  readonly uptimeSeconds: number;
  readonly residentBytes: number;
  readonly routes: readonly Readonly<Record<string, unknown>>[];
  readonly inbound: readonly { readonly port: number; readonly requests: number }[] | null;
  readonly traces: unknown;
  readonly backends: readonly {
    readonly endpoints: readonly unknown[];
    readonly [figure: string]: unknown;
  }[];
}

describe('the admin listeners', () => {
  const control = new ControlWorld();
  const { metrics, live } = control;
  const inbound = metrics.bindRouteSeries({
    direction: 'inbound',
    dst_service: 'web',
    dst_namespace: 'shop',
    dst_port: '80',
    route: '',
    backend: '',
  });
  const records = new RecordStore(new LateByHand());
  let isReady = true;
  let drains = 0;
  const application = new Backend('application', {
    clock: control.clock,
    wheel: new TimerWheel(control.clock, () => undefined),
    chance: () => 0.5,
  });
  const port = { series: inbound, backend: application };
  const world = adminWorld(control, {
    // At an address of each family.
    inbound: { ports: () => [port, port] },
    backends: () => [application, ...control.backends.backends()],
    traces: { inboundContinued: 1, inboundBegun: 2, outboundContinued: 3, outboundBegun: 4 },
    isReady: () => isReady,
    drain: () => {
      drains++;
    },
    connectionsOf: () => 3,
    records,
  });
  const servers = [new AdminServer(METRICS_PAGES, world), new AdminServer(ADMIN_PAGES, world)];
  let onMetrics = '';
  let onAdmin = '';

  before(async () => {
    const config = destinationConfig('catalog');
    live.install(control.compile(config), textOf(config));
    const urls = await Promise.all(servers.map(async (server) => await urlOf(server)));
    [onMetrics, onAdmin] = urls as [string, string];
  });

  after(async () => {
    await Promise.all(servers.map(async (server) => await server.close()));
  });

  async function statusOf(url: string, options: RequestInit = {}): Promise<number> {
    const response = await fetch(url, options);
    await response.arrayBuffer();
    return response.status;
  }

  test('say live always, and ready only while new requests are welcome', async () => {
    assert.equal(await statusOf(`${onMetrics}/live`), 200);
    assert.equal(await statusOf(`${onMetrics}/ready`), 200);
    isReady = false;
    assert.equal(await statusOf(`${onMetrics}/ready`), 503);
    assert.equal(await statusOf(`${onMetrics}/live`), 200);
    isReady = true;
  });

  test('take no orders and tell no configuration on the pod address', async () => {
    for (const path of ['/config', '/stats', '/explain', '/drain', '/', '/live/..']) {
      assert.equal(await statusOf(onMetrics + path), 404, path);
    }
    assert.equal(await statusOf(`${onMetrics}/drain`, { method: 'POST' }), 404);
    assert.equal(await statusOf(`${onMetrics}/live`, { method: 'POST' }), 405);
    assert.equal(drains, 0);
  });

  test('write metrics as Prometheus reads them', async () => {
    const response = await fetch(`${onMetrics}/metrics`);
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    const text = await response.text();
    assert.match(text, /^request_total\{direction="outbound",dst_service="catalog".*\} 0$/m);
    assert.match(text, /^remora_event_loop_delay_seconds \d/m);
    assert(text.endsWith('\n'));
  });

  test('explain a request by its id, and say what is missing without one', async () => {
    records.add(requestRecord({ requestId: 'a b' }));
    const shown = (await (await fetch(`${onAdmin}/explain?id=a%20b`)).json()) as RecordsAnswer;
    assert.deepEqual([shown.records[0]?.requestId, shown.leftOut], ['a b', 0]);
    assert.equal(await statusOf(`${onAdmin}/explain`), 400);
  });

  test('show the configuration in force, as a snapshot file', async () => {
    const shown = (await (await fetch(`${onAdmin}/config`)).json()) as object;
    const config = destinationConfig('catalog');
    assert.deepEqual(shown, {
      format: 'remora-snapshot/1',
      destinations: { [config.key]: { version: 'v1', config } },
    });
  });

  test('tell what every rule, backend and endpoint did', async () => {
    const { series } = live.lookup('catalog.shop:80')!.fallback.targets[0]!;
    for (let i = 0; i < 10; i++) series.record(i === 0 ? 503 : 200, 3.5, i === 0);
    inbound.record(200, 1, false);
    const stats = (await (await fetch(`${onAdmin}/stats`)).json()) as Stats;
    const { latency, ...row } = stats.routes[0]!;
    assert.deepEqual(row, {
      destination: 'catalog.shop:80',
      version: 'v1',
      rule: 'default',
      backend: 'catalog.shop:80',
      requests: 10,
      successes: 9,
      failures: 1,
      p50Ms: 3.5,
      p99Ms: 3.99,
      weight: 1,
    });
    assert.deepEqual((latency as unknown[])[3], [4, 10]);
    assert.deepEqual((latency as unknown[]).at(-1), [null, 0]);
    assert.deepEqual(
      stats.inbound?.map(({ port, requests }) => [port, requests]),
      [[80, 1]],
    );
    assert.deepEqual(stats.traces, {
      inbound: { continued: 1, begun: 2 },
      outbound: { continued: 3, begun: 4 },
    });
    assert.equal(stats.backends[0]!['key'], 'application');
    assert.deepEqual(stats.backends[1]!.endpoints[0], {
      address: '127.0.0.1:9001',
      instance: 'catalog-0',
      weight: 1,
      inFlight: 0,
      ewmaMs: 30,
      connections: 3,
      ejected: false,
      limit: null,
    });
    const { limit, inFlight, waiting, breaker, retriesLeft } = stats.backends[1]!;
    assert.deepEqual(
      { limit, inFlight, waiting, breaker, retriesLeft },
      { limit: 1_024, inFlight: 0, waiting: 0, breaker: 'closed', retriesLeft: 100 },
    );
    assert(stats.residentBytes > 1e7 && stats.uptimeSeconds > 0);
  });

  test('begin a drain on POST only, and never for a web page', async () => {
    const asked = await fetch(`${onAdmin}/drain`);
    assert.deepEqual(await asked.json(), { phase: 'serving', inFlight: 0 });
    assert.equal(await statusOf(`${onAdmin}/drain`, { method: 'DELETE' }), 405);
    const headers = { origin: 'http://evil.example' };
    assert.equal(await statusOf(`${onAdmin}/drain`, { method: 'POST', headers }), 403);
    assert.equal(drains, 0);
    assert.equal(await statusOf(`${onAdmin}/drain`, { method: 'POST' }), 202);
    assert.equal(drains, 1);
  });

  test('cut off a body that no page wants', async () => {
    const port = Number(new URL(onAdmin).port);
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    const ended = new Promise((resolve) => {
      socket.on('close', resolve);
    });
    socket.resume();
    const length = 100 * limits.adminBodyBytesMax;
    socket.write(`POST /drain HTTP/1.1\r\nhost: a\r\ncontent-length: ${length}\r\n\r\n`);
    socket.write(Buffer.alloc(2 * limits.adminBodyBytesMax));
    await ended;
  });
});
