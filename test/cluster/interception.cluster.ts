/**
 * What the sidecar takes and what it leaves alone, as an application in a pod sees it.
 *
 * Each protocol is spoken by a client of a pod that is in the mesh with servers of pods that are;
 * what the sidecar itself says of it stands on its metrics page, which another pod reads as
 * Prometheus would.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { clusterPorts, nodeAddresses } from './machine/addresses.ts';
import { type Cluster, skipWithoutCluster, startNamespace } from './support/cluster.ts';
import { ensureRemora, SHOP_IMAGE } from './support/remora.ts';
import { idleContainer, idlePod } from './support/shop.ts';
import { answerProbes, SHARED_KEY, speak, speakerPorts } from './support/speaker.ts';

const NAMESPACE = 'interception';
const ASKED = 8;
const GRPC_PORT = 9_000;
const HTTP_PORT = 8_080;
const NOBODYS_PORT = 8_099;
const READY_LIMIT_MS = 120_000;
const METRICS_PORT = 15_404;
/** Beyond any wait for the client's first bytes. */
const LATE_MS = 600;
const SERVED_BY_A_SIDECAR = /^HTTP\/1\.1 200 .*^x-request-id: /ims;

interface Said {
  readonly name: string;
  readonly port: string;
  readonly host: string;
}

describe('interception', { skip: skipWithoutCluster() }, () => {
  let cluster: Cluster;

  before(async () => {
    await ensureRemora();
    cluster = await startNamespace(NAMESPACE, { 'remora.dev/inject': 'enabled' });
    await cluster.apply([
      ...['one', 'two'].map((name) => speaker(name, 'many')),
      speaker('liar', 'liar'),
      service('many', { ipFamilyPolicy: 'RequireDualStack', ports: servicePorts() }),
      service(
        'many-headless',
        { clusterIP: 'None', ports: [{ name: 'web', port: 8_080 }] },
        'many',
      ),
      service('liar', { ports: [{ port: 80, targetPort: 'web' }] }),
      idlePod('client'),
      idlePod('outsider', { 'remora.dev/inject': 'disabled' }),
      probedPod(),
    ]);
    for (const pod of ['one', 'two', 'liar', 'client', 'outsider']) {
      await cluster.waitReady(`pod/${pod}`, READY_LIMIT_MS);
    }
  });

  async function ask(code: string, pod = 'client'): Promise<string> {
    return (await cluster.script(pod, code, 'app')).trim();
  }

  /** What so many requests were told, each over a connection of its own. */
  async function askWeb(url: string, headers: object = {}): Promise<readonly Said[]> {
    const all = JSON.stringify({ connection: 'close', ...headers });
    const code = `
      import { get } from 'node:http';
      const one = () => new Promise((resolve, reject) => {
        get('${url}', { headers: ${all} }, async (response) => {
          let text = '';
          for await (const piece of response) text += piece;
          resolve(response.statusCode === 200 ? JSON.parse(text) : { name: text });
        }).once('error', reject);
      });
      const said = [];
      for (let at = 0; at < ${ASKED}; at++) said.push(await one());
      console.log(JSON.stringify(said));`;
    return JSON.parse(await ask(code)) as Said[];
  }

  async function metricsOf(pod: string): Promise<string> {
    const [address] = await cluster.podIps(pod);
    const url = `http://${address}:${METRICS_PORT}/metrics`;
    return await ask(`console.log(await (await fetch('${url}')).text())`, 'outsider');
  }

  test('the address chooses the service, and a Host that lies does not', async () => {
    const said = await askWeb('http://many/', { host: 'liar' });
    assert.ok(said.every(isOfMany), JSON.stringify(said));
    assert.deepEqual([...new Set(said.map(({ host }) => host))], ['liar']);
  });

  test('a Service leads to its pods by each of its two addresses', async () => {
    const { clusterIPs } = (await cluster.get('service/many'))['spec'] as {
      readonly clusterIPs: readonly string[];
    };
    assert.equal(clusterIPs.length, 2);
    for (const address of clusterIPs) {
      const said = await askWeb(`http://${inUrl(address)}/`);
      assert.ok(said.every(isOfMany), `${address}: ${JSON.stringify(said)}`);
    }
  });

  test('each port of a Service leads to the port that it names', async () => {
    const admin = await askWeb('http://many:81/');
    assert.deepEqual([...new Set(admin.map(({ port }) => port))], ['admin']);
    const web = await askWeb('http://many/');
    assert.deepEqual([...new Set(web.map(({ port }) => port))], ['web']);
  });

  test('a pod keeps its requests, by each of its own addresses', async () => {
    for (const pod of ['one', 'two']) {
      for (const address of await cluster.podIps(pod)) {
        const url = `http://${inUrl(address)}:${speakerPorts.web}/`;
        assert.deepEqual(namesOf(await askWeb(url)), [pod], address);
      }
    }
  });

  test('the pods of a headless Service are reached by its name', async () => {
    const said = await askWeb(`http://many-headless:${speakerPorts.web}/`);
    assert.ok(said.every(isOfMany), JSON.stringify(said));
  });

  test('a server that speaks first is heard at once', async (t) => {
    const code = `
      import { connect } from 'node:net';
      const talk = () => new Promise((resolve, reject) => {
        const from = performance.now();
        let text = '';
        let bannerMs = 0;
        const socket = connect(25, 'many').on('error', reject).on('data', (piece) => {
          if (bannerMs === 0) socket.write('HELO\\r\\n');
          bannerMs ||= performance.now() - from;
          text += piece;
        });
        socket.once('end', () => resolve({ text, bannerMs: Math.round(bannerMs) }));
      });
      console.log(JSON.stringify([await talk(), await talk(), await talk()]));`;
    const talks = JSON.parse(await ask(code)) as { text: string; bannerMs: number }[];
    t.diagnostic(`the banner came after ${talks.map(({ bannerMs }) => bannerMs).join(', ')} ms`);
    for (const { text } of talks) assert.match(text, /^220 (one|two) .*\r\n250 HELO\r\n$/);
  });

  test('a connection that is opened early and used late is the mesh’s, at both ends', async () => {
    const [one] = await cluster.podIps('one');
    const late = (host: string, port: number) => `
      import { connect } from 'node:net';
      const socket = connect(${port}, '${host}');
      setTimeout(() => {
        socket.write('GET / HTTP/1.1\\r\\nhost: many\\r\\nconnection: close\\r\\n\\r\\n');
      }, ${LATE_MS});
      for await (const piece of socket) console.log(String(piece));`;
    assert.match(await ask(late('many', 80)), SERVED_BY_A_SIDECAR);
    assert.match(await ask(late(one!, speakerPorts.web), 'outsider'), SERVED_BY_A_SIDECAR);
  });

  test('TLS is passed on as it is', async () => {
    const code = `
      import { connect } from 'node:tls';
      const pskCallback = () => ({ psk: Buffer.from('${SHARED_KEY}'), identity: 'client' });
      const options = { host: 'many', port: 443, ciphers: 'PSK', maxVersion: 'TLSv1.2' };
      const socket = connect({ ...options, pskCallback, checkServerIdentity: () => undefined });
      for await (const piece of socket) console.log(String(piece));`;
    assert.match(await ask(code), /^secretly (one|two)$/);
  });

  test('HTTP/2 with prior knowledge is passed on as it is', async () => {
    const code = `
      import { connect } from 'node:http2';
      const session = connect('http://many:${speakerPorts.h2}');
      for await (const piece of session.request({ ':path': '/' })) console.log(String(piece));
      session.close();`;
    assert.match(await ask(code), /^(one|two) over 2\.0$/);
  });

  test('UDP is left alone', async () => {
    const code = `
      import { createSocket } from 'node:dgram';
      const socket = createSocket('udp4');
      socket.on('message', (text) => { console.log(String(text)); socket.close(); });
      socket.send('?', ${speakerPorts.udp}, 'many');
      setTimeout(() => process.exit(1), 5000).unref();`;
    assert.match(await ask(code), /^(one|two)$/);
  });

  test('an address that is nobody’s is reached as it stands, whatever is spoken', async () => {
    const place = `${nodeAddresses.v4}:${clusterPorts.api}`; // The API server, which is no pod.
    const code = `
      import { get } from 'node:https';
      get('https://${place}/version', { rejectUnauthorized: false }, (response) => {
        console.log(response.headers['audit-id'] === undefined ? 'who?' : 'API server');
        response.resume();
      });`;
    assert.equal(await ask(code), 'API server');
    const plain = `
      const answer = await fetch('http://${place}/');
      console.log(answer.status, answer.headers.get('x-remora-error'), await answer.text());`;
    assert.match(await ask(plain), /^400 null Client sent an HTTP request to an HTTPS server/);
  });

  test('its metrics are read from another pod, and say what was passed on and why', async () => {
    const page = await metricsOf('client');
    const opened = (dst: string, protocol: string) =>
      new RegExp(
        `^tcp_open_total\\{direction="outbound",dst="${dst}",protocol="${protocol}"\\} [1-9]`,
        'm',
      );
    assert.match(page, opened('unknown', '[a-z]+'));
    assert.match(page, opened('many.interception:443', 'tls'));
    assert.match(page, opened(`many.interception:${speakerPorts.h2}`, 'http2'));
    assert.match(page, opened('many.interception:25', '(server_first|opaque)'));
  });

  test('a probe of each kind is the application’s own answer', async () => {
    await cluster.waitFor(
      'the containers whose applications are well, and no others, to be ready',
      async () => {
        const ready = await readyContainers();
        assert.deepEqual(ready, ['app', 'exec-well', 'grpc-well', 'http-well', 'tcp-well']);
        return true;
      },
      READY_LIMIT_MS,
    );
  });

  async function readyContainers(): Promise<readonly string[]> {
    const { containerStatuses = [] } = (await cluster.get('pod/probed'))['status'] as {
      readonly containerStatuses?: readonly { readonly name: string; readonly ready: boolean }[];
    };
    return containerStatuses
      .filter(({ ready }) => ready)
      .map(({ name }) => name)
      .sort();
  }
});

function inUrl(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Which of the two is the balancer's choice: one request after the other, it may be the same. */
function isOfMany({ name }: Said): boolean {
  return name === 'one' || name === 'two';
}

function namesOf(said: readonly Said[]): readonly string[] {
  return [...new Set(said.map(({ name }) => name))].sort();
}

function speaker(name: string, app: string): object {
  const code = `(${speak.toString()})(${JSON.stringify(speakerPorts)}, '${SHARED_KEY}')`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          ...{ name: 'app', image: SHOP_IMAGE, imagePullPolicy: 'Never' },
          args: ['--input-type=module', '-e', code],
          env: [{ name: 'NAME', value: name }],
          ports: [
            { name: 'web', containerPort: speakerPorts.web },
            { name: 'admin', containerPort: speakerPorts.admin },
          ],
          readinessProbe: {
            httpGet: { path: '/', port: 'web' },
            periodSeconds: 1,
            timeoutSeconds: 5,
          },
        },
      ],
    },
  };
}

function servicePorts(): readonly object[] {
  return [
    { name: 'web', port: 80, targetPort: 'web' },
    { name: 'admin', port: 81, targetPort: 'admin' },
    { name: 'banner', port: 25, targetPort: speakerPorts.banner },
    { name: 'tls', port: 443, targetPort: speakerPorts.tls },
    { name: 'h2', port: speakerPorts.h2 },
    { name: 'udp', port: speakerPorts.udp, protocol: 'UDP' },
  ];
}

function service(name: string, spec: object, app = name): object {
  const selector = { app };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector, ...spec } };
}

/** A container for each probe: those that are well, and those that must never be ready. */
function probedPod(): object {
  const code = `(${answerProbes.toString()})(${GRPC_PORT}, ${HTTP_PORT})`;
  const probes: Readonly<Record<string, object>> = {
    'tcp-well': { tcpSocket: { port: HTTP_PORT } },
    'tcp-sick': { tcpSocket: { port: NOBODYS_PORT } },
    'http-well': { httpGet: { path: '/', port: HTTP_PORT } },
    'http-sick': { httpGet: { path: '/sick', port: HTTP_PORT } },
    'grpc-well': { grpc: { port: GRPC_PORT } },
    'grpc-sick': { grpc: { port: GRPC_PORT, service: 'sick' } },
    'exec-well': { exec: { command: ['node', '-e', '0'] } },
    'exec-sick': { exec: { command: ['node', '-e', 'process.exit(1)'] } },
  };
  const probed = Object.entries(probes).map(([name, probe]) => {
    const readinessProbe = { ...probe, periodSeconds: 3, timeoutSeconds: 5 };
    return { ...idleContainer, name, readinessProbe };
  });
  const app = { ...idleContainer, args: ['--input-type=module', '-e', code] };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'probed' },
    spec: { terminationGracePeriodSeconds: 1, containers: [app, ...probed] },
  };
}
