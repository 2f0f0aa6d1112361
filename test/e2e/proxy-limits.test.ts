/**
 * Limits over real sockets: two may be in flight and two may wait, and everybody else is told so.
 * And what an application is shielded by: rate limits, from the control plane.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlStub } from '../support/control-stub.ts';
import { type Hop, startHop } from '../support/hop.ts';
import { fieldValue } from '../support/message-reader.ts';
import { type Origin, type OriginRequest, response, startOrigin } from '../support/origin.ts';
import { type RunningProxy, startProxy } from '../support/processes.ts';
import { askOnce, errorOf, get, type RawClient, type Response } from '../support/raw-client.ts';
import { destination, inboundConfig } from '../support/snapshot.ts';

const WAIT_MS = 400;

describe('a service with two in flight and two waiting', () => {
  let hop: Hop;
  let clients: RawClient[] = [];
  let stalled: OriginRequest[] = [];
  before(async () => {
    const limits = { inFlightMax: 2, waitingMax: 2 };
    const only = (path: string) => [{ path: { type: 'exact', value: path } as const }];
    hop = await startHop(['app'], ({ app = '' }) => [
      destination({ name: 'app', endpoints: [app], limits: { ...limits, waitMaxMs: 10_000 } }),
      destination({ name: 'brief', endpoints: [app], limits: { ...limits, waitMaxMs: WAIT_MS } }),
      destination({
        name: 'ranked',
        endpoints: [app],
        limits: { ...limits, waitMaxMs: 10_000 },
        rules: [
          { to: ['ranked'], priority: 'critical', matches: only('/critical') },
          { to: ['ranked'], priority: 'sheddable', matches: only('/sheddable') },
          { to: ['ranked'] },
        ],
      }),
    ]);
  });
  after(async () => await hop?.close());
  beforeEach(() => {
    for (const client of clients) client.close();
    clients = [];
    stalled = [];
    hop.reset();
    hop.origin.answer = (request) => {
      stalled.push(request);
    };
  });

  /** Asks over a connection of its own, and waits until the proxy has had time to see it. */
  async function begin(url: string): Promise<RawClient> {
    const client = await hop.connect();
    clients.push(client);
    client.send(get(url));
    await sleep(40);
    return client;
  }

  async function beginMany(count: number, url: string): Promise<RawClient[]> {
    const begun: RawClient[] = [];
    for (let at = 0; at < count; at++) begun.push(await begin(`${url}${at}`));
    return begun;
  }

  function answerOldest(): void {
    const { connection, target } = stalled.shift()!;
    connection.send(response({ body: target }));
  }

  test('refuses the fifth at once and says why, and the third is next', async () => {
    const [, , third, fourth] = await beginMany(4, 'http://app/');
    assert.equal(stalled.length, 2);
    const refused = await (await begin('http://app/4')).response(200);
    assert.deepEqual([refused.status, errorOf(refused)], [503, 'RMR_OVERLOADED']);
    assert.match(String(refused.body), /app\.shop:80: too many requests wait already/);
    answerOldest();
    await hop.origin.requestsReach(3);
    assert.equal(stalled.at(-1)!.target, '/2');
    answerOldest();
    await hop.origin.requestsReach(4);
    answerOldest();
    answerOldest();
    assert.equal(String((await third!.response()).body), '/2');
    assert.equal(String((await fourth!.response()).body), '/3');
  });

  test('refuses who has waited too long', async () => {
    const [, , third] = await beginMany(3, 'http://brief/');
    const startedAtMs = performance.now();
    const refused = await third!.response();
    const tookMs = performance.now() - startedAtMs;
    assert.deepEqual([refused.status, errorOf(refused)], [503, 'RMR_OVERLOADED']);
    assert.match(String(refused.body), /waited too long/);
    assert(tookMs > WAIT_MS - 60 && tookMs < WAIT_MS + 100, `${Math.round(tookMs)} ms`);
    assert.equal(stalled.length, 2);
  });

  test('lets the critical go first, and sheds the sheddable for it', async () => {
    await beginMany(2, 'http://ranked/');
    const shed = await begin('http://ranked/sheddable');
    await begin('http://ranked/plain');
    await begin('http://ranked/critical');
    const refused = await shed.response(200);
    assert.deepEqual([refused.status, errorOf(refused)], [503, 'RMR_OVERLOADED']);
    answerOldest();
    await hop.origin.requestsReach(3);
    answerOldest();
    await hop.origin.requestsReach(4);
    assert.deepEqual(
      stalled.map(({ target }) => target),
      ['/critical', '/plain'],
    );
  });

  test('gives a place to the next when a client leaves, waiting or in flight', async () => {
    const [first, , third] = await beginMany(4, 'http://app/');
    third!.reset();
    await sleep(30);
    first!.reset();
    await hop.origin.requestsReach(3);
    assert.equal(stalled.at(-1)!.target, '/3');
  });
});

describe('an application whose callers are limited', () => {
  let plane: ControlStub;
  let app: Origin;
  let proxy: RunningProxy;
  before(async () => {
    plane = new ControlStub();
    await plane.listen();
    app = await startOrigin();
    proxy = await startProxy({ control: plane.url, app: app.address });
  });
  after(async () => {
    await proxy?.stop();
    await app.close();
    await plane.close();
  });

  async function ask(fields: Record<string, string> = {}): Promise<Response> {
    return await askOnce(proxy.inbound, get('http://app/', fields));
  }

  async function apply(options: Parameters<typeof inboundConfig>[0]): Promise<void> {
    const said = await plane.answered(plane.putInbound(inboundConfig(options)));
    assert.equal(said.type, 'applied', JSON.stringify(said));
  }

  test('answers who is over the rate, and says when to come back', async () => {
    const key = { type: 'all', name: '' } as const;
    await apply({ rateLimits: [{ ratePerSecond: 1, burst: 3, key }] });
    for (let turn = 0; turn < 3; turn++) assert.equal((await ask()).status, 200);
    const refused = await ask();
    assert.deepEqual([refused.status, errorOf(refused)], [429, 'RMR_RATE_LIMITED']);
    assert.equal(fieldValue(refused.fields, 'retry-after'), '1');
    await sleep(1_000);
    assert.equal((await ask()).status, 200);
    assert.equal(app.requests.length, 4);
  });

  test("counts each caller by its key, and one's rate is not another's", async () => {
    const key = { type: 'header', name: 'x-user' } as const;
    await apply({ rateLimits: [{ ratePerSecond: 0.1, burst: 2, key }] });
    const statuses = async (user: string) => {
      const answers: number[] = [];
      for (let turn = 0; turn < 3; turn++) answers.push((await ask({ 'x-user': user })).status);
      return answers;
    };
    assert.deepEqual(await statuses('ann'), [200, 200, 429]);
    assert.deepEqual(await statuses('bob'), [200, 200, 429]);
  });

  test('lets everybody in again once the limit is taken away', async () => {
    await apply({});
    for (let turn = 0; turn < 10; turn++)
      assert.equal((await ask({ 'x-user': 'ann' })).status, 200);
  });

  test('refuses more than it may have in flight and waiting', async () => {
    await apply({ limits: { inFlightMax: 1, waitingMax: 0 } });
    const stalled: OriginRequest[] = [];
    app.answer = (request) => {
      stalled.push(request);
    };
    const first = ask();
    await app.requestsReach(app.requests.length + 1);
    const refused = await ask();
    assert.deepEqual([refused.status, errorOf(refused)], [503, 'RMR_OVERLOADED']);
    stalled[0]!.connection.send(response({ body: 'done' }));
    assert.equal((await first).status, 200);
  });
});
