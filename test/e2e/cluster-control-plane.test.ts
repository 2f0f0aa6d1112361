/**
 * The control plane of a cluster as a process, on a real API server: with the rights that an
 * installation gives it and no others, proxies by their tokens, statuses, and an API server that
 * restarts.
 *
 * Pods do not run here, and the proxies are streams: what runs in pods is `test/cluster`.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ports } from '../../api/src/ports.ts';
import { StreamClient } from '../../control-plane/src/publish/stream-client.ts';
import { manifestText } from '../cluster/machine/kubectl.ts';
import { skipWithoutApiServer } from '../cluster/machine/places.ts';
import {
  authorityPem,
  CONTROL_ENVIRONMENT,
  CONTROL_HOST,
  CONTROL_SERVERNAME,
  controlKubeconfig,
  installWithoutPods,
  podToken,
} from '../support/control-installation.ts';
import { type KubeScene, startKubeScene } from '../support/kube-scene.ts';
import { Program } from '../support/processes.ts';
import { until } from '../support/waiting.ts';

const AFTER_RESTART_MS = 30_000;

describe('the control plane of a cluster', { skip: skipWithoutApiServer() }, () => {
  let scene: KubeScene;
  let control: Program;
  let ca: string;
  let address: string;
  const clients: StreamClient[] = [];

  const kubectl = async (...args: string[]) => await scene.server.kubectl(args);
  const apply = async (...objects: object[]) => {
    const args = ['apply', '--server-side', '--force-conflicts', '-f', '-'];
    await scene.server.kubectl(args, manifestText(objects));
  };
  const connect = async (pod: string) => {
    const token = await podToken(scene.client, 'shop', pod);
    const secure = { ca, servername: CONTROL_SERVERNAME, token };
    const url = `https://${CONTROL_HOST}:${ports.control}`;
    const client = await StreamClient.connect({ url, name: 'whoever', secure });
    clients.push(client);
    return client;
  };
  const routeStatus = async () => {
    return JSON.parse(await kubectl('get', 'tr', 'catalog', '-n', 'shop', '-o', 'json')).status;
  };

  before(async () => {
    scene = await startKubeScene();
    await installWithoutPods(scene.server);
    await scene.server.createNamespace('shop', { 'remora.dev/inject': 'enabled' });
    control = await startControl(scene);
    ca = await authorityPem(scene.client);
    await apply(service('catalog'), service('catalog-v2'), pod('catalog-0'), pod('storefront-0'));
    const found = await kubectl('get', 'service', 'catalog', '-n', 'shop', '-o', 'json');
    address = `${JSON.parse(found).spec.clusterIP}:80`;
  });

  after(async () => {
    for (const client of clients) client.close();
    await control?.stop();
    await scene?.end();
  });

  test('serves a proxy as the pod of its token, by the address that it dialled', async () => {
    const proxy = await connect('storefront-0');
    proxy.subscribe(address);
    const put = await proxy.next('put');
    assert.equal(put.destination, address);
    assert.equal(put.config.key, 'catalog.shop:80');
    const status = await pages('/v1/status');
    const known = status.proxies.map(({ name, namespace }) => `${namespace}/${name}`);
    assert.deepEqual(known, ['shop/storefront-0']);
  });

  test('sends a route to who uses it, and says in its status that they applied it', async () => {
    const proxy = clients[0]!;
    const since = proxy.received.length;
    await apply(route(90));
    const put = await proxy.next('put', since);
    assert.equal(put.config.rules[0]?.backends[0]?.weight, 90);
    await kubectl('wait', '-n', 'shop', 'tr/catalog', '--for=condition=Applied', '--timeout=20s');
    const { conditions, proxies, weights } = await routeStatus();
    assert.equal(proxies, '1/1');
    assert.equal(weights.wanted, 'catalog 90%, catalog-v2 10%');
    assert.deepEqual(
      conditions.map(({ type, status }: { type: string; status: string }) => [type, status]).sort(),
      [
        ['Accepted', 'True'],
        ['Applied', 'True'],
        ['Programmed', 'True'],
        ['ResolvedRefs', 'True'],
      ],
    );
  });

  test('tells who shows no token, or one that is for others, why there is no stream', async () => {
    const foreign = (await kubectl('create', 'token', 'default', '-n', 'shop')).trim();
    for (const [token, answer] of [
      ['', /401 .*shows a service account token/s],
      [foreign, /401 /],
    ] as const) {
      const secure = { ca, servername: CONTROL_SERVERNAME, token };
      const url = `https://${CONTROL_HOST}:${ports.control}`;
      await assert.rejects(StreamClient.connect({ url, name: 'storefront-0', secure }), answer);
    }
  });

  // Before the restart: a server that has just started knows no Role yet, and says Forbidden.
  test('was never refused anything by RBAC', () => {
    const refused = control.logs.split('\n').filter((line) => line.includes('RBAC must allow'));
    assert.deepEqual(refused, []);
  });

  test('loses nothing while the API server restarts', async () => {
    const proxy = clients[0]!;
    await scene.server.restart();
    const since = proxy.received.length;
    await apply(route(50));
    // It is found again after pauses that grow, and lists anew what it watched.
    const put = await proxy.next('put', since, AFTER_RESTART_MS);
    assert.equal(put.config.rules[0]?.backends[0]?.weight, 50);
    await until(
      async () => (await routeStatus()).weights.wanted === 'catalog 83.3%, catalog-v2 16.7%',
      'the status of the new weights',
    );
  });
});

interface StatusPage {
  readonly proxies: readonly { readonly name: string; readonly namespace: string }[];
}

async function pages(path: string): Promise<StatusPage> {
  const answer = await fetch(`http://127.0.0.1:${ports.controlPages}${path}`);
  return (await answer.json()) as StatusPage;
}

/** As the chart starts it, but for its address. */
async function startControl({ server, client, folder }: KubeScene): Promise<Program> {
  const KUBECONFIG = await controlKubeconfig(server, client, folder);
  const environment = { ...CONTROL_ENVIRONMENT, KUBECONFIG };
  const args = ['--cluster', '--image', 'remora:test', '--host', CONTROL_HOST];
  const program = new Program('control', 'control-plane/src/main.ts', args, environment);
  await program.ready();
  return program;
}

function service(name: string): object {
  const spec = { selector: { app: name }, ports: [{ port: 80, targetPort: 8_080 }] };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'shop' }, spec };
}

function pod(name: string): object {
  const containers = [{ name: 'app', image: 'none' }];
  const metadata = { name, namespace: 'shop' };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } };
}

function route(weight: number): object {
  const backends = [
    { service: 'catalog', weight },
    { service: 'catalog-v2', weight: 10 },
  ];
  return {
    apiVersion: 'remora.dev/v1alpha1',
    kind: 'TrafficRoute',
    metadata: { name: 'catalog', namespace: 'shop' },
    spec: { targetRef: { name: 'catalog' }, rules: [{ backends }] },
  };
}
