/**
 * Both planes, each a real process, and an application whose connections the kernel turns aside: a
 * weight in a YAML file moves requests to a ClusterIP that nobody answers at.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { connect, createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PROXY_UID } from '@remora/api/mesh-names.ts';
import { enterNamespace, run, whyNoNamespace } from '../support/own-network.ts';
import {
  type ControlPlane,
  type Program,
  startControlPlane,
  startInterceptingProxy,
} from '../support/processes.ts';
import { connectRaw } from '../support/raw-client.ts';
import { until, within } from '../support/waiting.ts';

const skip = whyNoNamespace() ?? false;
const PROXY_PORT = 15_401;
const MYSQL_PORT = 3_306;
const REQUESTS = 100;

const ASIDE = `-m owner ! --uid-owner ${PROXY_UID} -j REDIRECT --to-ports ${PROXY_PORT}`;

const NETWORK = `
  ip addr add 10.96.0.8/32 dev lo
  ip addr add 10.244.0.1/32 dev lo
  ip addr add 10.244.0.2/32 dev lo
  ip route add local 10.96.0.7/32 dev lo
  ip -6 route add local fd00:96::7/128 dev lo
  iptables -t nat -A OUTPUT -p tcp ${ASIDE}
  iptables -t nat -I OUTPUT -p tcp -d 127.0.0.0/8 -j RETURN
  ip6tables -t nat -A OUTPUT -p tcp ${ASIDE}
`;

/** A Service and the one pod behind it. */
function service(name: string, spec: string, pod: string, port: number): string {
  const meta = (more = '') => `metadata: { name: ${name}, namespace: shop${more} }`;
  const lines = ['apiVersion: v1', 'kind: Service', meta(), `spec: { ${spec} }`, '---'];
  lines.push('apiVersion: v1', 'kind: Pod', meta(), 'spec: { containers: [{ name: app }] }');
  lines.push(`status: { phase: Running, podIP: ${pod}, podIPs: [{ ip: ${pod} }] }`, '---');
  lines.push('apiVersion: discovery.k8s.io/v1', 'kind: EndpointSlice');
  lines.push(meta(`, labels: { kubernetes.io/service-name: ${name} }`), 'addressType: IPv4');
  lines.push(`ports: [{ port: ${port} }]`);
  const target = `targetRef: { kind: Pod, name: ${name} }`;
  lines.push(`endpoints: [{ addresses: [${pod}], conditions: { ready: true }, ${target} }]`);
  return lines.join('\n');
}

function route(v1: number, v2: number): string {
  return `
apiVersion: remora.dev/v1alpha1
kind: TrafficRoute
metadata: { name: catalog, namespace: shop }
spec:
  targetRef: { name: catalog }
  rules:
    - backends:
        - { service: catalog-v1, weight: ${v1} }
        - { service: catalog-v2, weight: ${v2} }
`;
}

const SERVICES = [
  'apiVersion: v1',
  'kind: Service',
  'metadata: { name: catalog, namespace: shop }',
  'spec:',
  '  clusterIP: 10.96.0.7',
  '  clusterIPs: [10.96.0.7, "fd00:96::7"]',
  '  ports: [{ port: 80 }]',
  '---',
  service('catalog-v1', 'ports: [{ port: 80 }]', '10.244.0.1', 8_081),
  '---',
  service('catalog-v2', 'ports: [{ port: 80 }]', '10.244.0.2', 8_082),
  '---',
  service('db', `clusterIP: 10.96.0.8, ports: [{ port: ${MYSQL_PORT} }]`, '10.244.0.1', MYSQL_PORT),
].join('\n');

describe('an application that knows of no mesh', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'remora-planes-'));
  let plane: ControlPlane;
  let proxy: Program;

  /** Of so many requests to this address, those that v2 answered. */
  async function answeredByV2(address: string): Promise<number> {
    const client = await connectRaw(address);
    let answered = 0;
    for (let at = 0; at < REQUESTS; at++) {
      const { status, body } = await client.ask('GET / HTTP/1.1\r\nhost: nobody\r\n\r\n');
      assert.equal(status, 200);
      if (String(body) === '10.244.0.2') answered++;
    }
    client.close();
    return answered;
  }

  before(async () => {
    enterNamespace();
    run(NETWORK);
    for (const [host, port] of [
      ['10.244.0.1', 8_081],
      ['10.244.0.2', 8_082],
    ] as const) {
      const server = createHttp((_, response) => response.end(host)).listen(port, host);
      await once(server.unref(), 'listening');
    }
    const db = createTcp((socket) => socket.on('error', () => undefined).write('5.7.0'));
    await once(db.listen(MYSQL_PORT, '10.96.0.8').unref(), 'listening');
    writeFileSync(join(folder, 'services.yaml'), SERVICES);
    writeFileSync(join(folder, 'route.yaml'), route(90, 10));
    plane = await startControlPlane(folder);
    const flags = ['--outbound', `[::]:${PROXY_PORT}`, '--metrics', '127.0.0.1:15404'];
    proxy = startInterceptingProxy([...flags, '--control', plane.url]);
    await proxy.ready();
    const isReady = async () => (await fetch('http://127.0.0.1:15404/ready')).ok;
    await until(isReady, 'the proxy to be ready');
  });
  after(async () => {
    await proxy?.stop();
    await plane?.program.stop();
  });

  test('has its requests to a ClusterIP split by weight, and moved by an edit', async () => {
    for (const address of ['10.96.0.7:80', '[fd00:96::7]:80']) {
      const few = await answeredByV2(address);
      assert(few >= 1 && few <= 28, `${few} of ${REQUESTS} for a weight of 10% at ${address}`);
    }
    writeFileSync(join(folder, 'route.yaml'), route(0, 100));
    await until(async () => (await answeredByV2('10.96.0.7:80')) === REQUESTS, 'all at v2', 2_000);
    assert.equal(await answeredByV2('[fd00:96::7]:80'), REQUESTS);
  });

  test('reaches one pod by its own address, past every route', async () => {
    const client = await connectRaw('10.244.0.1:8081');
    const { body } = await client.ask('GET / HTTP/1.1\r\nhost: catalog\r\n\r\n');
    assert.equal(String(body), '10.244.0.1');
    const page = await (await fetch('http://127.0.0.1:15404/metrics')).text();
    assert.match(page, /^request_total\{.*backend="10\.244\.0\.1:8081"\} 1$/m);
  });

  test('hears its database at once: a well-known port is not listened to first', async () => {
    const socket = connect(MYSQL_PORT, '10.96.0.8');
    const [greeting] = await within(once(socket, 'data'), 5_000, () => 'the greeting');
    assert.equal(String(greeting), '5.7.0');
    socket.destroy();
    const page = await (await fetch('http://127.0.0.1:15404/metrics')).text();
    assert.match(page, /^tcp_open_total\{.*dst="db\.shop:3306",protocol="opaque"\} 1$/m);
  });
});
