/**
 * A service that says nothing: who may say so, and what becomes of the one request that looks.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Hop, startHop } from '../support/hop.ts';
import { response } from '../support/origin.ts';
import { errorOf, get } from '../support/raw-client.ts';

/** Over what says something of an endpoint, 250 ms. */
const PATIENCE_MS = 400;
const CALLERS = 8;
/** Over what the probe of an open breaker has, 1 s. */
const BODY_MS = 1_400;

describe('a service that does not answer', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['app']);
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.reset());

  /** Callers that send this, wait, and leave. */
  async function leaveAfter(request: string): Promise<void> {
    hop.origin.answer = () => undefined;
    const clients = await Promise.all(Array.from({ length: CALLERS }, () => hop.connect()));
    for (const client of clients) client.send(request);
    await sleep(PATIENCE_MS);
    for (const client of clients) client.close();
    await sleep(50);
  }

  test('is not silent for those who have not sent their request yet', async () => {
    await leaveAfter('POST http://app/ HTTP/1.1\r\nhost: app\r\ncontent-length: 100\r\n\r\npart');
    const client = await hop.connect();
    client.send(get('http://app/'));
    const other = await hop.connect();
    hop.origin.answer = ({ connection }) => connection.send(response({ body: 'here' }));
    const answer = await other.ask(get('http://app/'));
    assert.deepEqual([answer.status, errorOf(answer)], [200, undefined]);
    client.close();
  });

  test('is asked by one at a time, whose answer may take longer than its head', async () => {
    await leaveAfter(get('http://app/'));
    const probe = await hop.connect();
    probe.send(get('http://app/'));
    await sleep(50);
    const refused = await hop.ask(get('http://app/'));
    assert.deepEqual([refused.status, errorOf(refused)], [503, 'RMR_BREAKER_OPEN']);
    const { connection } = hop.origin.requests.at(-1)!;
    connection.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na');
    await sleep(BODY_MS);
    connection.send('b');
    assert.equal(String((await probe.response()).body), 'ab');
  });
});
