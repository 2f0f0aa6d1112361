/**
 * Request bodies that are sent twice: whole and byte by byte the same, or not at all.
 *
 * The first attempt dies in the middle of the body or behind it; what the second origin reads is
 * what the client sent.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Hop, startHop } from '../support/hop.ts';
import { type Answer, chunk, type OriginRequest, response, sayOk } from '../support/origin.ts';
import { assertPattern, patternBytes } from '../support/pattern.ts';
import { errorOf, type RawClient } from '../support/raw-client.ts';
import { destination } from '../support/snapshot.ts';
import { fieldValue } from '../support/message-reader.ts';

const PIECES = 10;
const SHORT = 30 * 1024;
const LONG = 100 * 1024;

describe('a body that is to be sent again', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['one', 'two'], ({ one = '', two = '' }) => [
      destination({ name: 'app', endpoints: [one, two], rule: { retry: { statuses: [503] } } }),
      destination({ name: 'half', endpoints: ['127.0.0.1:9', one] }),
    ]);
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.reset());

  function everywhere(set: (origin: Hop['origin']) => void): void {
    for (const origin of Object.values(hop.origins)) set(origin);
  }

  /** The first connection that has read so much of a body is reset. */
  function resetOnceAt(bytes: number): void {
    let isDone = false;
    everywhere((origin) => {
      origin.onBody = (_part, connection) => {
        if (isDone || connection.bodyBytes < bytes) return;
        isDone = true;
        connection.reset();
      };
    });
  }

  function whole(): OriginRequest[] {
    return Object.values(hop.origins).flatMap((origin) => origin.requests);
  }

  function connections(): number {
    return Object.values(hop.origins).reduce((sum, one) => sum + one.connections.length, 0);
  }

  async function sendSlowly(client: RawClient, length: number, isChunked: boolean): Promise<void> {
    const size = length / PIECES;
    for (let at = 0; at < PIECES; at++) {
      await sleep(10);
      const bytes = patternBytes(size, at * size);
      client.write(isChunked ? chunk(bytes) : bytes);
    }
  }

  function put(length: number | 'chunked', more = ''): string {
    const framing =
      length === 'chunked' ? 'transfer-encoding: chunked' : `content-length: ${length}`;
    return `PUT http://app/ HTTP/1.1\r\nhost: app\r\n${framing}\r\n${more}\r\n`;
  }

  test('of 30 KiB, streamed, is replayed whole after a reset behind it', async () => {
    resetOnceAt(SHORT);
    const client = await hop.connect();
    client.send(put(SHORT));
    await sendSlowly(client, SHORT, false);
    assert.equal((await client.response()).status, 200);
    const requests = whole();
    assert.equal(requests.length, 2);
    for (const { body } of requests) {
      assert.equal(body.length, SHORT);
      assertPattern(body);
    }
    client.close();
  });

  test('and of which a part was read is not: its failure is answered', async () => {
    resetOnceAt(SHORT / 2);
    const client = await hop.connect();
    client.send(put(SHORT));
    await sendSlowly(client, SHORT, false);
    const answer = await client.response();
    assert.deepEqual([answer.status, errorOf(answer)], [502, 'RMR_UPSTREAM_RESET']);
    assert.equal(connections(), 1);
  });

  test('of 100 KiB is not, and its failure is answered', async () => {
    resetOnceAt(LONG * 0.9);
    const client = await hop.connect();
    client.send(put(LONG));
    await sendSlowly(client, LONG, false);
    const answer = await client.response();
    assert.deepEqual([answer.status, errorOf(answer)], [502, 'RMR_UPSTREAM_RESET']);
    assert.equal(connections(), 1);
  });

  test('of 100 KiB goes elsewhere, where the first endpoint refuses connections', async () => {
    for (let turn = 0; turn < 2; turn++) {
      const client = await hop.connect();
      client.send(put(LONG).replace('//app/', '//half/').replace('host: app', 'host: half'));
      await sendSlowly(client, LONG, false);
      assert.equal((await client.response()).status, 200);
      assertPattern(hop.origin.requests.at(-1)!.body);
      client.close();
    }
  });

  test('of chunks comes with its trailers', async () => {
    resetOnceAt(SHORT);
    const client = await hop.connect();
    client.send(put('chunked', 'trailer: x-sum\r\n'));
    await sendSlowly(client, SHORT, true);
    client.write('0\r\nx-sum: 251\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    const request = whole().at(-1)!;
    assertPattern(request.body);
    assert.equal(request.body.length, SHORT);
    assert.deepEqual(request.trailers, [['x-sum', '251']]);
    client.close();
  });

  test('is replayed to the end when a 503 comes before all of it was read', async () => {
    let isFirst = true;
    everywhere((origin) => {
      origin.onHead = ({ connection }) => {
        if (isFirst) connection.send(response({ status: 503 }));
        isFirst = false;
      };
      const { answer } = origin;
      origin.answer = (request) => {
        if (request.connection.requests.length > 0) answer(request);
      };
    });
    const client = await hop.connect();
    client.send(put(SHORT));
    await sendSlowly(client, SHORT, false);
    assert.equal((await client.response()).status, 200);
    assertPattern(whole().at(-1)!.body);
    assert.equal(whole().at(-1)!.body.length, SHORT);
    client.close();
  });

  test('is asked for once: one 100 goes down, and later attempts go without Expect', async () => {
    const expected: (string | undefined)[] = [];
    let isFirst = true;
    const onHead: Answer = ({ fields, connection }) => {
      expected.push(fieldValue(fields, 'expect'));
      connection.send('HTTP/1.1 100 Continue\r\n\r\n');
    };
    const answer: Answer = (request) => {
      if (isFirst) request.connection.reset();
      else sayOk(request);
      isFirst = false;
    };
    everywhere((origin) => {
      origin.onHead = onHead;
      origin.answer = answer;
    });
    const client = await hop.connect();
    client.send(put(SHORT, 'expect: 100-continue\r\n'));
    await sleep(100);
    await sendSlowly(client, SHORT, false);
    const response = await client.response();
    assert.equal(response.status, 200);
    assert.deepEqual(
      response.interim.map(({ startLine }) => startLine.slice(9, 12)),
      ['100'],
    );
    assert.deepEqual(expected, ['100-continue', undefined]);
    assertPattern(whole().at(-1)!.body);
    client.close();
  });

  test('is not read at all before the 100 that comes from the second endpoint', async () => {
    const expected: (string | undefined)[] = [];
    everywhere((origin) => {
      origin.onHead = ({ fields, connection }) => {
        expected.push(fieldValue(fields, 'expect'));
        if (expected.length === 1) connection.reset();
        else connection.send('HTTP/1.1 100 Continue\r\n\r\n');
      };
    });
    const client = await hop.connect();
    client.send(put(SHORT, 'expect: 100-continue\r\n'));
    await sleep(150);
    await sendSlowly(client, SHORT, false);
    const response = await client.response();
    assert.equal(response.status, 200);
    assert.equal(response.interim.length, 1);
    assert.deepEqual(expected, ['100-continue', '100-continue']);
    client.close();
  });
});
