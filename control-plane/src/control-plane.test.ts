import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { INBOUND_KEY } from '@remora/api/wire-resilience.ts';
import { type AppliedEvent, startControlPlane } from './control-plane.ts';
import type { Problem } from './files/problem.ts';
import { silentLog } from './log.ts';
import { StreamClient } from './publish/stream-client.ts';

const CATALOG = 'catalog.shop:80';
const CART = 'cart.shop:80';
const ROUTE = { kind: 'TrafficRoute', namespace: 'shop', name: 'catalog' };
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function service(name: string): string {
  return `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { selector: { app: ${name} }, ports: [ { port: 80 } ] }
`;
}

function route(weight: string): string {
  return `apiVersion: remora.dev/v1alpha1
kind: TrafficRoute
metadata: { name: catalog, namespace: shop }
spec:
  targetRef: { name: catalog }
  rules:
    - backends:
        - service: catalog-v1
          weight: ${weight}
        - { service: catalog-v2, weight: 10 }
`;
}

async function shop() {
  const folder = await mkdtemp(join(tmpdir(), 'remora-shop-'));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  const services = ['catalog', 'catalog-v1', 'catalog-v2', 'cart'].map(service).join('');
  await writeFile(join(folder, 'services.yaml'), services);
  await writeFile(join(folder, 'route.yaml'), route('90'));
  const applied: AppliedEvent[] = [];
  let problems: readonly Problem[] = [];
  const controlPlane = await startControlPlane({
    folder,
    listen: { host: '127.0.0.1', port: 0 },
    onApplied: (event) => applied.push(event),
    onProblem: (all) => {
      problems = all;
    },
    log: silentLog,
  });
  ends.push(() => controlPlane.close());
  const edit = (text: string) => writeFile(join(folder, 'route.yaml'), text);
  return { controlPlane, applied, edit, problems: () => problems };
}

async function proxy(url: string, name: string, known: Record<string, string> = {}) {
  const client = await StreamClient.connect({ url, name, known });
  ends.push(() => client.close());
  return client;
}

/** Long enough for a push that should not happen to have come. */
async function aWhile(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 200));
}

describe('the control plane', () => {
  test('sends an edited weight to the proxy that uses it, and nothing to the others', async () => {
    const { controlPlane, applied, edit } = await shop();
    const storefront = await proxy(controlPlane.url, 'storefront-0');
    const orders = await proxy(controlPlane.url, 'orders-0');
    const idle = await proxy(controlPlane.url, 'idle-0');
    storefront.subscribe(CATALOG);
    orders.subscribe(CART);
    await storefront.next('put');
    await orders.next('put');
    await storefront.until(() => controlPlane.appliedBy(ROUTE).applied === 1);
    const had = storefront.received.length;

    const editedAtMs = performance.now();
    await edit(route('50'));
    const put = await storefront.next('put', had);
    const tookMs = performance.now() - editedAtMs;
    assert.deepEqual(
      put.config.rules[0]?.backends.map(({ weight }) => weight),
      [50, 10],
    );
    assert.ok(tookMs < 1_000, `${tookMs} ms`);
    await storefront.until(() => controlPlane.appliedBy(ROUTE).applied === 1);
    await aWhile();
    assert.deepEqual(
      orders.received.map(({ type }) => type),
      ['welcome', 'put'],
    );
    assert.deepEqual(
      idle.received.map(({ type }) => type),
      ['welcome'],
    );

    const last = applied.filter(({ source }) => source.kind === 'TrafficRoute').at(-1);
    assert.deepEqual(
      [last?.proxy, last?.source.generation, last?.applied, last?.interested],
      ['storefront-0', 2, 1, 1],
    );
    const [status] = controlPlane.status().routes;
    const condition = status?.conditions.find(({ type }) => type === 'Applied');
    assert.equal(condition?.message, 'applied by 1 of the 1 proxies that use it');
    assert.equal(condition?.observedGeneration, 2);
  });

  test('keeps the last good route when an edit is mistaken, and says where and what', async () => {
    const { controlPlane, edit, problems } = await shop();
    const storefront = await proxy(controlPlane.url, 'storefront-0');
    storefront.subscribe(CATALOG);
    await storefront.next('put');
    await edit(route('ninety'));
    await storefront.until(() => problems().length > 0);
    const [problem] = problems();
    assert.deepEqual(
      [problem?.file, problem?.line, problem?.field],
      ['route.yaml', 9, 'spec.rules[0].backends[0].weight'],
    );
    assert.notEqual(problem?.remedy, '');
    await aWhile();
    assert.deepEqual(
      storefront.received.map(({ type }) => type),
      ['welcome', 'put'],
    );
    assert.equal(controlPlane.status().routes.length, 1);

    await edit(route('70'));
    const put = await storefront.next('put', 2);
    assert.equal(put.config.rules[0]?.backends[0]?.weight, 70);
    assert.deepEqual(problems(), []);
  });

  test('answers current, and no put, to a proxy that comes back with what it had', async () => {
    const { controlPlane } = await shop();
    const before = await proxy(controlPlane.url, 'storefront-0');
    before.subscribe(CATALOG);
    const { version } = await before.next('put');
    before.close();
    const after = await proxy(controlPlane.url, 'storefront-0', { [CATALOG]: version });
    after.subscribe(CATALOG);
    assert.equal((await after.next('current')).version, version);
    await aWhile();
    assert.deepEqual(
      after.received.map(({ type }) => type),
      ['welcome', 'current'],
    );
    assert.equal(controlPlane.appliedBy(ROUTE).applied, 1);
  });

  test('sends the endpoints of instances as they become ready', async () => {
    const { controlPlane } = await shop();
    const storefront = await proxy(controlPlane.url, 'storefront-0');
    storefront.subscribe(CART);
    assert.deepEqual((await storefront.next('put')).config.backends[CART]?.endpoints, []);
    const instance = {
      name: 'cart-0',
      namespace: 'shop',
      workload: 'cart',
      labels: { app: 'cart' },
      address: '127.0.0.1',
      inboundPort: 4_001,
    };
    controlPlane.setInstances([{ ...instance, ready: false }]);
    controlPlane.setInstances([{ ...instance, ready: true }]);
    const { config } = await storefront.next('put', 2);
    assert.deepEqual(config.backends[CART]?.endpoints, [
      { address: '127.0.0.1', port: 4_001, weight: 1, instance: 'cart-0', inMesh: true },
    ]);
    await aWhile();
    assert.equal(storefront.received.length, 3);
  });

  test('tells a sidecar of its application, and anew when a route says more of it', async () => {
    const { controlPlane, edit } = await shop();
    const at = { address: '127.0.0.1', inboundPort: 4_001, ready: true };
    const workload = { name: 'catalog-0', namespace: 'shop', workload: 'catalog' };
    controlPlane.setInstances([{ ...workload, ...at, labels: { app: 'catalog' } }]);
    const sidecar = await proxy(controlPlane.url, 'catalog');
    sidecar.subscribe(INBOUND_KEY);
    assert.equal((await sidecar.next('put-inbound')).config.matches, null);
    assert.equal(controlPlane.appliedBy(ROUTE).interested, 0);

    await edit(`${route('90')}      priority: sheddable\n`);
    const { config } = await sidecar.next('put-inbound', 2);
    assert.deepEqual(
      config.rules.map(({ id, priority }) => [id, priority]),
      [['catalog/0', 'sheddable']],
    );
    await sidecar.until(() => controlPlane.appliedBy(ROUTE).applied === 1);
  });

  test('serves its status as JSON', async () => {
    const { controlPlane } = await shop();
    const response = await fetch(`${controlPlane.url}/v1/status`);
    const status = (await response.json()) as { routes: { name: string }[] };
    assert.deepEqual(
      status.routes.map(({ name }) => name),
      ['catalog'],
    );
  });
});
