/**
 * A rolling update as the cluster does it: each instance is replaced under constant load that goes
 * through its callers' sidecar and its own, and no request is lost, of a POST neither.
 *
 * An instance goes like this: its sidecar's preStop hook drains; a moment later the control plane
 * has told the callers; the application ends, and its sidecar with it.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlStub } from '../support/control-stub.ts';
import { startLoad } from '../support/load.ts';
import { type Origin, response, startOrigin } from '../support/origin.ts';
import { type RunningProxy, startProxy } from '../support/processes.ts';
import { get, post } from '../support/raw-client.ts';
import { destination, keyOf } from '../support/snapshot.ts';
import { until, within } from '../support/waiting.ts';

/** Until callers hear that an instance is going. */
const NEWS_MS = 300;
const ANSWER_MS = 5;

interface Instance {
  readonly app: Origin;
  readonly sidecar: RunningProxy;
}

describe('a rolling update of two instances', () => {
  let plane: ControlStub;
  let caller: RunningProxy;
  let all: Instance[] = [];
  before(async () => {
    plane = new ControlStub();
    await plane.listen();
  });
  after(async () => {
    await caller?.stop();
    for (const { app, sidecar } of all) {
      await sidecar.stop();
      await app.close();
    }
    await plane.close();
  });

  async function startInstance(name: string): Promise<Instance> {
    const app = await startOrigin(({ connection }) => {
      setTimeout(() => connection.send(response({ body: name })), ANSWER_MS);
    });
    const sidecar = await startProxy({ name, app: app.address, outbound: false });
    const instance = { app, sidecar };
    all.push(instance);
    return instance;
  }

  function publish(instances: readonly Instance[]): string {
    const endpoints = instances.map(({ sidecar }) => sidecar.inbound);
    return plane.put(destination({ name: 'app', endpoints, inMesh: true }));
  }

  async function replace(old: Instance, rest: Instance, by: Instance): Promise<void> {
    await plane.answered(publish([old, rest, by]));
    await until(() => by.app.requests.length > 0, 'the new instance to be used');
    await old.sidecar.drain();
    await sleep(NEWS_MS);
    await plane.answered(publish([rest, by]));
    await sleep(NEWS_MS);
    const served = old.app.requests.length;
    await old.app.close();
    old.sidecar.signal('SIGTERM');
    const { logs } = old.sidecar;
    const exit = await within(old.sidecar.exited, 10_000, () => `the end:\n${logs}`);
    assert.deepEqual(exit, { code: 0, signal: null });
    assert(served > 0);
  }

  test('loses no request', async () => {
    all = [];
    const [one, two] = await Promise.all([startInstance('one'), startInstance('two')]);
    publish([one, two]);
    caller = await startProxy({ control: plane.url });
    const loads = [get('http://app/'), post('http://app/', 'pay')].map((request) =>
      startLoad({ addresses: [caller.outbound], clients: 8, request }),
    );
    const answered = () => loads.reduce((sum, load) => sum + load.answered, 0);
    await until(() => answered() >= 200, 'the load to run');
    const next = await Promise.all([startInstance('three'), startInstance('four')]);
    await replace(one, two, next[0]);
    await replace(two, next[0], next[1]);
    const before = answered();
    await until(() => answered() >= before + 200, 'the load to go on');
    const results = await Promise.all(loads.map(async (load) => await load.stop()));
    for (const result of results) {
      assert.deepEqual(result.lost, []);
      assert.deepEqual([...result.answers.keys()], ['200']);
      assert.equal(result.refused, 0);
    }
    assert(
      plane.heard.some((said) => said.type === 'subscribe' && said.destination === keyOf('app')),
    );
  });
});
