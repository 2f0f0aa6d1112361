/**
 * An installation lives and dies on a cluster with everything in it: by Helm, by `remora install`,
 * and by the commands of docs/install.md as they stand there.
 *
 * What needs no pods is in `chart.test.ts` and `install.test.ts`. This takes away whatever
 * installation it finds, and the namespaces of the suites before it: other suites make sure of
 * their own.
 *
 * Needs: helm.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Finding } from '../../control-plane/src/install/finding.ts';
import { customKinds } from '../../control-plane/src/install/kinds.ts';
import { clusterKubectl, kubeconfigFile } from './machine/cluster.ts';
import { type Cluster, clusterIn, skipWithoutCluster, startNamespace } from './support/cluster.ts';
import { blocksOfPage, docWorld, type DocWorld } from './support/doc-commands.ts';
import { CHART, type Helm, helmFor } from './support/helm.ts';
import { everythingOfRemora } from './support/left-behind.ts';
import { idlePod } from './support/shop.ts';

const NAMESPACE = 'remora-system';
const VALUES = {
  image: { repository: 'remora', tag: 'dev', pullPolicy: 'Never' },
  injection: { defaults: { 'image-pull-policy': 'Never' } },
};
/** What the page leaves to its reader. */
const HERE = {
  'registry.example/remora': 'remora',
  'tag: 0.1.0': 'tag: dev',
  IfNotPresent: 'Never',
};
const PAGE = 'docs/install.md';
const GONE_MS = 120_000;

describe('an installation', { skip: skipWithoutCluster() }, () => {
  let folder: string;
  let helm: Helm;
  let world: DocWorld;
  let values: string;
  const system: Cluster = clusterIn(NAMESPACE);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'remora-chart-cluster-'));
    values = join(folder, 'values.json');
    writeFileSync(values, JSON.stringify(VALUES));
    helm = helmFor(folder, kubeconfigFile);
    world = docWorld({ folder, kubeconfigFile, replace: HERE });
    await type('remora uninstall --yes');
    const kinds = customKinds('').map(({ metadata }) => metadata.name);
    await clusterKubectl(['delete', 'crd', ...kinds, '--ignore-not-found']);
    await endOtherNamespaces();
    await startNamespace(NAMESPACE, { 'pod-security.kubernetes.io/enforce': 'restricted' });
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  async function type(code: string): Promise<string> {
    return await world.type(code);
  }

  /** Their pods have sidecars, and their suites are over: no installation goes before they do. */
  async function endOtherNamespaces(): Promise<void> {
    const names = await clusterKubectl([
      'get',
      'namespaces',
      '-o',
      'jsonpath={.items[*].metadata.name}',
    ]);
    const others = names.split(' ').filter((name) => !/^(default|kube-.*)$/.test(name));
    if (others.length > 0) await clusterKubectl(['delete', 'namespace', ...others]);
  }

  async function findings(): Promise<readonly Finding[]> {
    return JSON.parse(await type('remora check --cluster --json || true')) as Finding[];
  }

  async function isWell(): Promise<boolean> {
    const wrong = (await findings()).filter(({ level }) => level === 'wrong');
    if (wrong.length > 0) throw new Error(wrong.map(({ what }) => what).join('; '));
    return true;
  }

  async function nothingIsLeft(): Promise<void> {
    const look = async () => {
      const left = await everythingOfRemora(clusterKubectl);
      if (left.length > 0) throw new Error(left.join(', '));
      return true;
    };
    await system.waitFor('everything to be gone', look, GONE_MS);
  }

  const release = ['remora', CHART, '-n', NAMESPACE, '--wait'];

  test('by Helm runs in a restricted namespace, and `remora check` finds it well', async () => {
    await helm('install', ...release, '-f', values);
    await system.waitFor('everything to be well', isWell);
    const levels = new Set((await findings()).map(({ level }) => level));
    assert.deepEqual(levels, new Set(['ok']));
  });

  test('is upgraded by Helm to a third replica, and rolled back', async () => {
    await helm('upgrade', ...release, '-f', values, '--set', 'replicas=3');
    await system.waitReady('deployment/remora-control');
    await helm('rollback', 'remora', '1', '-n', NAMESPACE, '--wait');
    await system.waitReady('deployment/remora-control');
    const { spec } = await system.get('deployment/remora-control');
    assert.equal((spec as { readonly replicas: number }).replicas, 2);
    await system.waitFor('everything to be well', isWell);
  });

  test('injects pods, which need the level privileged for their init step', async () => {
    const enforce = 'pod-security.kubernetes.io/enforce';
    const mesh = await startNamespace('chart-mesh', {
      'remora.dev/inject': 'enabled',
      [enforce]: 'baseline',
    });
    const app = idlePod('app');
    await assert.rejects(mesh.apply(app), /violates PodSecurity "baseline.*NET_ADMIN/s);
    await clusterKubectl(['label', 'ns', 'chart-mesh', `${enforce}=privileged`, '--overwrite']);
    await mesh.apply(app);
    await mesh.waitReady('pod/app');
    await system.waitFor('its sidecar to be connected', async () => {
      return /^app +chart-mesh +\d+$/m.test(await type('remora status --cluster'));
    });
    const connected = (await findings()).find(({ what }) =>
      what.includes('sidecars are connected'),
    );
    assert.equal(connected?.level, 'ok', connected?.what ?? 'it is not said');
  });

  test("is not uninstalled by `remora` while it is Helm's", async () => {
    await assert.rejects(type('remora uninstall --yes'), /helm uninstall remora -n remora-system/);
  });

  test('is never refused by the API server: no right is missing', async () => {
    const selector = ['-l', 'app.kubernetes.io/component=control-plane'];
    const logs = await system.kubectl(['logs', ...selector, '--tail=-1', '--prefix']);
    assert.match(logs, /serving proxies/);
    assert.doesNotMatch(logs, /forbidden|\b403\b/i);
  });

  test('leaves nothing when Helm uninstalls it', async () => {
    await helm('uninstall', 'remora', '-n', NAMESPACE, '--wait');
    await clusterKubectl(['delete', 'namespace', NAMESPACE]);
    await nothingIsLeft();
  });

  test('does not go by `remora uninstall` while a pod has a sidecar, which it names', async () => {
    await type(`remora install --values ${values}`);
    await assert.rejects(type('remora uninstall'), /pod\/app in chart-mesh: make its pods anew/);
    await clusterKubectl(['delete', 'namespace', 'chart-mesh']);
    await type('remora uninstall');
    await nothingIsLeft();
  });

  for (const block of blocksOfPage(PAGE)) {
    const skip = block.notRun ?? false;
    test(`is what ${PAGE}:${block.line} says`, {
      skip,
    }, async () => {
      const said = await world.run(block);
      assert.doesNotMatch(said, /^✗/m);
    });
  }

  test('leaves nothing at the end of the page', nothingIsLeft);
});
