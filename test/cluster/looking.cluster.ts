/**
 * What docs/looking.md tells to type, typed at a cluster: every verb reaches the sidecars of its
 * pods through the control plane, and whoever the API server does not let forward a port learns
 * nothing.
 *
 * What the verbs print is tested beside them; here it is who they reach.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { clusterKubectl, kubeconfigFile } from './machine/cluster.ts';
import { type Cluster, skipWithoutCluster } from './support/cluster.ts';
import { type DocWorld, docWorld } from './support/doc-commands.ts';
import { Load } from './support/load.ts';
import { ensureRemora } from './support/remora.ts';
import { askOnce, catalogRoute, startShop } from './support/shop.ts';

const NAMESPACE = 'looking';
const URL = 'http://catalog/items';
const RATE = 30;
const REQUEST_ID = 'a-request-that-fails';

describe('looking at a cluster', { skip: skipWithoutCluster() }, () => {
  let folder: string;
  let world: DocWorld;
  let shop: Cluster;
  let load: Load;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'remora-looking-'));
    world = docWorld({ folder, kubeconfigFile });
    await ensureRemora();
    shop = await startShop(NAMESPACE, ['catalog']);
    await shop.apply(failingRoute());
    await askOnce(shop, URL);
    await shop.kubectl(['wait', '--for=condition=Applied', 'tr/catalog', '--timeout=30s']);
    load = await Load.start(
      { namespace: NAMESPACE, pod: 'client' },
      { url: URL, ratePerSecond: RATE },
    );
  });

  after(async () => {
    await load?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function type(code: string): Promise<string> {
    return await world.type(code);
  }

  test('status lists each sidecar, and routes who applied which', async () => {
    const status = await type('remora status --cluster');
    for (const workload of ['client', 'catalog-v1', 'catalog-v2']) {
      assert.match(status, new RegExp(`^${workload}\\S* +${NAMESPACE} `, 'm'));
    }
    assert.match(await type('remora routes --cluster'), /catalog.*applied by 1 of the 1/s);
  });

  test('config prints what one sidecar has in force', async () => {
    const config = await type('remora config looking/client --cluster');
    assert.match(config, /catalog-v1\.looking:80 90, catalog-v2\.looking:80 10/);
  });

  test('stat and top count its requests by route, source and version', async () => {
    for (const verb of ['stat --for 3s', 'top']) {
      const table = await type(`remora ${verb} catalog --cluster`);
      const row = /catalog\/canary +client\.looking +catalog-v1\.looking +(\d+\.\d) +100\.0%/;
      const [, perSecond = '0'] = row.exec(table) ?? assert.fail(table);
      assert.ok(Number(perSecond) > RATE / 3, table);
    }
  });

  test('tap shows requests as they end, and those that fail alone', async () => {
    const good = await type('remora tap catalog --cluster --for 3s');
    assert.match(good, /client → GET catalog\/items 200 .* catalog\/canary → catalog-v1-/);
    const failed = await type('remora tap --failed --cluster --for 3s');
    assert.doesNotMatch(failed, / 200 /);
  });

  test('explain tells the story of a request that failed, by its id', async () => {
    const headers = `{ 'x-game-day': '1', 'x-request-id': '${REQUEST_ID}' }`;
    const code = `console.log((await fetch('${URL}', { headers: ${headers} })).status)`;
    assert.equal((await shop.script('client', code, 'app')).trim(), '503');
    const story = await type(`remora explain ${REQUEST_ID} --cluster`);
    assert.match(
      story,
      /looking\/client → catalog\.looking:80 · outbound · kept because it failed/,
    );
    assert.match(story, /RMR_FAULT_INJECTED/);
    const unknown = await type('remora explain nobody-s-id --cluster || echo "ended with $?"');
    assert.match(unknown, /ended with 1/);
  });

  test('is for those who may forward a port to the control plane, and no one else', async () => {
    await shop.kubectl(['create', 'serviceaccount', 'curious']);
    const mayLook = ['--clusterrole=view', `--serviceaccount=${NAMESPACE}:curious`];
    await clusterKubectl(['create', 'clusterrolebinding', 'curious-may-look', ...mayLook]);
    const token = (await shop.kubectl(['create', 'token', 'curious'])).trim();
    const file = join(folder, 'curious.kubeconfig');
    writeFileSync(file, await kubeconfigOf(token), { mode: 0o600 });
    const said = await type(
      `remora tap --cluster --for 2s --kubeconfig ${file} || echo "ended with $?"`,
    );
    assert.match(said, /cannot create resource "pods\/portforward"/);
    assert.match(said, /ended with [1-9]/);
  });
});

/** Ninety to ten, and an abort for whoever asks for one. */
function failingRoute(): object {
  const route = catalogRoute(NAMESPACE, 90, 10) as { readonly spec: { rules: [object] } };
  const faults = [{ abort: 503, percent: 100, header: { name: 'x-game-day', exact: '1' } }];
  route.spec.rules = [{ ...route.spec.rules[0], faults }];
  return route;
}

/** The cluster of the suites, as somebody else. */
async function kubeconfigOf(token: string): Promise<string> {
  const text = await clusterKubectl(['config', 'view', '--raw', '--minify', '-o', 'json']);
  const config = JSON.parse(text) as { users: readonly { readonly name: string }[] };
  return JSON.stringify({
    ...config,
    users: config.users.map(({ name }) => ({ name, user: { token } })),
  });
}
