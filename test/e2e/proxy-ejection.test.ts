/** Ejection over real sockets: one bad endpoint of three is left out, and comes back by a probe. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Hop, startHop } from '../support/hop.ts';
import { type Origin, response, sayOk } from '../support/origin.ts';
import { get } from '../support/raw-client.ts';
import { destination } from '../support/snapshot.ts';

const FAILURES_MAX = 7;
const PENALTY_MS = 500;

describe('one of three endpoints that answers 500', () => {
  let hop: Hop;
  let bad: Origin;
  before(async () => {
    hop = await startHop(['bad', 'two', 'three'], (addresses) => [
      destination({
        name: 'app',
        endpoints: Object.values(addresses),
        ejection: { failuresMax: FAILURES_MAX, penaltyMs: PENALTY_MS },
      }),
    ]);
    bad = hop.origin;
    bad.answer = ({ connection }) => connection.send(response({ status: 500 }));
  });
  after(async () => await hop?.close());

  async function askOften(times: number): Promise<number> {
    const client = await hop.connect();
    let failed = 0;
    for (let turn = 0; turn < times; turn++) {
      const { status } = await client.ask(get('http://app/'));
      if (status === 500) failed++;
    }
    client.close();
    return failed;
  }

  test('is left out after seven, and asked by one request after its penalty', async () => {
    assert.equal(await askOften(60), FAILURES_MAX);
    assert.equal(await askOften(20), 0);
    await sleep(PENALTY_MS);
    const before = bad.requests.length;
    // Its probe fails, and is sent elsewhere: nobody sees it.
    assert.deepEqual([await askOften(20), bad.requests.length - before], [0, 1]);
  });

  test('is back when the probe was answered well', async () => {
    bad.answer = ({ connection }) => connection.send(response({ body: 'back' }));
    const before = bad.requests.length;
    await sleep(PENALTY_MS * 2); // Doubled for the relapse.
    assert.equal(await askOften(30), 0);
    assert(bad.requests.length - before >= 8, `${bad.requests.length - before}`);
  });
});

describe('one of two endpoints that asks by Retry-After to be left alone', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['busy', 'two'], (addresses) => [
      destination({
        name: 'app',
        endpoints: Object.values(addresses),
        rule: { retry: { statuses: [503] } },
        ejection: { failuresMax: FAILURES_MAX },
      }),
    ]);
  });
  after(async () => await hop?.close());

  test('is not picked by others for so long, and then is again', async () => {
    const fields = { 'retry-after': '1' };
    const { origin } = hop;
    origin.answer = ({ connection }) => connection.send(response({ status: 503, fields }));
    const waiting = [hop.ask(get('http://app/')), hop.ask(get('http://app/'))];
    await origin.requestsReach(1);
    origin.answer = sayOk;
    for (let turn = 0; turn < 10; turn++) await hop.ask(get('http://app/'));
    assert.equal(origin.requests.length, 1);
    for (const answer of await Promise.all(waiting)) assert.equal(answer.status, 200);
    await sleep(1_000);
    for (let turn = 0; turn < 10; turn++) await hop.ask(get('http://app/'));
    assert(origin.requests.length >= 4, String(origin.requests.length));
  });
});
