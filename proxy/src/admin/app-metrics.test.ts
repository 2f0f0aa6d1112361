/** Claims about merging the application's metrics: whatever it does, our own page is whole. */
import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { ControlWorld } from '../control/control-fixture.ts';
import * as limits from '../limits.ts';
import { idleSources } from '../telemetry/metric-sources.ts';
import { ProxyMetrics } from '../telemetry/proxy-metrics.ts';
import { adminWorld, urlOf } from './admin-fixture.ts';
import { AppMetrics } from './app-metrics.ts';
import { AdminServer, METRICS_PAGES } from './server.ts';

const OK = 'HTTP/1.1 200 OK\r\n';
const BODY = 'orders_total 42\nrequest_total 7\nprocess_cpu_seconds_total 9\n';

describe('the page of metrics with those of the application', () => {
  let answer: (socket: Socket) => void = () => undefined;
  let asked = '';
  const sockets = new Set<Socket>();
  const origin: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.once('data', (bytes) => {
      asked = bytes.toString();
      answer(socket);
    });
  });
  let server: AdminServer;
  let url = '';
  let app: AppMetrics;

  before(async () => {
    await new Promise<void>((resolve) => {
      origin.listen(0, '127.0.0.1', resolve);
    });
    const { port } = origin.address() as AddressInfo;
    app = new AppMetrics({ host: '127.0.0.1', port, path: '/metrics?all' });
    const control = new ControlWorld();
    const metrics = new ProxyMetrics(idleSources({ app: () => app.reading }), control.clock);
    server = new AdminServer(METRICS_PAGES, adminWorld(control, { metrics, app }));
    url = `${await urlOf(server)}/metrics`;
  });
  after(async () => {
    await server.close();
    for (const socket of sockets) socket.destroy();
    origin.close();
  });

  async function page(headers: Readonly<Record<string, string>> = {}): Promise<string> {
    return await (await fetch(url, { headers })).text();
  }

  async function isUp(headers?: Readonly<Record<string, string>>): Promise<boolean> {
    const text = await page(headers);
    assert.match(text, /^remora_config_connected 0$/m);
    return text.includes('orders_total 42');
  }

  test('has both, each name once, and leaves process_* to the application', async () => {
    answer = (socket) => socket.end(`${OK}content-length: ${BODY.length}\r\n\r\n${BODY}`);
    const text = await page();
    assert.match(text, /^orders_total 42$/m);
    assert.deepEqual(text.match(/^process_.*$/gm), ['process_cpu_seconds_total 9']);
    assert.doesNotMatch(text, /^request_total 7$/m);
    assert.deepEqual(app.reading, { isUp: true, familiesDropped: 1 });
    assert.match(asked, /^GET \/metrics\?all HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\n/);
    assert.match(asked, /\r\naccept: text\/plain;version=0\.0\.4\r\n/);
  });

  for (const [framing, head] of [
    ['by its length', `content-length: ${BODY.length}\r\n\r\n${BODY}and more`],
    ['in chunks', `transfer-encoding: chunked\r\n\r\n5\r\n${BODY.slice(0, 5)}\r\n`],
    ['to the end of the connection', `\r\n${BODY}`],
  ] as const) {
    test(`is read ${framing}, in whatever pieces`, async () => {
      answer = (socket) => {
        const rest = BODY.slice(5);
        const tail =
          framing === 'in chunks' ? `${rest.length.toString(16)}\r\n${rest}\r\n0\r\n\r\n` : '';
        const whole = OK + head + tail;
        socket.write(whole.slice(0, 9));
        setTimeout(() => socket.end(whole.slice(9)), 5);
      };
      assert.equal(await isUp(), true);
    });
  }

  for (const [what, bytes] of [
    ['another status', `HTTP/1.1 503 No\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`],
    ['half of what it promised', `${OK}content-length: 999\r\n\r\n${BODY}`],
    ['half of its chunks', `${OK}transfer-encoding: chunked\r\n\r\n5\r\n${BODY.slice(0, 5)}\r\n`],
    ['a compressed page', `${OK}content-encoding: gzip\r\n\r\n${BODY}`],
    ['what is no metric', `${OK}\r\n${BODY}<html>`],
    ['what is no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['a head without an end', `${OK}${'x-a: b\r\n'.repeat(2_000)}`],
    ['nothing', ''],
  ] as const) {
    test(`is ours alone where the application answers ${what}`, async () => {
      answer = (socket) => socket.end(bytes);
      assert.equal(await isUp(), false);
      assert.match(await page(), /^remora_app_metrics_up 0$/m);
    });
  }

  test('is ours alone where a whole page is larger than the bound', async () => {
    const line = `${'a'.repeat(1_000)} 1\n`;
    const body = BODY + line.repeat(Math.ceil(limits.appMetricsBytesMax / line.length));
    answer = (socket) => socket.end(`${OK}content-length: ${body.length}\r\n\r\n${body}`);
    assert.equal(await isUp(), false);
  });

  test('is ours alone where the application sends without an end', async () => {
    answer = (socket) => {
      socket.write(`${OK}\r\n`);
      const line = `${'a'.repeat(100)} 1\n`.repeat(1_000);
      const pour = (): void => {
        while (!socket.destroyed && socket.write(line));
      };
      socket.on('drain', pour);
      pour();
    };
    assert.equal(await isUp(), false);
    assert.equal(app.reading.isUp, false);
  });

  test('waits half as long as its scraper does, and never longer than its own bound', async () => {
    answer = () => undefined;
    const startedAtMs = performance.now();
    assert.equal(await isUp({ 'x-prometheus-scrape-timeout-seconds': '0.2' }), false);
    const waitedMs = performance.now() - startedAtMs;
    assert.ok(waitedMs >= 99 && waitedMs < limits.appMetricsTimeoutMs, `${waitedMs} ms`);
  });

  test('is ours alone while too many scrapers still read one', async () => {
    answer = (socket) => socket.end(`${OK}content-length: ${BODY.length}\r\n\r\n${BODY}`);
    for (let held = 0; held < limits.appPagesMax; held++) await app.fetch(1_000);
    assert.equal(await isUp(), false);
    app.release();
    assert.equal(await isUp(), true);
    assert.equal(await isUp(), true);
  });

  test('is ours alone where nobody listens', async () => {
    const nobody = new AppMetrics({ host: '127.0.0.1', port: 9, path: '/' });
    assert.equal(await nobody.fetch(1_000), null);
  });
});
