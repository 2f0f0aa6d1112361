/**
 * What changes under constant load loses no request: pods that are replaced, the control plane, a
 * caller, and all traffic at once to the other version and back. A service that is gone says so.
 *
 * The load is moderate: everything here shares one small machine, and what is shed because that
 * is too slow would hide what is lost.
 */
import assert from 'node:assert/strict';
import { before, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, skipWithoutCluster } from './support/cluster.ts';
import { Load, type LoadReport } from './support/load.ts';
import { ensureRemora } from './support/remora.ts';
import { askOnce, catalogRoute, startShop } from './support/shop.ts';
import { whenTold } from './support/watch.ts';

const NAMESPACE = 'rolling';
const RATE = 100;
const ROLLOUT_LIMIT = '--timeout=90s';
/** Before a change, and after it. */
const CALM_MS = 2_000;
const SWITCHES = 6;
const RECOVERY_LIMIT_MS = 1_000;
const NEWS_MS = 500;
/** 504: the pod's address is gone already, and its place in the Service not yet. */
const EXPLAINED = /^(503 RMR_[A-Z]|504 RMR_CONNECT_TIMEOUT$)/;
const READY_PATH = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}{"\\n"}';

const toCatalog = { url: 'http://catalog/items', ratePerSecond: RATE };

describe('under constant load', { skip: skipWithoutCluster() }, () => {
  let system: Cluster;
  let shop: Cluster;

  before(async () => {
    system = await ensureRemora();
    shop = await startShop(NAMESPACE, ['catalog', 'cart', 'orders', 'payments', 'storefront']);
    await shop.apply(catalogRoute(NAMESPACE, 100, 0));
    await askOnce(shop, toCatalog.url);
    await routeIsApplied();
  });

  async function routeIsApplied(): Promise<void> {
    await shop.kubectl(['wait', '--for=condition=Applied', 'tr/catalog', '--timeout=30s']);
  }

  /** Calm, the change, calm again: what became of every request, all of which must be good. */
  async function nothingIsLost(
    t: TestContext,
    options: typeof toCatalog,
    change: () => Promise<void>,
  ): Promise<LoadReport> {
    const load = await Load.start({ namespace: NAMESPACE, pod: 'client' }, options);
    await sleep(CALM_MS);
    const changedAtMs = Date.now();
    await change();
    const tookMs = Date.now() - changedAtMs;
    await sleep(CALM_MS);
    const report = await load.stop();
    const p99 = report.between(changedAtMs).tookMs(0.99);
    t.diagnostic(`${report.samples.length} requests over a change of ${tookMs} ms, p99 ${p99} ms`);
    assert.deepEqual(report.failures.length, 0, report.toText(changedAtMs));
    return report;
  }

  async function restart(cluster: Cluster, deployment: string): Promise<void> {
    await cluster.kubectl(['rollout', 'restart', `deployment/${deployment}`]);
    await cluster.kubectl(['rollout', 'status', `deployment/${deployment}`, ROLLOUT_LIMIT]);
    await cluster.waitFor(`the old pods of ${deployment} to be gone`, async () => {
      const pods = await cluster.kubectl(['get', 'pods', '-o', 'json']);
      const { items } = JSON.parse(pods) as {
        items: { metadata: { deletionTimestamp?: string } }[];
      };
      return items.every(({ metadata }) => metadata.deletionTimestamp === undefined);
    });
  }

  test('a restart of the called service loses no request', async (t) => {
    await nothingIsLost(t, toCatalog, async () => await restart(shop, 'catalog-v1'));
  });

  test('a restart of the only pod of a called service loses no request', async (t) => {
    const toCart = { ...toCatalog, url: 'http://cart/cart' };
    await nothingIsLost(t, toCart, async () => await restart(shop, 'cart'));
  });

  test('a restart of a caller loses no request, its own to others included', async (t) => {
    // A page is four calls more, and a new pod's first ones are ten times as much work.
    const toStorefront = { url: 'http://storefront/', ratePerSecond: RATE / 10 };
    const report = await nothingIsLost(t, toStorefront, async () => {
      await restart(shop, 'storefront');
    });
    assert.equal(report.share('v1'), 1, JSON.stringify(report.counts()));
  });

  test('a restart of the control plane loses no request', async (t) => {
    await nothingIsLost(t, toCatalog, async () => await restart(system, 'remora-control'));
  });

  test('all traffic to the other version and back loses no request', async (t) => {
    const report = await nothingIsLost(t, toCatalog, async () => {
      for (let at = 0; at < SWITCHES; at++) {
        await shop.apply(catalogRoute(NAMESPACE, at % 2 === 0 ? 0 : 100, at % 2 === 0 ? 100 : 0));
        await routeIsApplied();
        await sleep(CALM_MS / 4);
      }
    });
    assert.ok(report.share('v2') > 0.1, JSON.stringify(report.counts()));
  });

  test('a service without pods is 503 and says why, and is back soon after one is', async (t) => {
    const toCart = { ...toCatalog, url: 'http://cart/cart' };
    const load = await Load.start({ namespace: NAMESPACE, pod: 'client' }, toCart);
    await sleep(CALM_MS);
    const scaledAtMs = Date.now();
    await shop.kubectl(['scale', 'deployment/cart', '--replicas=0']);
    await shop.waitFor('its pod to be gone', async () => {
      return (await shop.kubectl(['get', 'pods', '-l', 'app=cart', '-o', 'name'])) === '';
    });
    const goneAtMs = Date.now();
    await sleep(CALM_MS);
    const backAtMs = Date.now();
    const cart = ['pods', '-l', 'app=cart', '-o', READY_PATH];
    const ready = whenTold(NAMESPACE, cart, (line) => line === 'True');
    await shop.kubectl(['scale', 'deployment/cart', '--replicas=1']);
    const readyAtMs = await ready;
    await sleep(2 * CALM_MS);
    const report = await load.stop();
    const without = report.between(goneAtMs + NEWS_MS, backAtMs);
    t.diagnostic(`without pods: ${JSON.stringify(without.counts())}`);
    assert.deepEqual(Object.keys(without.counts()), ['503 RMR_NO_ENDPOINTS']);
    t.diagnostic(`in all: ${JSON.stringify(report.counts())}`);
    const reasons = report.failures.map(({ status, error }) => `${status} ${error}`);
    assert.deepEqual(
      reasons.filter((reason) => !EXPLAINED.test(reason)),
      [],
    );
    assert.equal(report.between(0, scaledAtMs).failures.length, 0, report.toText(scaledAtMs));
    const lastLostMs = Math.max(...report.failures.map(({ atMs }) => atMs));
    t.diagnostic(`the last one was lost ${lastLostMs - readyAtMs} ms after the pod was ready`);
    assert.ok(lastLostMs - readyAtMs <= RECOVERY_LIMIT_MS, report.toText(readyAtMs));
  });
});
