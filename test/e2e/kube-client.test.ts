import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ManualClock } from '../../control-plane/src/clock.ts';
import { KubeClient } from '../../control-plane/src/kube/client.ts';
import { EventWriter } from '../../control-plane/src/kube/events.ts';
import type { KubeError } from '../../control-plane/src/kube/kube-error.ts';
import { readKubeconfig } from '../../control-plane/src/kube/kubeconfig-file.ts';
import {
  configMaps,
  events,
  httpRoutes,
  pods,
  services,
  tokenReviews,
} from '../../control-plane/src/kube/resource.ts';
import type { KubeObject } from '../../control-plane/src/kube/kube-object.ts';
import { TokenFile } from '../../control-plane/src/kube/token-file.ts';
import { TokenReviewer } from '../../control-plane/src/kube/token-review.ts';
import { skipWithoutApiServer } from '../cluster/machine/places.ts';
import {
  type ConfigMap,
  configMap,
  type KubeScene,
  startKubeScene,
} from '../support/kube-scene.ts';
import { until } from '../support/waiting.ts';

const AUDIENCE = 'remora.dev/control-plane';

describe('the client of a real API server', { skip: skipWithoutApiServer() }, () => {
  let scene: KubeScene;
  let client: KubeClient;

  before(async () => {
    scene = await startKubeScene();
    client = scene.client;
    await scene.server.createNamespace('shop');
  });

  after(async () => await scene?.end());

  test('creates, reads, updates, patches and deletes an object', async () => {
    const made = await client.create(configMaps, configMap('shop', 'prices', { apple: '1' }));
    assert.ok(made.metadata.uid);

    const ref = { namespace: 'shop', name: 'prices' };
    const read = await client.get<ConfigMap>(configMaps, ref);
    assert.deepEqual(read?.data, { apple: '1' });
    await client.update(configMaps, { ...read!, data: { apple: '2' } });
    await assert.rejects(
      client.update(configMaps, { ...read!, data: { apple: '3' } }),
      (error: KubeError) => error.isConflict,
    );

    await client.patch(configMaps, ref, { data: { pear: '4' } }, { type: 'merge' });
    const add = [{ op: 'add', path: '/data/plum', value: '5' }];
    const patched = await client.patch<ConfigMap>(configMaps, ref, add, { type: 'json' });
    assert.deepEqual(patched.data, { apple: '2', pear: '4', plum: '5' });

    const wrong = { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } };
    await assert.rejects(client.delete(configMaps, ref, wrong), (e: KubeError) => e.isConflict);
    assert.equal(await client.delete(configMaps, ref), true);
    assert.equal(await client.delete(configMaps, ref), false);
    assert.equal(await client.get(configMaps, ref), null);
  });

  test('applies fields as one manager, and takes over those of another only by force', async () => {
    const wanted = configMap('shop', 'applied', { weight: '10' });
    const ours = { fieldManager: 'remora', force: false };
    await client.apply(configMaps, wanted, { ...ours, dryRun: true });
    const ref = { namespace: 'shop', name: 'applied' };
    assert.equal(await client.get(configMaps, ref), null);

    await client.apply(configMaps, wanted, ours);
    const other = configMap('shop', 'applied', { weight: '20' });
    await assert.rejects(
      client.apply(configMaps, other, { fieldManager: 'somebody', force: false }),
      (error: KubeError) => error.isConflict && error.causes[0]?.field === '.data.weight',
    );
    const taken = { fieldManager: 'somebody', force: true };
    assert.equal((await client.apply(configMaps, other, taken)).data?.['weight'], '20');
  });

  test('tells a kind that is not installed from an object that is not there', async () => {
    assert.equal(await client.resourceExists(services), true);
    assert.equal(await client.resourceExists(httpRoutes), false);
    await assert.rejects(
      client.get(httpRoutes, { namespace: 'shop', name: 'none' }),
      (error: KubeError) => error.status === 404 && !error.isMissingObject,
    );
    assert.match((await client.serverVersion()).gitVersion, /^v1\./);
  });

  test('says which field is wrong', async () => {
    const bad = { ...configMap('shop', 'Bad_Name'), data: {} };
    await assert.rejects(client.create(configMaps, bad), (error: KubeError) => {
      assert.equal(error.status, 422);
      assert.equal(error.causes[0]?.field, 'metadata.name');
      return true;
    });
  });

  test('lists 2,000 objects in pages as one picture', async () => {
    const names = Array.from({ length: 2_000 }, (_, at) => `many-${String(at).padStart(4, '0')}`);
    const made = (name: string) => {
      const object = configMap('shop', name);
      const metadata = { ...object.metadata, labels: { many: 'yes' } };
      return client.create(configMaps, { ...object, metadata }, { timeoutMs: 60_000 });
    };
    await Promise.all(names.map(made));

    const listed = await client.list(configMaps, {
      namespace: 'shop',
      labelSelector: 'many=yes',
      pick: ({ metadata, kind, apiVersion }) => `${apiVersion} ${kind} ${metadata.name}`,
    });
    const wanted = names.map((name) => `v1 ConfigMap ${name}`);
    assert.deepEqual(listed.items, wanted);
    assert.match(listed.resourceVersion, /^\d+$/);
  });

  test('says who lacks which verb on which resource, and who is not known at all', async () => {
    const file = join(scene.folder, 'token');
    const clock = new ManualClock();
    writeFileSync(file, 'nonsense');
    const admin = readKubeconfig(scene.server.kubeconfigFile);
    const nobody = { clientCertPem: null, clientKeyPem: null };
    const token = new TokenFile(file, clock);
    const as = 'the service account shop/default';
    const poor = new KubeClient({ ...admin, ...nobody, token, as }, { userAgent: 'remora-test' });
    await assert.rejects(poor.list(pods), (error: KubeError) => {
      assert.equal(error.status, 401);
      assert.match(error.message, /credentials of the service account shop\/default: renew/);
      return true;
    });

    // kubelet writes a new token while the old one is still held: the refusal makes us look.
    const issued = await scene.server.kubectl(['create', 'token', 'default', '-n', 'shop']);
    writeFileSync(file, issued.trim());
    await assert.rejects(poor.list(pods, { namespace: 'shop' }), (error: KubeError) => {
      assert.equal(error.status, 403);
      assert.match(error.message, /the verb "list" on "pods" of the core group in namespace shop/);
      return true;
    });
    await poor.close();
  });

  test('reviews the token of a pod, and refuses one that is for somebody else', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'shop', name: 'cart-0' },
      spec: { containers: [{ name: 'app', image: 'none' }] },
    };
    const { uid } = (await client.create<KubeObject>(pods, pod)).metadata;
    const create = ['create', 'token', 'default', '-n', 'shop'];
    const bound = ['--bound-object-kind=Pod', '--bound-object-name=cart-0'];
    const audience = `--audience=${AUDIENCE}`;
    const issue = async (...args: string[]) =>
      (await scene.server.kubectl([...create, ...args])).trim();
    const good = await issue(...bound, audience);

    let asked = 0;
    const counting = {
      create: ((resource, object, options) => {
        asked++;
        assert.equal(resource, tokenReviews);
        return client.create(resource, object, options);
      }) as KubeClient['create'],
    };
    const reviewer = new TokenReviewer({ client: counting, audience: AUDIENCE });
    const wanted = {
      namespace: 'shop',
      serviceAccount: 'default',
      podName: 'cart-0',
      podUid: uid,
    };
    const both = await Promise.all([reviewer.review(good), reviewer.review(good)]);
    assert.deepEqual(both, [wanted, wanted]);
    assert.equal(asked, 1);
    const isRefused = async (token: string) => 'refused' in (await reviewer.review(token));
    assert.equal(await isRefused(await issue(...bound)), true);
    assert.equal(await isRefused(await issue(audience)), true);
    assert.equal(await isRefused(`${good.slice(0, -4)}AAAA`), true);
  });

  test('tells news as events, the same at most once a minute', async () => {
    const clock = new ManualClock();
    const problems: string[] = [];
    const writer = new EventWriter({
      client,
      controller: 'remora.dev/control-plane',
      instance: 'remora-control-0',
      onProblem: (why) => problems.push(why),
      clock,
    });
    const regarding = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'shop', name: 'p' } };
    const news = { regarding, type: 'Warning', reason: 'NotInjected', action: 'Inject' } as const;
    const note = 'It was created while injection was not there: restart it.';
    assert.equal(writer.tell({ ...news, note }), true);
    assert.equal(writer.tell({ ...news, note }), false);
    clock.advanceMs(60_000);
    assert.equal(writer.tell({ ...news, note }), true);

    const notes = async () => {
      const query = { namespace: 'shop', fieldSelector: 'reason=NotInjected' };
      const { items } = await client.list(events, query);
      return items.map((item) => (item as unknown as { note: string }).note).sort();
    };
    await until(async () => problems.length > 0 || (await notes()).length === 2, 'both events');
    assert.deepEqual(problems, []);
    assert.deepEqual(await notes(), [note, `${note} (and 1 more of these)`]);
  });
});
