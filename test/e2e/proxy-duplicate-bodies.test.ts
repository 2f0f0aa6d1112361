/**
 * Bodies of requests whose duplicates are collapsed: collected, compared, and passed on whole.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isReplayed, type KeyedHop, startKeyedHop } from '../support/keyed-hop.ts';
import { fieldValue } from '../support/message-reader.ts';
import { chunk } from '../support/origin.ts';
import { errorOf } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';

const CONTINUED = 'HTTP/1.1 100 Continue';

let hop: KeyedHop;
before(async () => {
  hop = await startKeyedHop();
});
after(async () => await hop?.close());
beforeEach(() => hop.reset());

describe('the body of a request with a key', () => {
  test('is compared as bytes: in chunks or in one, cut anywhere, it is the same', async () => {
    const client = await hop.connect();
    client.send(hop.chunkedHead());
    for (const part of ['ten ', 'eu', 'ros']) {
      await sleep(10);
      assert.equal(hop.app.requests.length, 0, 'nothing is sent before it is known');
      client.write(chunk(part));
    }
    client.write('0\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    assert.equal(String(hop.app.requests[0]!.body), 'ten euros');
    assert.ok(isReplayed(await hop.ask()));
  });

  const sizes: Record<string, readonly number[]> = {
    '100 KiB': [100_000],
    'a bit over the bound': [60_000, 5_000, 537],
    '300 KiB': [1, 150_000, 150_000],
  };
  for (const [what, parts] of Object.entries(sizes)) {
    test(`of ${what} is passed on whole, and executed each time`, async () => {
      const untracked = await hop.counted('untracked');
      const bodies = parts.map((size, at) => String(at).repeat(size));
      const whole = bodies.join('');
      const trailer = 'x-sum: 1\r\n';
      const chunked = await hop.connect();
      chunked.send(hop.chunkedHead());
      for (const part of bodies) {
        await sleep(20);
        chunked.write(chunk(part));
      }
      chunked.write(`0\r\n${trailer}\r\n`);
      assert.equal((await chunked.response()).status, 200);
      assert.equal((await hop.ask({ body: whole })).status, 200);
      assert.equal(hop.app.requests.length, 2);
      for (const { body } of hop.app.requests) assert.ok(String(body) === whole);
      assert.deepEqual(hop.app.requests[0]!.trailers, [['x-sum', '1']]);
      assert.equal((await hop.counted('untracked')) - untracked, 2);
    });
  }

  test('is asked for where its sender waits for that', async () => {
    const body = 'ten euros';
    const client = await hop.connect();
    client.send(hop.request({ fields: { expect: '100-continue' } }).slice(0, -body.length));
    await sleep(50);
    assert.equal(hop.app.connections.length, 0);
    client.write(body);
    const answer = await client.response();
    assert.deepEqual(
      [answer.interim.map((one) => one.startLine), answer.status],
      [[CONTINUED], 200],
    );
    assert.equal(fieldValue(hop.app.requests[0]!.fields, 'expect'), undefined);
  });

  test('is asked for once, also where it turns out to be too long', async () => {
    hop.app.onHead = ({ connection, fields }) => {
      if (fieldValue(fields, 'expect') !== undefined) connection.send(`${CONTINUED}\r\n\r\n`);
    };
    const client = await hop.connect();
    client.send(hop.chunkedHead('expect: 100-continue\r\n'));
    await sleep(50);
    client.write(chunk('x'.repeat(100_000)));
    client.write('0\r\n\r\n');
    const answer = await client.response();
    assert.equal(answer.interim.length, 1);
    assert.equal(hop.app.requests[0]!.body.length, 100_000);
  });

  test('is asked for by the application where it is known to be too long', async () => {
    const client = await hop.connect();
    const length = 100_000;
    client.send(
      hop.request({ body: '', fields: { expect: '100-continue', 'content-length': `${length}` } }),
    );
    await until(() => hop.app.connections.length > 0, 'the application to be asked');
    client.write('x'.repeat(length));
    const answer = await client.response();
    assert.equal(answer.interim.length, 0);
    assert.equal(fieldValue(hop.app.requests[0]!.fields, 'expect'), '100-continue');
  });

  test('that is framed wrongly is refused, and nothing is executed', async () => {
    const client = await hop.connect();
    client.send(hop.chunkedHead());
    await sleep(20);
    client.write('no size\r\n');
    assert.equal((await client.response()).status, 400);
    assert.equal(hop.app.connections.length, 0);
    assert.equal((await hop.ask()).status, 200, 'its key is as new');
  });

  test('that never comes whole ends with the deadline', async () => {
    const client = await hop.connect();
    client.send(hop.chunkedHead('x-remora-deadline-ms: 60\r\n'));
    const answer = await client.response();
    assert.deepEqual([answer.status, errorOf(answer)], [504, 'RMR_DEADLINE_EXCEEDED']);
    assert.match(String(answer.body), /once the body is whole/);
    assert.equal(hop.app.connections.length, 0);
  });
});
