/**
 * What becomes of the mesh when those who steer it are gone: the leader, both replicas, the API
 * server. Traffic goes on, and what was decided meanwhile is made up for.
 *
 * Replicas are taken away by scaling where they have to stay away for a while; a Deployment would
 * bring killed ones back while it is looked.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ports } from '@remora/api/ports.ts';
import { withoutApiServer } from './machine/cluster.ts';
import {
  type Cluster,
  type Manifest,
  skipWithoutCluster,
  startNamespace,
} from './support/cluster.ts';
import { Load, reportOf } from './support/load.ts';
import { killInPod } from './support/node-processes.ts';
import { ensureRemora } from './support/remora.ts';
import { askOnce, catalogRoute, idleContainer, idlePod, startShop } from './support/shop.ts';

const NAMESPACE = 'control-plane';
const ELSEWHERE = 'control-plane-elsewhere';
const toCatalog = { url: `http://catalog.${NAMESPACE}/items`, ratePerSecond: 50 };
const LEADER_LIMIT_MS = 15_000;
const READY_LIMIT_MS = 120_000;
/** A sidecar that nobody answers gives up waiting after 10 s; the rest is the machine's. */
const START_LIMIT_MS = 40_000;
const CALM_MS = 2_000;
const LOAD_SECONDS = 45;
const AWAY_MS = 6_000;

describe('the mesh goes on', { skip: skipWithoutCluster() }, () => {
  let system: Cluster;
  let shop: Cluster;
  let elsewhere: Cluster;

  before(async () => {
    system = await ensureRemora();
    shop = await startShop(NAMESPACE, ['catalog']);
    elsewhere = await startNamespace(ELSEWHERE);
    await askOnce(shop, toCatalog.url);
    await route(100, 0);
  });

  async function route(v1: number, v2: number): Promise<void> {
    await shop.apply(catalogRoute(NAMESPACE, v1, v2));
    await shop.kubectl(['wait', '--for=condition=Applied', 'tr/catalog', '--timeout=60s']);
  }

  /** Who holds the Lease: a pod's name, and which of its lives. */
  async function leader(): Promise<string> {
    const path = 'jsonpath={.spec.holderIdentity}';
    return await system.kubectl(['get', 'lease', 'remora-control', '-o', path]);
  }

  /** Who answered so many requests of the pod. */
  async function versions(cluster: Cluster, pod: string, count = 12): Promise<readonly string[]> {
    const code = `
      const seen = new Set();
      for (let at = 0; at < ${count}; at++) {
        const answer = await fetch('${toCatalog.url}');
        await answer.text();
        seen.add(answer.headers.get('x-catalog-version') ?? answer.status);
      }
      console.log([...seen].sort().join(' '));`;
    return (await cluster.script(pod, code, 'app')).trim().split(' ');
  }

  test('when the leader is killed: another leads in time and writes, none is lost', async (t) => {
    const load = await Load.start({ namespace: NAMESPACE, pod: 'client' }, toCatalog);
    await sleep(CALM_MS);
    const old = await leader();
    const killedAtMs = Date.now();
    killInPod(old.split('_')[0] ?? '', 'remora-control-plane.mjs');
    await system.waitFor('another leader', async () => {
      const now = await leader();
      return now !== '' && now !== old;
    });
    const tookMs = Date.now() - killedAtMs;
    t.diagnostic(`another leads after ${(tookMs / 1_000).toFixed(1)} s`);
    assert.ok(tookMs <= LEADER_LIMIT_MS, `${tookMs} ms`);
    const changedAtMs = Date.now();
    await route(0, 100);
    t.diagnostic(`its first status says Applied ${Date.now() - changedAtMs} ms after a change`);
    const report = await load.stop();
    assert.equal(report.failures.length, 0, report.toText(killedAtMs));
    await system.waitReady('deployment/remora-control', READY_LIMIT_MS);
  });

  test('when both replicas are gone: none is lost, and pods start without them', async (t) => {
    const ready = await injected('made-by-hand');
    await route(0, 100);
    await elsewhere.apply(idlePod('restarted', { 'remora.dev/inject': 'enabled' }));
    await elsewhere.waitReady('pod/restarted', READY_LIMIT_MS);
    assert.deepEqual(await versions(elsewhere, 'restarted'), ['v2']);
    const load = await Load.start({ namespace: NAMESPACE, pod: 'client' }, toCatalog);
    const goneAtMs = Date.now();
    await system.kubectl(['scale', 'deployment/remora-control', '--replicas=0']);
    await system.waitFor('both replicas to be gone', async () => {
      return (await system.kubectl(['get', 'pods', '-o', 'name'])) === '';
    });

    const madeAtMs = Date.now();
    await elsewhere.apply(ready);
    await elsewhere.apply(idlePod('slipped-through', { 'remora.dev/inject': 'enabled' }));
    await restartSidecar('restarted');
    assert.deepEqual(await versions(elsewhere, 'restarted'), ['v2'], 'its route, by last good');
    await elsewhere.waitReady('pod/made-by-hand', START_LIMIT_MS);
    t.diagnostic(
      `a new pod is ready ${((Date.now() - madeAtMs) / 1_000).toFixed(1)} s after it is made`,
    );
    assert.notDeepEqual(await versions(elsewhere, 'made-by-hand', 2), ['503'], 'passed through');

    await system.kubectl(['scale', 'deployment/remora-control', '--replicas=2']);
    await system.waitReady('deployment/remora-control', READY_LIMIT_MS);
    const backAtMs = Date.now();
    await elsewhere.waitFor('the new pod to have its route', async () => {
      return (await versions(elsewhere, 'made-by-hand')).join() === 'v2';
    });
    t.diagnostic(`and has its route ${Date.now() - backAtMs} ms after the replicas are ready`);
    const report = await load.stop();
    t.diagnostic(`${report.samples.length} requests meanwhile`);
    assert.equal(report.failures.length, 0, report.toText(goneAtMs));
  });

  test('and tells which pods have no sidecar, of those too that slipped through', async () => {
    await elsewhere.waitReady('pod/slipped-through', READY_LIMIT_MS);
    const early = await startNamespace('control-plane-early');
    await early.apply(idlePod('too-early'));
    await early.waitReady('pod/too-early');
    const metadata = { name: early.namespace, labels: { 'remora.dev/inject': 'enabled' } };
    await early.apply({ apiVersion: 'v1', kind: 'Namespace', metadata });
    for (const [cluster, pod] of [
      [elsewhere, 'slipped-through'],
      [early, 'too-early'],
    ] as const) {
      await cluster.waitFor(`the news of ${pod}`, async () => {
        const described = await cluster.kubectl(['describe', 'pod', pod]);
        return /Warning +NotInjected .*asks for a sidecar/.test(described);
      });
    }
    const pods = await system.kubectl(['get', 'pods', '-o', 'jsonpath={.items[*].status.podIP}']);
    for (const address of pods.split(' ')) {
      const url = `http://${address}:${ports.controlHealth}/metrics`;
      const code = `console.log(await (await fetch('${url}')).text())`;
      const page = await shop.script('client', code, 'app');
      assert.match(page, /^remora_control_pods_not_injected [1-9]/m);
    }
  });

  test('when the API server is away: none is lost, and a change made later arrives', async (t) => {
    await shop.apply(loaderPod());
    await shop.waitReady('pod/loader', READY_LIMIT_MS);
    await sleep(CALM_MS);
    const awayAtMs = Date.now();
    await withoutApiServer(async () => await sleep(AWAY_MS));
    const backAtMs = Date.now();
    t.diagnostic(`the API server was away for ${((backAtMs - awayAtMs) / 1_000).toFixed(1)} s`);
    await shop.apply(catalogRoute(NAMESPACE, 100, 0));
    await shop.waitFor('the change to arrive', async () => {
      return (await versions(shop, 'client')).join() === 'v1';
    });
    t.diagnostic(`a change has arrived ${Date.now() - backAtMs} ms after it is back`);
    await route(100, 0);
    t.diagnostic(`and its status ${Date.now() - backAtMs} ms after`);
    await shop.waitFor(
      'the load to be over',
      async () => {
        const { phase } = (await shop.get('pod/loader'))['status'] as { readonly phase: string };
        return phase === 'Succeeded';
      },
      READY_LIMIT_MS,
    );
    const report = reportOf(await shop.logs('loader', 'app'));
    t.diagnostic(`${report.samples.length} requests meanwhile`);
    assert.equal(report.failures.length, 0, report.toText(awayAtMs));
    await system.waitReady('deployment/remora-control', READY_LIMIT_MS);
  });

  /** As the API server would store it: with its sidecar, in a namespace that asks for nothing. */
  async function injected(name: string): Promise<object> {
    const asking = JSON.stringify(idlePod(name, { 'remora.dev/inject': 'enabled' }));
    const create = ['create', '--dry-run=server', '-o', 'json', '-f', '-'];
    const { apiVersion, kind, spec } = JSON.parse(
      await elsewhere.kubectl(create, asking),
    ) as Manifest;
    return { apiVersion, kind, metadata: { name, labels: { app: name } }, spec };
  }

  async function restartSidecar(pod: string): Promise<void> {
    const path = 'jsonpath={.status.initContainerStatuses[?(@.name=="remora-proxy")]';
    const state = async (field: string) =>
      await elsewhere.kubectl(['get', 'pod', pod, '-o', `${path}.${field}}`]);
    const before = Number(await state('restartCount'));
    await elsewhere.script(pod, `process.kill(1, 'SIGTERM')`, 'remora-proxy').catch(() => '');
    await elsewhere.waitFor('the sidecar to be started anew', async () => {
      return Number(await state('restartCount')) > before && (await state('ready')) === 'true';
    });
  }
});

/** Nobody can follow an `exec` while there is no API server. */
function loaderPod(): object {
  const code = Load.script({ ...toCatalog, secondsMax: LOAD_SECONDS });
  const args = ['--input-type=module', '-e', code];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'loader', labels: { app: 'loader' } },
    spec: { restartPolicy: 'Never', containers: [{ ...idleContainer, args, stdin: true }] },
  };
}
