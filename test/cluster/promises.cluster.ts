/**
 * Remora's three promises, on a real cluster: annotate a pod and it is in the mesh, change a weight
 * and traffic moves, and an order's way through the shop is one trace in Jaeger.
 *
 * Needs: jaeger.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubectlError } from './machine/kubectl.ts';
import { type Cluster, skipWithoutCluster, startNamespace } from './support/cluster.ts';
import { ClusterJaeger, COLLECTOR, spanOf, wayUp } from './support/jaeger.ts';
import { Load, quantileOf } from './support/load.ts';
import { ensureRemora } from './support/remora.ts';
import { askOnce, catalogRoute, idleContainer, idlePod, startShop } from './support/shop.ts';

const SHOP = 'promises';
const PODS = 8;
const RATE = 100;
const CHANGES = 14;
const SHARE_REQUESTS_MIN = 2_000;
const SHARE_OFF_MAX = 0.03;
const SPLIT_LIMIT_MS = 1_000;
/** Looked for longer than is allowed, or nothing could be too late. */
const SLOWER_MS = 200;

describe('the promises', { skip: skipWithoutCluster() }, () => {
  let shop: Cluster;

  before(async () => {
    await ensureRemora();
    shop = await startShop(SHOP, ['catalog', 'cart', 'orders', 'payments', 'storefront']);
  });

  describe('a pod that is asked for', () => {
    test('has a sidecar, where its namespace has the label, and is ready', async () => {
      const pods = await shop.kubectl(['get', 'pods', '-o', 'json']);
      const all = JSON.parse(pods) as { readonly items: readonly PodObject[] };
      const items = all.items.filter(({ status }) => status.phase === 'Running');
      assert.equal(items.length, PODS);
      for (const { metadata, spec, status } of items) {
        const names = (spec.initContainers ?? []).map(({ name }) => name);
        assert.deepEqual(names, ['remora-init', 'remora-proxy'], metadata.name);
        assert.ok(
          status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
        );
      }
    });

    test('has a sidecar by its annotation, in a namespace that never opted in', async () => {
      const other = await startNamespace('promises-elsewhere');
      await other.apply([idlePod('asks', { 'remora.dev/inject': 'enabled' }), idlePod('asks-not')]);
      await other.waitReady('pod/asks');
      await other.waitReady('pod/asks-not');
      assert.deepEqual(await sidecarsOf(other, 'asks'), ['remora-init', 'remora-proxy']);
      assert.deepEqual(await sidecarsOf(other, 'asks-not'), []);
      const page = `http://catalog.${SHOP}/items`;
      const code = `console.log((await fetch('${page}')).status)`;
      assert.equal((await other.script('asks', code, 'app')).trim(), '200');
    });

    test('that does its job once completes', async () => {
      const code = `fetch('http://catalog/items').then(({ status }) => process.exit(status - 200))`;
      await shop.apply({
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name: 'one-question' },
        spec: {
          backoffLimit: 0,
          template: {
            spec: {
              restartPolicy: 'Never',
              containers: [{ ...idleContainer, args: ['-e', code] }],
            },
          },
        },
      });
      const wait = ['wait', '--for=condition=Complete', 'job/one-question', '--timeout=40s'];
      await shop.kubectl(wait);
    });

    test('and cannot have a sidecar is refused with the reason', async () => {
      const pod = idlePod('on-the-node') as { readonly spec: object };
      const said = await refusalOf(shop, { ...pod, spec: { ...pod.spec, hostNetwork: true } });
      assert.match(said, /hostNetwork/);
      assert.match(said, /remora\.dev\/inject: disabled/);
    });

    test('and has an annotation that cannot be is refused with what would be right', async () => {
      const said = await refusalOf(shop, idlePod('typo', { 'remora.dev/access-log': 'loud' }));
      assert.match(said, /remora\.dev\/access-log/);
      assert.match(said, /errors, all or none/);
    });
  });

  describe('a weight that changes', () => {
    test('moves the traffic: shares are right, none is lost, and soon', async (t) => {
      await askOnce(shop, toCatalog.url);
      const load = await Load.start({ namespace: SHOP, pod: 'client' }, toCatalog);
      const shares: [number, number, number][] = [];
      for (const v2 of [80, 10]) {
        await shop.apply(catalogRoute(SHOP, 100 - v2, v2));
        await applied(shop);
        const fromMs = Date.now();
        await sleep((SHARE_REQUESTS_MIN / RATE) * 1_150);
        shares.push([v2 / 100, fromMs, Date.now()]);
      }
      await shop.waitFor('the realised shares of the last split to be shown', async () => {
        const path = 'jsonpath={.status.weights.realised}';
        const realised = await shop.kubectl(['get', 'tr', 'catalog', '-o', path]);
        const v2 = Number(/, (\d+(?:\.\d+)?)%$/.exec(realised)?.[1]);
        if (Math.abs(v2 / 100 - 0.1) <= SHARE_OFF_MAX) return true;
        throw new Error(realised);
      });
      const table = await shop.kubectl(['get', 'tr']);
      const changes: Change[] = [];
      for (let at = 0; at < CHANGES; at++) changes.push(await switchTo(shop, at % 2 === 0));
      const endMs = Date.now();
      const report = await load.stop();
      for (const [wanted, fromMs, toMs] of shares) {
        const part = report.between(fromMs, toMs);
        const share = part.share('v2');
        t.diagnostic(JSON.stringify(part.counts()));
        t.diagnostic(`wanted ${wanted}, realised ${share.toFixed(3)} of ${part.samples.length}`);
        assert.ok(
          part.samples.length >= SHARE_REQUESTS_MIN,
          `only ${part.samples.length} requests`,
        );
        assert.ok(Math.abs(share - wanted) <= SHARE_OFF_MAX, `${share} instead of ${wanted}`);
      }
      const delays = changes.map(({ isToV2, startedAtMs, returnedAtMs }, at) => {
        const nextMs = changes[at + 1]?.startedAtMs ?? endMs;
        const { samples } = report.between(startedAtMs, nextMs);
        const before = samples.filter(({ version }) => version !== (isToV2 ? 'v2' : 'v1'));
        const lastMs = Math.max(...before.map(({ atMs }) => atMs), startedAtMs);
        return { sinceStart: lastMs - startedAtMs, sinceReturn: lastMs - returnedAtMs };
      });
      const starts = delays.map(({ sinceStart }) => sinceStart);
      const returns = delays.map(({ sinceReturn }) => sinceReturn);
      t.diagnostic(`from kubectl's start to the split, ms: ${textOf(starts)}`);
      t.diagnostic(`from kubectl's return to the split, ms: ${textOf(returns)}`);
      t.diagnostic(`${report.samples.length} requests, p99 ${report.tookMs(0.99)} ms`);
      assert.ok(quantileOf(returns, 0.99) <= SPLIT_LIMIT_MS, textOf(returns));
      assert.deepEqual(report.failures, [], report.toText(changes[0]!.startedAtMs));
      t.diagnostic(table);
      const [, row = ''] = table.split('\n');
      const columns =
        /^catalog +catalog +catalog-v1 90%, catalog-v2 10% +\d+.*%, \d+.*% +(\d+)\/\1 +True/;
      assert.match(row, columns);
    });

    test('is in force in every proxy when kubectl wait returns', async () => {
      const load = await Load.start({ namespace: SHOP, pod: 'client' }, toCatalog);
      const turns: [string, number, number][] = [];
      for (const version of ['v1', 'v2', 'v1', 'v2']) {
        await shop.apply(catalogRoute(SHOP, Number(version === 'v1'), Number(version === 'v2')));
        await applied(shop);
        const fromMs = Date.now();
        await sleep(500);
        turns.push([version, fromMs, Date.now()]);
      }
      const report = await load.stop();
      for (const [version, fromMs, toMs] of turns) {
        const part = report.between(fromMs, toMs);
        assert.equal(part.share(version), 1, `${version}: ${JSON.stringify(part.counts())}`);
      }
    });

    test('and cannot be is refused with its field', async () => {
      const said = await refusalOf(shop, catalogRoute(SHOP, -1, 10));
      assert.match(said, /spec\.rules\[0\]\.backends\[0\]\.weight/);
    });

    test('of a rule that could never match is refused in the words of the schema', async () => {
      const route = catalogRoute(SHOP, 1, 1) as { spec: { rules: [object] } };
      route.spec.rules = [{ ...route.spec.rules[0], matches: [{ path: { regex: '(?=a)b' } }] }];
      const said = await refusalOf(shop, route);
      assert.match(said, /spec\.rules\[0\]\.matches\[0\]\.path\.regex: not a regular expression/);
    });
  });

  describe('an order', () => {
    test('is one trace in Jaeger, every call below the call that made it', async (t) => {
      await shop.apply(catalogRoute(SHOP, 0, 100));
      const jaeger = await ClusterJaeger.start();
      await shop.apply({
        apiVersion: 'remora.dev/v1alpha1',
        kind: 'MeshConfig',
        metadata: { name: 'mesh' },
        spec: { tracing: { collector: COLLECTOR, sample: 1 } },
      });
      let id = '';
      const ask = `
        const answer = await fetch('http://storefront/', { headers: { 'x-user': 'ada' } });
        console.log(answer.status, answer.headers.get('x-request-id'));`;
      await shop.waitFor('a page that is traced', async () => {
        const [status, requestId = ''] = (await shop.script('client', ask, 'app'))
          .trim()
          .split(' ');
        id = requestId.replaceAll('-', '');
        return status === '200' && (await jaeger.trace(id)) !== null;
      });
      const trace = await jaeger.traceOf(id, 20);
      t.diagnostic(`${trace.spans.length} spans`);
      const payments = wayUp(trace, spanOf(trace, 'payments', 'server'));
      assert.deepEqual(payments, [
        'payments server',
        // Each application stands between its own two: the way in to it, and its way out.
        ...['orders client', 'orders server', 'orders client', 'orders server'],
        ...['storefront client', 'storefront server', 'storefront client', 'storefront server'],
        ...['client client', 'client server'],
      ]);
      for (const callee of ['catalog-v2', 'cart']) {
        const [own, caller, page] = wayUp(trace, spanOf(trace, callee, 'server'));
        assert.deepEqual(
          [own, caller, page],
          [`${callee} server`, 'storefront client', 'storefront server'],
        );
      }
    });
  });
});

interface PodObject {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly initContainers?: readonly { readonly name: string }[] };
  readonly status: {
    readonly phase: string;
    readonly conditions: readonly { type: string; status: string }[];
  };
}

interface Change {
  readonly isToV2: boolean;
  readonly startedAtMs: number;
  readonly returnedAtMs: number;
}

const toCatalog = { url: 'http://catalog/items', ratePerSecond: RATE };

/** All to the one version or all to the other, and time to see it. */
async function switchTo(shop: Cluster, isToV2: boolean): Promise<Change> {
  const startedAtMs = Date.now();
  await shop.apply(catalogRoute(SHOP, isToV2 ? 0 : 100, isToV2 ? 100 : 0));
  const returnedAtMs = Date.now();
  await sleep(SPLIT_LIMIT_MS + SLOWER_MS);
  return { isToV2, startedAtMs, returnedAtMs };
}

async function applied(shop: Cluster): Promise<void> {
  await shop.kubectl(['wait', '--for=condition=Applied', 'tr/catalog', '--timeout=30s']);
}

async function sidecarsOf(cluster: Cluster, pod: string): Promise<readonly string[]> {
  const path = 'jsonpath={.spec.initContainers[*].name}';
  const names = await cluster.kubectl(['get', 'pod', pod, '-o', path]);
  return names.split(' ').filter(Boolean);
}

async function refusalOf(cluster: Cluster, object: object): Promise<string> {
  const refused = await cluster.apply(object).catch((error: unknown) => error);
  assert.ok(refused instanceof KubectlError, 'it was taken');
  return refused.stderr;
}

function textOf(delays: readonly number[]): string {
  const [median, p99] = [0.5, 0.99].map((quantile) => quantileOf(delays, quantile));
  return `median ${median}, p99 ${p99} of ${delays.length}`;
}
