/**
 * The same request sent twice is executed once: what callers and the application see of it.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  isReplayed,
  type KeyedHop,
  type KeyedRequest,
  SHORT_KEEP_MS,
  startKeyedHop,
} from '../support/keyed-hop.ts';
import { fieldValue } from '../support/message-reader.ts';
import { chunk, response } from '../support/origin.ts';
import { connectRaw, errorOf } from '../support/raw-client.ts';
import { destination } from '../support/snapshot.ts';

let hop: KeyedHop;
before(async () => {
  hop = await startKeyedHop();
});
after(async () => await hop?.close());
beforeEach(() => hop.reset());

describe('requests with the same key', () => {
  test('sent at once are executed once, and all get that answer', async () => {
    const waited = await hop.counted('waited');
    const release = hop.holdAnswers();
    const clients = await hop.send(20);
    await hop.inFlight(20);
    release();
    const answers = await Promise.all(clients.map(async (client) => await client.response()));
    assert.equal(hop.app.requests.length, 1);
    for (const { status, body, fields } of answers) {
      assert.deepEqual([status, String(body)], [200, 'no. 1']);
      assert.equal(fieldValue(fields, 'x-kind'), 'paid');
    }
    assert.equal(answers.filter(isReplayed).length, 19, 'all but the one that was executed say so');
    assert.equal((await hop.counted('waited')) - waited, 19);
  });

  test('sent later get the stored answer, marked, and the connection lives on', async () => {
    const replayed = await hop.counted('replayed');
    const client = await hop.connect();
    const first = await client.ask(hop.request());
    assert.ok(!isReplayed(first));
    for (let sent = 0; sent < 3; sent++) {
      const again = await client.ask(hop.request());
      assert.ok(isReplayed(again));
      assert.equal(again.startLine, first.startLine);
      assert.equal(String(again.body), 'no. 1');
      assert.equal(fieldValue(again.fields, 'x-kind'), 'paid');
    }
    assert.equal(hop.app.requests.length, 1);
    assert.equal((await hop.counted('replayed')) - replayed, 3);
  });

  test('sent in one write are answered in their order', async () => {
    const client = await hop.connect();
    client.send(
      hop.request() + hop.request() + hop.request({ path: '/pay/2' }),
      'POST',
      'POST',
      'POST',
    );
    const bodies = [];
    for (let at = 0; at < 3; at++) bodies.push(String((await client.response()).body));
    assert.deepEqual(bodies, ['no. 1', 'no. 1', 'no. 2']);
  });

  test('are executed again when the time for keeping is over', async () => {
    assert.ok(!isReplayed(await hop.ask({ path: '/short' })));
    assert.ok(isReplayed(await hop.ask({ path: '/short' })));
    await sleep(SHORT_KEEP_MS + 100);
    const late = await hop.ask({ path: '/short' });
    assert.equal(String(late.body), 'no. 2');
    assert.ok(!isReplayed(late));
  });

  test('are refused with another body, in flight as stored, and not executed', async () => {
    const release = hop.holdAnswers();
    const [first] = await hop.send(1);
    await hop.app.requestsReach(1);
    const other = await hop.ask({ body: 'one euro' });
    assert.deepEqual([other.status, errorOf(other)], [422, 'RMR_KEY_REUSED']);
    release();
    await first!.response();
    assert.equal((await hop.ask({ body: 'one euro' })).status, 422);
    assert.ok(isReplayed(await hop.ask()));
    assert.equal(hop.app.requests.length, 1);
  });

  test('are others of another caller, path or rule: each of those is executed', async () => {
    const others: readonly KeyedRequest[] = [
      {},
      { fields: { authorization: 'Bearer one' } },
      { fields: { authorization: 'Bearer two' } },
      { fields: { cookie: 'user=1' } },
      { path: '/pay/other' },
      { path: '/pay?x=1' },
      { method: 'PATCH' },
    ];
    for (const other of others) assert.ok(!isReplayed(await hop.ask(other)), JSON.stringify(other));
    assert.equal(hop.app.requests.length, others.length);
    for (const other of others) assert.ok(isReplayed(await hop.ask(other)), JSON.stringify(other));
    await hop.ask({ path: '/free' });
    await hop.ask({ path: '/free' });
    assert.equal(hop.app.requests.length, others.length + 2, 'no rule collapses these');
  });

  test('are passed through the mesh with the mark that tells a replay', async () => {
    hop.control.put(destination({ name: 'app', endpoints: [hop.proxy.inbound], inMesh: true }));
    const client = await connectRaw(hop.proxy.outbound);
    assert.ok(!isReplayed(await client.ask(hop.request())));
    assert.ok(isReplayed(await client.ask(hop.request())));
    hop.app.answer = ({ connection }) =>
      connection.send(response({ fields: { 'x-remora-replayed': '1' } }));
    assert.ok(!isReplayed(await client.ask(hop.request({ path: '/pay/fake' }))));
  });
});

describe('nothing is stored', () => {
  test('of 5xx: those that wait are executed one by one until there is an answer', async () => {
    let executing = 0;
    hop.app.answer = async ({ connection }) => {
      assert.equal(++executing, 1, 'two at a time');
      const status = hop.app.requests.length < 3 ? 500 : 201;
      await sleep(30);
      executing--;
      connection.send(response({ status, body: `no. ${hop.app.requests.length}` }));
    };
    const clients = await hop.send(6);
    const answers = await Promise.all(clients.map(async (client) => await client.response()));
    const statuses = answers.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [201, 201, 201, 201, 500, 500]);
    assert.equal(hop.app.requests.length, 3);
    assert.equal(answers.filter(isReplayed).length, 3);
  });

  const kept = (fields: Readonly<Record<string, string>>, body = 'secret') => ({ fields, body });
  const answers = {
    'with Set-Cookie': kept({ 'set-cookie': 'session=1' }),
    'with no-store': kept({ 'cache-control': 'private, no-store' }),
    'over 64 KiB': kept({}, 'x'.repeat(70_000)),
  };
  for (const [what, parts] of Object.entries(answers)) {
    test(`of an answer ${what}`, async () => {
      hop.app.answer = ({ connection }) => connection.send(response(parts));
      for (let sent = 1; sent <= 2; sent++) {
        const answer = await hop.ask();
        assert.deepEqual([answer.body.length, isReplayed(answer)], [parts.body.length, false]);
        assert.equal(hop.app.requests.length, sent);
      }
    });
  }

  test('of an answer that is cut: the next is executed', async () => {
    hop.app.answer = async ({ connection }) => {
      await hop.inFlight(2);
      connection.send('HTTP/1.1 200 Fine\r\ncontent-length: 100\r\n\r\npart');
      await sleep(30);
      hop.app.answer = hop.sayWhich;
      connection.end();
    };
    const [first, second] = await hop.send(2);
    const outcomes = await Promise.allSettled([first!.response(), second!.response()]);
    const whole = outcomes.filter(({ status }) => status === 'fulfilled');
    assert.equal(whole.length, 1);
    assert.equal(hop.app.requests.length, 2);
    assert.ok(isReplayed(await hop.ask()));
  });

  test('of a first whose caller leaves: the next is executed, once', async () => {
    const release = hop.holdAnswers();
    const [first] = await hop.send(1);
    await hop.app.requestsReach(1);
    const others = await hop.send(3);
    await hop.inFlight(4);
    first!.reset();
    await hop.app.requestsReach(2);
    await sleep(50);
    release();
    const got = await Promise.all(others.map(async (client) => await client.response()));
    assert.deepEqual(
      got.map(({ body }) => String(body)),
      ['no. 2', 'no. 2', 'no. 2'],
    );
    assert.equal(hop.app.requests.length, 2);
  });
});

describe('a duplicate that waits', () => {
  test('is answered when its deadline is over, and nobody else is bothered', async () => {
    const release = hop.holdAnswers();
    const [first] = await hop.send(1);
    await hop.app.requestsReach(1);
    const late = await hop.ask({ fields: { 'x-remora-deadline-ms': '60' } });
    assert.deepEqual([late.status, errorOf(late)], [504, 'RMR_DEADLINE_EXCEEDED']);
    assert.match(String(late.body), /the first request with this Idempotency-Key did not answer/);
    release();
    assert.equal((await first!.response()).status, 200);
    assert.ok(isReplayed(await hop.ask()));
    assert.equal(hop.app.requests.length, 1);
  });

  test('and leaves is not executed when the first fails', async () => {
    const release = hop.holdAnswers(({ connection }) => connection.send(response({ status: 500 })));
    const [first] = await hop.send(1);
    await hop.app.requestsReach(1);
    const [second] = await hop.send(1);
    await hop.inFlight(2);
    second!.reset();
    await hop.inFlight(1);
    release();
    assert.equal((await first!.response()).status, 500);
    await hop.inFlight(0);
    assert.equal(hop.app.requests.length, 1);
  });

  test('is turned away where too many wait for the same', async () => {
    const release = hop.holdAnswers();
    const clients = await hop.send(66);
    await hop.inFlight(65);
    release();
    const answers = await Promise.all(clients.map(async (client) => await client.response()));
    const refused = answers.filter(({ status }) => status === 503);
    assert.deepEqual(refused.map(errorOf), ['RMR_OVERLOADED']);
    assert.equal(hop.app.requests.length, 1);
  });
});

describe('a stored answer', () => {
  test('is for HTTP/1.0 as well, however it was framed', async () => {
    hop.app.answer = ({ connection }) => {
      const head = 'HTTP/1.1 200 Fine\r\ntransfer-encoding: chunked\r\n\r\n';
      connection.send(Buffer.concat([Buffer.from(head), chunk('paid'), Buffer.from('0\r\n\r\n')]));
    };
    assert.equal(String((await hop.ask()).body), 'paid');
    const old = await hop.connect();
    const answer = await old.ask(hop.request({ version: '1.0' }));
    assert.deepEqual([String(answer.body), answer.framing], ['paid', 'length']);
    assert.ok(isReplayed(answer));
    assert.equal(await old.closed(), 'end');
    const kept = await hop.connect();
    const keepAlive = { version: '1.0', fields: { connection: 'keep-alive' } };
    for (let sent = 0; sent < 2; sent++) {
      assert.equal(String((await kept.ask(hop.request(keepAlive))).body), 'paid');
    }
    assert.equal(hop.app.requests.length, 1);
  });

  test('of HEAD is its head', async () => {
    hop.app.answer = ({ connection }) =>
      connection.send('HTTP/1.1 200 Fine\r\ncontent-length: 99\r\n\r\n');
    const client = await hop.connect();
    for (const replayed of [false, true]) {
      const answer = await client.ask(hop.request({ method: 'HEAD', body: '' }));
      assert.equal(fieldValue(answer.fields, 'content-length'), '99');
      assert.equal(isReplayed(answer), replayed);
    }
  });

  test('without a body has none', async () => {
    hop.app.answer = ({ connection }) => connection.send('HTTP/1.1 204 Done\r\n\r\n');
    const client = await hop.connect();
    for (const replayed of [false, true]) {
      const answer = await client.ask(hop.request());
      assert.deepEqual([answer.status, isReplayed(answer)], [204, replayed]);
    }
  });
});
