/**
 * What a real Prometheus makes of the metrics: every query of docs/metrics.md, put to it after a
 * load that was written down, and promtool's opinion of the page.
 *
 * A query's window reaches from the last scrape before the load to the first one after it, to the
 * millisecond: a rate times that window is then what was counted, on a starved machine too.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { adminWorld } from '../../proxy/src/admin/admin-fixture.ts';
import type { AdminWorld } from '../../proxy/src/admin/page.ts';
import { ControlWorld } from '../../proxy/src/control/control-fixture.ts';
import { AdminServer, METRICS_PAGES } from '../../proxy/src/admin/server.ts';
import { prometheusTools } from '../../scripts/debian-prometheus.ts';
import { QUERIES, type QueryName } from '../../scripts/metric-queries.ts';
import { openMetricsFaults } from '../support/openmetrics.ts';
import { lint, type Prometheus, startPrometheus, staticJob } from '../support/prometheus.ts';
import { until } from '../support/waiting.ts';
import { type Served, Scene, type Visit } from './prometheus-scene.ts';

const LOAD_MS = 10_000;
const SCRAPED_LIMIT_MS = 30_000;
const TOLERANCE = 0.01;
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
/** All it has to say: a unit is to be spelled out, and Linkerd's dashboards ask for this name. */
const LINKERD_NAME = 'response_latency_ms metric names should not contain abbreviated units';
const OPENMETRICS = { accept: 'application/openmetrics-text; version=1.0.0' };

type Labels = Readonly<Record<string, string>>;

const tools = prometheusTools();
const skip = typeof tools === 'string' ? tools : false;

describe('a mesh under a real Prometheus', { skip }, () => {
  let scene: Scene;
  let prometheus: Prometheus;
  let sampled: AdminServer;
  const load = { fromSeconds: 0, toSeconds: 0 };
  let visits: readonly Visit[] = [];
  let served: readonly Served[] = [];

  before(async () => {
    if (typeof tools === 'string') return;
    scene = await Scene.start();
    const control = new ControlWorld();
    sampled = new AdminServer(METRICS_PAGES, worldWithExemplar(control));
    const { host, port } = await sampled.listen({ host: '127.0.0.1', port: 0 });
    const namespace = 'shop';
    const targets = [
      { address: scene.client.metrics, labels: { namespace, deployment: 'client' } },
      ...scene.sidecars.map(({ metrics }, at) => {
        return { address: metrics, labels: { namespace, deployment: `app-v${at + 1}` } };
      }),
      { address: `${host}:${port}`, labels: { namespace, deployment: 'sampled' } },
    ];
    prometheus = await startPrometheus(tools, [staticJob(targets)], targets.length);
    load.fromSeconds = Date.now() / 1_000;
    await scene.load(LOAD_MS);
    load.toSeconds = Date.now() / 1_000;
    ({ visits, served } = scene);
    for (const name of ['client', 'app-v1']) {
      const isSeen = async () => (await prometheus.scrapes(name)).at(-1)! > load.toSeconds;
      await until(isSeen, `a scrape of ${name} after the load`, SCRAPED_LIMIT_MS);
    }
  });

  after(async () => {
    await prometheus?.stop();
    await sampled?.close();
    await scene?.stop();
  });

  /** From the last scrape before the load to the first after it. */
  async function windowOf(deployment: string): Promise<{ lengthMs: number; endSeconds: number }> {
    const scrapes = await prometheus.scrapes(deployment);
    const first = scrapes.findLast((atSeconds) => atSeconds < load.fromSeconds);
    const last = scrapes.find((atSeconds) => atSeconds > load.toSeconds);
    assert.ok(first !== undefined && last !== undefined, `${deployment}: ${scrapes.join(' ')}`);
    // One millisecond more on each side: both scrapes lie within.
    return { lengthMs: Math.round((last - first) * 1_000) + 2, endSeconds: last + 0.001 };
  }

  /** The one series with these labels; what it says is of this target. */
  async function answer(name: QueryName, labels: Labels = {}, deployment = 'client') {
    const { lengthMs, endSeconds } = await windowOf(deployment);
    const query = QUERIES[name].query.replaceAll('[1m]', `[${lengthMs}ms]`);
    const all = await prometheus.query(query, endSeconds);
    const wanted = Object.entries(labels);
    const found = all.filter((one) => wanted.every(([key, value]) => one.labels[key] === value));
    assert.equal(found.length, 1, `${name} ${JSON.stringify(labels)}: ${JSON.stringify(all)}`);
    return { value: found[0]!.value, seconds: lengthMs / 1_000 };
  }

  async function share(name: QueryName, labels?: Labels, deployment?: string): Promise<number> {
    return (await answer(name, labels, deployment)).value;
  }

  async function count(name: QueryName, labels?: Labels, deployment?: string): Promise<number> {
    const { value, seconds } = await answer(name, labels, deployment);
    return value * seconds;
  }

  test('finds the success rate of every route as sent', async () => {
    for (const kind of ['split', 'fail', 'slow', 'retry']) {
      const sent = visits.filter((visit) => visit.kind === kind);
      const good = sent.filter(({ status }) => status < 500).length / sent.length;
      near(await share('successByRoute', { route: kind }), good, kind);
    }
  });

  test('finds the requests of each version, and the split as wanted and as realised', async () => {
    const split = served.filter(({ target }) => target.startsWith('/split'));
    for (const [version, weight] of [
      ['v1', 0.8],
      ['v2', 0.2],
    ] as const) {
      const backend = `app-${version}.shop:80`;
      const got = served.filter((one) => one.version === version && !isFirstTry(one));
      near(await count('requestsByVersion', { backend }), got.length, version);
      const realised = split.filter((one) => one.version === version).length / split.length;
      near(await share('realisedSplit', { route: 'split', backend }), realised, 'split');
      assert.equal(await share('wantedSplit', { route: 'split', backend }), weight);
    }
  });

  test('finds the slow: no fewer than there were, no more than the client saw', async () => {
    const slow = served.filter(({ target }) => target.startsWith('/slow'));
    const meant = slow.filter(({ isSlow }) => !isSlow).length / slow.length;
    const latencies = visits.filter(({ kind }) => kind === 'slow').map((visit) => visit.latencyMs);
    const seen = latencies.filter((ms) => ms <= 500).length / latencies.length;
    const found = await share('withinHalfSecond', { route: 'slow' });
    assert.ok(found <= meant * 1.01 && found >= seen * 0.99, `${seen} ${found} ${meant}`);
    const p99 = await share('p99ByRoute', { route: 'slow' });
    assert.ok(p99 > 500, `p99 ${p99}: more than 1% took longer`);
  });

  test('finds one retry for each request that needed it', async () => {
    near(await share('retryRate'), served.filter(isFirstTry).length / visits.length, 'retries');
  });

  test('finds what was shed, by backend and why, and by code', async () => {
    const sent = visits.filter(({ kind }) => kind === 'full');
    assert.ok(sent.every(({ status }) => status === 503));
    const labels = { backend: 'full.shop:80', reason: 'queue_full' };
    near(await count('shedRate', labels), sent.length, 'shed');
    near(await count('refusedByCode', { code: 'RMR_OVERLOADED' }), sent.length, 'refused');
  });

  test('finds inbound requests in the plain dialect', async () => {
    const ok = served.filter(({ version, status }) => version === 'v1' && status === 200);
    const labels = { deployment: 'app-v1', method: 'GET', status: '200' };
    near(await count('inboundByStatus', labels, 'app-v1'), ok.length, 'v1');
  });

  test("answers Flagger's own queries for Linkerd", async () => {
    const v1 = served.filter(({ version }) => version === 'v1');
    const percent = (v1.filter(({ status }) => status < 500).length / v1.length) * 100;
    near(await share('flaggerSuccess', {}, 'app-v1'), percent, 'success');
    assert.ok((await share('flaggerDuration', {}, 'app-v1')) > 0);
  });

  test("has the application's own metrics, and none of them twice", async () => {
    const read = async (query: string) => {
      const [sample] = await prometheus.query(`${query}{deployment="app-v1"}`);
      return sample?.value;
    };
    assert.equal(await read('orders_total'), 42);
    assert.equal(await read('remora_app_metrics_up'), 1);
    assert.equal(await read('remora_app_metrics_families_dropped'), 1);
    assert.equal(await read('process_resident_memory_bytes'), 123_456);
    assert.deepEqual(await prometheus.query('request_total{whose="application"}'), []);
  });

  test('keeps the trace of a sampled request with its bucket', async () => {
    const isThere = async () => {
      const all = await prometheus.exemplars('response_latency_ms_bucket{deployment="sampled"}');
      return all.some(({ exemplars }) =>
        exemplars.some((one) => one.labels['trace_id'] === TRACE_ID),
      );
    };
    await until(isThere, 'the exemplar');
  });

  test('gives promtool a name of Linkerd to speak of and no more, and is OpenMetrics', async () => {
    assert.ok(typeof tools !== 'string');
    for (const { metrics } of [scene.client, ...scene.sidecars]) {
      const text = await (await fetch(`http://${metrics}/metrics`)).text();
      assert.equal(lint(tools, text), LINKERD_NAME);
      const open = await fetch(`http://${metrics}/metrics`, { headers: OPENMETRICS });
      assert.match(open.headers.get('content-type') ?? '', /^application\/openmetrics-text/);
      assert.deepEqual(openMetricsFaults(await open.text()), []);
    }
  });
});

/** One whose last request was sampled. */
function worldWithExemplar(control: ControlWorld): AdminWorld {
  const series = control.metrics.bindRouteSeries({
    ...{ direction: 'outbound', dst_service: 'app', dst_namespace: 'shop', dst_port: '80' },
    ...{ route: 'split', backend: 'app-v1.shop:80' },
  });
  series.record(200, 150, false);
  series.exemplify(150, TRACE_ID, Date.now() / 1_000);
  return adminWorld(control);
}

function isFirstTry({ target, status }: Served): boolean {
  return target.startsWith('/retry') && status === 503;
}

function near(measured: number, sent: number, what: string): void {
  console.log(`# ${what}: asked ${measured.toFixed(4)}, sent ${sent.toFixed(4)}`);
  const off = Math.abs(measured - sent) / sent;
  assert.ok(off <= TOLERANCE, `${what}: Prometheus says ${measured}, sent were ${sent}`);
}
