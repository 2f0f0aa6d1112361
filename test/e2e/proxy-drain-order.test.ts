/**
 * A drain that a preStop hook begins: the way in closes first, and the application's own requests
 * go on until it has gone.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Load, startLoad } from '../support/load.ts';
import { fieldValue } from '../support/message-reader.ts';
import { type Origin, response, sayOk, startOrigin } from '../support/origin.ts';
import { type Exit, type RunningProxy, startProxy } from '../support/processes.ts';
import { askOnce, connectRaw, errorOf, get, post } from '../support/raw-client.ts';
import { destination, writeSnapshot } from '../support/snapshot.ts';
import { until, within } from '../support/waiting.ts';

const ENDED: Exit = { code: 0, signal: null };

describe('POST /drain', () => {
  let app: Origin;
  let other: Origin;
  let proxy: RunningProxy;
  let load: Load | undefined;
  before(async () => {
    [app, other] = await Promise.all([startOrigin(), startOrigin()]);
  });
  after(async () => await Promise.all([app.close(), other.close()]));
  beforeEach(async () => {
    app.reset();
    const snapshot = writeSnapshot([destination({ name: 'other', endpoints: [other.address] })]);
    proxy = await startProxy({ snapshot, app: app.address });
  });
  afterEach(async () => {
    await load?.stop();
    load = undefined;
    await proxy?.stop();
  });

  async function readiness(): Promise<number> {
    return (await askOnce(proxy.metrics, get('http://a/ready').replace('http://a', ''))).status;
  }

  /** What the application asks of others, all the time and over connections that it keeps. */
  async function startAsking(): Promise<Load> {
    load = startLoad({
      addresses: [proxy.outbound],
      clients: 4,
      request: get('http://other/'),
    });
    const { result } = load;
    await until(() => result.answers.size > 0, 'the load to run');
    return load;
  }

  async function exit(limitMs: number): Promise<Exit> {
    return await within(proxy.exited, limitMs, () => `the end:\n${proxy.logs}`);
  }

  async function phase(): Promise<string> {
    const { body } = await askOnce(proxy.admin, get('http://a/drain').replace('http://a', ''));
    return (JSON.parse(body.toString()) as { phase: string }).phase;
  }

  test('closes the way in, in order, while what the application asks goes on', async () => {
    const asking = await startAsking();
    const idle = await connectRaw(proxy.inbound);
    await idle.ask(get('http://app/'));
    app.answer = (request) => setTimeoutFor(9_000, () => sayOk(request));
    const busy = await connectRaw(proxy.inbound);
    busy.send(get('http://app/'));
    await app.requestsReach(2);
    assert.deepEqual([await readiness(), await phase()], [200, 'serving']);

    await proxy.drain();
    assert.deepEqual([await readiness(), await phase()], [503, 'closing-in']);
    app.answer = sayOk;
    // Who has not heard of it yet is served, after a lull too, and told to leave.
    await sleep(3_000);
    const late = await connectRaw(proxy.inbound);
    const told = await late.ask(get('http://app/'));
    assert.deepEqual([told.status, fieldValue(told.fields, 'connection')], [200, 'close']);

    await until(async () => (await tryAsk(proxy.inbound)) === 'ECONNREFUSED', 'the way in', 8_000);
    const answered = asking.answered;
    assert.equal((await busy.response()).status, 200);
    assert.equal(await busy.closed(), 'end');
    assert.equal(await idle.closed(), 'end');
    await until(async () => (await phase()) === 'in-closed', 'the way in to be closed');
    await until(() => asking.answered > answered + 100, 'the application to be served');

    // As the application has gone, its sidecar is told to.
    const result = await asking.stop();
    assert.deepEqual(result.lost, []);
    assert.deepEqual([...result.answers.keys()], ['200']);
    assert.equal(result.refused, 0);
    proxy.signal('SIGTERM');
    assert.deepEqual(await exit(4_000), ENDED);
  });

  test('never ends before SIGTERM, however quiet the application is meanwhile', async () => {
    await proxy.drain();
    const isRefused = async () => (await tryAsk(proxy.inbound)) === 'ECONNREFUSED';
    const drainedAtMs = performance.now();
    // Callers who never hear of it are let in for a while, and then are not.
    await until(isRefused, 'the way in to close', 15_000);
    const openMs = performance.now() - drainedAtMs;
    assert(openMs > 4_900 && openMs < 12_000, `${Math.round(openMs)} ms`);
    await sleep(7_000);
    assert.equal(proxy.child.exitCode, null);
    assert.equal(await tryAsk(proxy.outbound), '200');
    proxy.signal('SIGTERM');
    assert.deepEqual(await exit(3_000), ENDED);
  });

  test('is not waited for: SIGTERM with no other work ends it at once', async () => {
    await proxy.drain();
    await sleep(200);
    proxy.signal('SIGTERM');
    assert.deepEqual(await exit(1_500), ENDED);
  });

  test('without the hook, SIGTERM keeps the way out open until the way in is closed', async () => {
    app.answer = async (request) => {
      await sleep(800);
      const inner = await askOnce(proxy.outbound, get('http://other/'));
      request.connection.send(response({ body: String(inner.status) }));
    };
    const client = await connectRaw(proxy.inbound);
    client.send(get('http://app/'));
    await app.requestsReach(1);
    proxy.signal('SIGTERM');
    assert.equal(String((await client.response()).body), '200');
    assert.deepEqual(await exit(3_000), ENDED);
  });
});

describe('an application that is gone before its sidecar', () => {
  let app: Origin;
  let sidecars: RunningProxy[];
  let caller: RunningProxy;
  before(async () => {
    app = await startOrigin();
    sidecars = await Promise.all(
      ['127.0.0.1:9', app.address].map((address) => startProxy({ app: address, outbound: false })),
    );
    const endpoints = sidecars.map(({ inbound }) => inbound);
    const config = destination({ name: 'app', endpoints, inMesh: true });
    caller = await startProxy({ snapshot: writeSnapshot([config]) });
  });
  after(async () => {
    await Promise.all([caller, ...sidecars].map(async (proxy) => await proxy?.stop()));
    await app.close();
  });

  test('is said to be so by its sidecar', async () => {
    const answer = await askOnce(sidecars[0]!.inbound, get('http://app/'));
    assert.deepEqual([answer.status, errorOf(answer)], [503, 'RMR_APP_GONE']);
  });

  test('costs nobody a request: the caller has another instance asked, of a POST too', async () => {
    for (let turn = 0; turn < 10; turn++) {
      assert.equal((await askOnce(caller.outbound, get('http://app/'))).status, 200);
      assert.equal((await askOnce(caller.outbound, post('http://app/', 'pay'))).status, 200);
    }
    assert.equal(app.requests.length, 20);
  });

  test('costs nobody a request in a drain either', async () => {
    await sidecars[0]!.drain();
    for (let turn = 0; turn < 60; turn++) {
      assert.equal((await askOnce(caller.outbound, post('http://app/', 'pay'))).status, 200);
      await sleep(5);
    }
  });
});

/** The status over a new connection, or why there was none. */
async function tryAsk(address: string): Promise<string> {
  try {
    return String((await askOnce(address, get('http://other/'))).status);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

function setTimeoutFor(ms: number, then: () => void): void {
  setTimeout(then, ms);
}
