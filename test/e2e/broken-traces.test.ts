/**
 * Who breaks traces: two applications behind real sidecars, one that copies its caller's trace to
 * the calls it makes and one that does not, and what a real control plane's status says of them.
 *
 * The caller's own proxy has no application and begins every trace; it is not to be named.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { type Hop, startHop } from '../support/hop.ts';
import { fieldValue } from '../support/message-reader.ts';
import { type Origin, response, sayOk, startOrigin } from '../support/origin.ts';
import {
  type ControlPlane,
  type RunningProxy,
  startControlPlane,
  startProxy,
} from '../support/processes.ts';
import { askOnce, connectRaw, get } from '../support/raw-client.ts';
import { destination, keyOf } from '../support/snapshot.ts';
import { splitAddress, until } from '../support/waiting.ts';

const root = join(import.meta.dirname, '../..');
const REQUESTS = 25;

interface Counted {
  readonly continued: number;
  readonly begun: number;
}

interface Traces {
  readonly inbound: Counted | null;
  readonly outbound: Counted;
}

async function tracesOf(proxy: RunningProxy): Promise<Traces> {
  const stats = await (await fetch(`http://${proxy.admin}/stats`)).json();
  return (stats as { readonly traces: Traces }).traces;
}

function serviceYaml(name: string, address: string): string {
  const { host, port } = splitAddress(address);
  return `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { ports: [{ port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}-1, namespace: shop, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
endpoints: [{ addresses: [${host}] }]
ports: [{ port: ${port} }]
`;
}

describe('a mesh in which one of two applications drops its traces', () => {
  const folder = mkdtempSync(join(tmpdir(), 'remora-traces-'));
  const ends: (() => Promise<unknown>)[] = [];
  let plane: ControlPlane;
  let client: RunningProxy;
  let orders: RunningProxy;
  let cart: RunningProxy;

  before(async () => {
    const catalog = await startOrigin();
    ends.push(async () => await catalog.close());
    plane = await startControlPlane(folder);
    ends.push(async () => await plane.program.stop());
    orders = await sidecar('orders', () => ({}));
    cart = await sidecar('cart', (traceparent) => ({ traceparent }));
    client = await startProxy({ control: plane.url });
    ends.push(async () => await client.stop());
    writeFileSync(join(folder, 'catalog.yaml'), serviceYaml('catalog', catalog.address));
    writeFileSync(join(folder, 'orders.yaml'), serviceYaml('orders', orders.inbound));
    writeFileSync(join(folder, 'cart.yaml'), serviceYaml('cart', cart.inbound));
    await servesAll();
  });

  after(async () => {
    for (const end of ends.reverse()) await end();
    rmSync(folder, { recursive: true });
  });

  /** An application that asks the catalog for each request, and its sidecar. */
  async function sidecar(
    name: string,
    passedOn: (traceparent: string) => Record<string, string>,
  ): Promise<RunningProxy> {
    const app: Origin = await startOrigin();
    ends.push(async () => await app.close());
    const proxy = await startProxy({
      name: `${name}-0`,
      workload: name,
      app: app.address,
      control: plane.url,
    });
    ends.push(async () => await proxy.stop());
    app.answer = async ({ fields, connection }) => {
      const traceparent = fieldValue(fields, 'traceparent') ?? '';
      const { status } = await askOnce(
        proxy.outbound,
        get('http://catalog/', passedOn(traceparent)),
      );
      connection.send(response({ status }));
    };
    return proxy;
  }

  /** The folder is read while proxies already ask. */
  async function servesAll(): Promise<void> {
    for (const name of ['orders', 'cart']) {
      const untilMs = performance.now() + 10_000;
      let status = 0;
      while (status !== 200) {
        assert(performance.now() < untilMs, `${name} answers ${status}`);
        ({ status } = await askOnce(client.outbound, get(`http://${name}/`)));
      }
    }
  }

  /** The command as it is typed. Rejects for an exit code but 0. */
  async function status(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
    const command = ['control-plane/bin/remora.js', 'status', ...args, '--control', plane.url];
    const env = { ...process.env, REMORA_SOURCES: '1' };
    return await promisify(execFile)(process.execPath, command, { cwd: root, env });
  }

  test('has only that one named, with the remedy, and exit code 0', async () => {
    for (const name of ['orders', 'cart']) {
      const connection = await connectRaw(client.outbound);
      for (let sent = 0; sent < REQUESTS; sent++) {
        assert.equal((await connection.ask(get(`http://${name}/`))).status, 200);
      }
      connection.close();
    }
    const { stdout, stderr } = await status();
    const warnings = stdout.split('\n').filter((line) => line.startsWith('!'));
    assert.equal(warnings.length, 1, stdout);
    assert.match(
      warnings[0] ?? '',
      /^! orders\.shop receives traces and passes none on: copy traceparent and tracestate/,
    );
    assert.equal(stderr, '');
    const { traces } = JSON.parse((await status('--json')).stdout) as {
      readonly traces: { readonly broken: readonly { workload: string }[]; silent: unknown[] };
    };
    assert.deepEqual(
      [traces.broken.map(({ workload }) => workload), traces.silent],
      [['orders'], []],
    );
  });

  test('is counted by each sidecar: every request in, and what became of its trace', async () => {
    const [dropping, forwarding, without] = [
      await tracesOf(orders),
      await tracesOf(cart),
      await tracesOf(client),
    ];
    assert.equal(dropping.outbound.continued, 0);
    assert.equal(forwarding.outbound.begun, 0);
    for (const { inbound, outbound } of [dropping, forwarding]) {
      assert.equal(inbound?.begun, 0);
      assert.equal(inbound.continued, outbound.continued + outbound.begun);
    }
    assert.equal(without.inbound, null);
    assert(without.outbound.begun > 2 * REQUESTS);
  });
});

describe('a request that takes more than one attempt', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['one', 'two'], ({ one = '', two = '' }) => [
      destination({ name: 'tried', endpoints: [one, two], rule: { retry: { statuses: [503] } } }),
      destination({ name: 'hedged', endpoints: [one, two], rule: { hedge: { afterMs: 20 } } }),
      destination({
        name: 'mirrored',
        endpoints: [one],
        backends: { shadow: [two] },
        rule: { mirrors: [{ backend: keyOf('shadow'), percent: 100 }] },
      }),
    ]);
  });
  after(async () => await hop?.close());

  /** How many were executed, and how many counted. */
  async function askedOnce(name: string): Promise<readonly [executed: number, counted: number]> {
    const before = (await tracesOf(hop.proxy)).outbound.begun;
    const executed = () =>
      Object.values(hop.origins).reduce((sum, { requests }) => sum + requests.length, 0);
    const executedBefore = executed();
    assert.equal((await hop.ask(get(`http://${name}/`))).status, 200);
    await until(() => executed() - executedBefore > 1, 'the second');
    const counted = (await tracesOf(hop.proxy)).outbound.begun - before;
    return [executed() - executedBefore, counted];
  }

  test('counts once, whether the second was a retry, a hedge or a copy', async () => {
    let isFirst = true;
    for (const origin of Object.values(hop.origins)) {
      origin.answer = async (request) => {
        if (!isFirst) return await sayOk(request);
        isFirst = false;
        request.connection.send(response({ status: 503 }));
      };
    }
    assert.deepEqual(await askedOnce('tried'), [2, 1]);
    isFirst = true;
    for (const origin of Object.values(hop.origins)) {
      origin.answer = async (request) => {
        if (!isFirst) return await sayOk(request);
        isFirst = false; // Never answered: the hedge is.
      };
    }
    assert.deepEqual(await askedOnce('hedged'), [2, 1]);
    assert.deepEqual(await askedOnce('mirrored'), [2, 1]);
  });
});
