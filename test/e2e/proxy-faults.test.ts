/** Faults of a rule over real sockets: what a route does to its callers on purpose, and to whom. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type Hop, startHop } from '../support/hop.ts';
import { chunk, response } from '../support/origin.ts';
import { assertPattern, patternBytes } from '../support/pattern.ts';
import { errorOf, get } from '../support/raw-client.ts';
import { destination, type RuleOptions } from '../support/snapshot.ts';

const DELAY_MS = 200;
/** Half a second of it. */
const SLOW_BYTES = 32 * 1024;

describe('a fault', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['app'], ({ app = '' }) => {
      const faulty = (name: string, ...faults: NonNullable<RuleOptions['faults']>) =>
        destination({ name, endpoints: [app], rule: { faults } });
      const header = { name: 'x-test', type: 'exact', value: 'yes' } as const;
      const cohort = { key: { type: 'header', name: 'x-user' } as const, salt: 'shop/faults' };
      return [
        faulty('late', { type: 'delay', delayMs: DELAY_MS }),
        faulty('aborts', { type: 'abort', status: 418 }),
        faulty('both', { type: 'abort', status: 500 }, { type: 'delay', delayMs: DELAY_MS }),
        faulty('resets', { type: 'reset' }),
        faulty('slow', { type: 'slow-body', bytesPerSecond: SLOW_BYTES * 2 }),
        faulty('never', { type: 'abort', status: 500, percent: 0 }, { type: 'reset', percent: 0 }),
        faulty('marked', { type: 'abort', status: 500, header }),
        faulty('cohort', { type: 'abort', status: 500, percent: 50, cohort }),
      ];
    });
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.reset());

  async function timed(url: string): Promise<{ status: number; tookMs: number }> {
    const startedAtMs = performance.now();
    const { status } = await hop.ask(get(url));
    return { status, tookMs: performance.now() - startedAtMs };
  }

  test('delays, and the request goes on', async () => {
    const { status, tookMs } = await timed('http://late/');
    assert.equal(status, 200);
    assert(tookMs >= DELAY_MS - 1 && tookMs < DELAY_MS + 600, `${Math.round(tookMs)} ms`);
  });

  test('delays nobody who has left: the application never hears of it', async () => {
    const client = await hop.connect();
    client.send(get('http://late/'));
    setTimeout(() => client.reset(), DELAY_MS / 2);
    await timed('http://late/');
    assert.equal(hop.origin.requests.length, 1);
  });

  test('aborts with its own status and says that it is one', async () => {
    const client = await hop.connect();
    for (let turn = 0; turn < 2; turn++) {
      const answer = await client.ask(get('http://aborts/'));
      assert.deepEqual([answer.status, errorOf(answer)], [418, 'RMR_FAULT_INJECTED']);
    }
    assert.equal(hop.origin.requests.length, 0);
    client.close();
  });

  test('is told by its record with the rule that has it', async () => {
    const named = get('http://aborts/', { 'x-request-id': 'struck' });
    assert.equal((await hop.ask(named)).status, 418);
    const page = await fetch(`http://${hop.proxy.admin}/explain?id=struck`);
    const { records } = (await page.json()) as { records: readonly { readonly rule: string }[] };
    assert.deepEqual(
      records.map(({ rule }) => rule),
      ['shop/aborts/0'],
    );
  });

  test('of two kinds does both, the delay first', async () => {
    const { status, tookMs } = await timed('http://both/');
    assert.equal(status, 500);
    assert(tookMs >= DELAY_MS - 1, `${Math.round(tookMs)} ms`);
  });

  test('resets the connection', async () => {
    const client = await hop.connect();
    client.send(get('http://resets/'));
    assert.equal(await client.closed(), 'reset');
    assert.equal(hop.origin.requests.length, 0);
  });

  for (const framing of ['counted', 'chunked'] as const) {
    test(`slows a ${framing} body down to its rate, and every byte comes`, async () => {
      hop.origin.answer = ({ connection }) => {
        const bytes = patternBytes(SLOW_BYTES);
        if (framing === 'counted') return connection.send(response({ body: bytes }));
        connection.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
        connection.send(Buffer.concat([chunk(bytes), Buffer.from('0\r\n\r\n')]));
      };
      const client = await hop.connect();
      for (let turn = 0; turn < 2; turn++) {
        const startedAtMs = performance.now();
        const answer = await client.ask(get('http://slow/'));
        const tookMs = performance.now() - startedAtMs;
        assert.equal(answer.body.length, SLOW_BYTES);
        assertPattern(answer.body);
        assert(tookMs > 450 && tookMs < 1_200, `${Math.round(tookMs)} ms`);
      }
      assert.equal(hop.origin.connections.length, 1); // The upstream was free long before.
      client.close();
    });
  }

  test('slows a body, and its client may leave in the middle', async () => {
    hop.origin.answer = ({ connection }) =>
      connection.send(response({ body: patternBytes(SLOW_BYTES) }));
    const client = await hop.connect();
    client.send(get('http://slow/'));
    await client.bodyParts(2);
    client.reset();
    const answer = await hop.ask(get('http://slow/'));
    assertPattern(answer.body);
    assert.equal(answer.body.length, SLOW_BYTES);
  });

  test('of 0 percent strikes nobody, of 100 everybody', async () => {
    for (let turn = 0; turn < 30; turn++) {
      assert.equal((await hop.ask(get('http://never/'))).status, 200);
      assert.equal((await hop.ask(get('http://aborts/'))).status, 418);
    }
  });

  test('by header strikes who has it', async () => {
    assert.equal((await hop.ask(get('http://marked/'))).status, 200);
    assert.equal((await hop.ask(get('http://marked/', { 'x-test': 'no' }))).status, 200);
    assert.equal((await hop.ask(get('http://marked/', { 'x-test': 'yes' }))).status, 500);
  });

  test('by cohort strikes the same half of the users always', async () => {
    const struck = async () => {
      const users: number[] = [];
      for (let user = 0; user < 40; user++) {
        const { status } = await hop.ask(get('http://cohort/', { 'x-user': `u${user}` }));
        if (status === 500) users.push(user);
      }
      return users;
    };
    const first = await struck();
    assert(first.length > 8 && first.length < 32, String(first.length));
    assert.deepEqual(await struck(), first);
  });

  test('is counted apart: an answer of the application has no code of ours', async () => {
    hop.origin.answer = ({ connection }) => connection.send(response({ status: 500 }));
    assert.equal(errorOf(await hop.ask(get('http://never/'))), undefined);
  });
});
