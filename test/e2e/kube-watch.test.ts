import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeClient } from '../../control-plane/src/kube/client.ts';
import { readKubeconfig } from '../../control-plane/src/kube/kubeconfig-file.ts';
import {
  configMaps,
  customResourceDefinitions,
  type Resource,
} from '../../control-plane/src/kube/resource.ts';
import { Watch, type WatchState } from '../../control-plane/src/kube/watch.ts';
import { skipWithoutApiServer } from '../cluster/machine/places.ts';
import { CuttableLink } from '../support/cuttable-link.ts';
import {
  type ConfigMap,
  configMap,
  type KubeScene,
  startKubeScene,
} from '../support/kube-scene.ts';
import { until } from '../support/waiting.ts';

const knobs: Resource = {
  group: 'test.example',
  version: 'v1',
  plural: 'knobs',
  kind: 'Knob',
  namespaced: false,
};

const KNOBS = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'knobs.test.example' },
  spec: {
    group: 'test.example',
    names: { kind: 'Knob', plural: 'knobs' },
    scope: 'Cluster',
    versions: [
      { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
    ],
  },
};

/** What a receiver would know, told by callbacks alone. */
class Known {
  readonly values = new Map<string, string>();
  readonly states: WatchState[] = [];
  resets = 0;
  events = 0;
  readonly watch: Watch<ConfigMap>;

  constructor(client: KubeClient, namespace: string, stallMs?: number) {
    this.watch = new Watch<ConfigMap>(client, {
      resource: configMaps,
      namespace,
      ...(stallMs === undefined ? {} : { stallMs }),
      onReset: (objects) => {
        this.resets++;
        this.values.clear();
        for (const object of objects) this.#put(object);
      },
      onEvents: (batch) => {
        this.events += batch.length;
        for (const { type, object } of batch) {
          if (type === 'put') this.#put(object);
          else this.values.delete(object.metadata.name);
        }
      },
      onState: (state) => this.states.push(state),
    });
    this.watch.start();
  }

  text(): string {
    return JSON.stringify([...this.values].sort());
  }

  #put({ metadata, data }: ConfigMap): void {
    this.values.set(metadata.name, data?.['value'] ?? '');
  }
}

describe('a watch of a real API server', { skip: skipWithoutApiServer() }, () => {
  let scene: KubeScene;
  let link: CuttableLink;
  /** Goes through the link; `scene.client` does not. */
  let linked: KubeClient;
  const watches: Watch<ConfigMap>[] = [];

  before(async () => {
    scene = await startKubeScene();
    link = await CuttableLink.to(Number(new URL(scene.server.url).port));
    const config = readKubeconfig(scene.server.kubeconfigFile);
    const server = `https://127.0.0.1:${link.port}`;
    linked = new KubeClient({ ...config, server }, { userAgent: 'remora-test' });
  });

  afterEach(async () => {
    for (const watch of watches.splice(0)) await watch.close();
  });

  after(async () => {
    await linked?.close();
    await link?.close();
    await scene?.end();
  });

  async function known(client: KubeClient, namespace: string, stallMs?: number): Promise<Known> {
    await scene.server.createNamespace(namespace);
    await put(namespace, 'first', 'a');
    const made = new Known(client, namespace, stallMs);
    watches.push(made.watch);
    await made.watch.synced;
    assert.equal(made.text(), '[["first","a"]]');
    // An event says that behind the list the stream is open too.
    await put(namespace, 'first', 'b');
    await until(() => made.text() === '[["first","b"]]', 'the stream to open');
    return made;
  }

  async function put(namespace: string, name: string, value: string): Promise<void> {
    const options = { fieldManager: 'test', force: true, timeoutMs: 30_000 };
    await scene.client.apply(configMaps, configMap(namespace, name, { value }), options);
  }

  async function remove(namespace: string, name: string): Promise<void> {
    for (;;) {
      try {
        await scene.client.delete(configMaps, { namespace, name });
        return;
      } catch {
        await sleep(100);
      }
    }
  }

  async function agrees(made: Known, namespace: string): Promise<void> {
    const { items } = await scene.client.list<ConfigMap>(configMaps, { namespace });
    const stored = items.map(({ metadata, data }) => [metadata.name, data?.['value'] ?? '']);
    const wanted = JSON.stringify(stored.sort());
    await until(() => made.text() === wanted, `${made.text()} to be ${wanted}`, 20_000);
  }

  test('tells of objects created, changed and deleted', async () => {
    const made = await known(linked, 'plain');
    await put('plain', 'second', 'c');
    await put('plain', 'second', 'd');
    await remove('plain', 'first');
    await until(() => made.text() === '[["second","d"]]', 'the changes');
    assert.equal(made.events, 4);
    assert.equal(made.resets, 1);
    assert.deepEqual(made.states, ['syncing', 'synced']);
  });

  test('misses no change made while the API server is killed and comes back', async () => {
    const made = await known(scene.client, 'restarts');
    const restarted = scene.server.restart();
    // Each of these is retried until the server is there again, so some land right after it is.
    for (let at = 0; at < 100; at++) {
      await put('restarts', `object-${at % 20}`, String(at)).catch(() => sleep(50));
      if (at % 7 === 0) await remove('restarts', `object-${(at + 3) % 20}`);
    }
    await restarted;
    await remove('restarts', 'first');
    await agrees(made, 'restarts');
    assert.equal(made.states.at(-1), 'synced');
  });

  test('resumes after a cut from where it was, without listing again', async () => {
    const made = await known(linked, 'cut');
    link.cut();
    await put('cut', 'second', 'b');
    await remove('cut', 'first');
    await until(() => made.states.at(-1) === 'lagging', 'the loss to be told');
    link.mend();
    await agrees(made, 'cut');
    assert.equal(made.resets, 1);
    await until(() => made.states.at(-1) === 'synced', 'the recovery to be told');
  });

  test('lists again where the server has forgotten, and so hears of deletions', async () => {
    const made = await known(linked, 'forgotten');
    await put('forgotten', 'second', 'b');
    await until(() => made.values.size === 2, 'the second');
    link.cut();
    await remove('forgotten', 'first');
    await put('forgotten', 'third', 'c');
    await scene.server.compact();
    await scene.server.restart();
    link.mend();
    await agrees(made, 'forgotten');
    assert.equal(made.resets, 2);
    assert.equal(made.values.has('first'), false);
  });

  test('replaces a connection on which nothing comes any more', async () => {
    const made = await known(linked, 'frozen', 1_000);
    link.freeze();
    await put('frozen', 'second', 'b');
    await remove('frozen', 'first');
    await agrees(made, 'frozen');
    assert.equal(made.resets, 1);
  });

  test('of a kind that is installed later hears from then on', async () => {
    const heard: string[] = [];
    const watch = new Watch(scene.client, {
      resource: knobs,
      isOptional: true,
      onReset: (objects) => heard.push(`all ${objects.length}`),
      onEvents: (batch) => heard.push(...batch.map((e) => `${e.type} ${e.object.metadata.name}`)),
    });
    watches.push(watch as unknown as Watch<ConfigMap>);
    watch.start();
    await watch.synced;
    await scene.client.create(customResourceDefinitions, KNOBS);
    await until(() => heard.length > 1, 'the kind to be found', 20_000);
    const knob = { apiVersion: 'test.example/v1', kind: 'Knob', metadata: { name: 'one' } };
    await scene.client.create(knobs, knob);
    await until(() => heard.length > 2, 'the object');
    await scene.client.delete(customResourceDefinitions, { name: 'knobs.test.example' });
    await until(() => heard.length > 4, 'the kind to be gone', 30_000);
    assert.deepEqual(heard, ['all 0', 'all 0', 'put one', 'delete one', 'all 0']);
  });

  test('asks a server that stands still once at a time, and catches up with it', async () => {
    const made = await known(linked, 'slow', 1_000);
    const { accepted } = link;
    process.kill(scene.server.pid(), 'SIGSTOP');
    try {
      await sleep(6_000);
      // Its own, and those whose handshake a stall left behind, for as long as one may take.
      const more = link.accepted - accepted;
      assert.ok(more >= 1 && more <= 4, `${more} connections were made`);
    } finally {
      process.kill(scene.server.pid(), 'SIGCONT');
    }
    await put('slow', 'second', 'b');
    await agrees(made, 'slow');
  });
});
