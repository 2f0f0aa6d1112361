/**
 * Retries over real sockets: what is sent again, where, after how long, and what never is.
 *
 * Each destination has its own name and so its own pools and budget; all share two origins.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Hop, startHop } from '../support/hop.ts';
import { type Answer, type OriginRequest, response, sayOk } from '../support/origin.ts';
import { errorOf, get, post } from '../support/raw-client.ts';
import { destination } from '../support/snapshot.ts';

const REFUSES = '127.0.0.1:9';
const KEY = { 'idempotency-key': 'k-1' };

function askingToWait(seconds: string): Answer {
  const fields = { 'retry-after': seconds };
  return ({ connection }) => connection.send(response({ status: 503, fields }));
}

describe('a retry', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['one', 'two'], ({ one = '', two = '' }) => {
      const both = [one, two];
      return [
        destination({ name: 'plain', endpoints: both }),
        destination({ name: 'half', endpoints: [REFUSES, one] }),
        destination({
          name: 'none',
          endpoints: [REFUSES, one],
          rule: { retry: { retriesMax: 0 } },
        }),
        destination({ name: 'status', endpoints: both, rule: { retry: { statuses: [503] } } }),
        destination({ name: 'alone', endpoints: [one], rule: { retry: { statuses: [503] } } }),
        destination({ name: 'soon', endpoints: both, rule: { retry: { statuses: [503] } } }),
        destination({ name: 'late', endpoints: both, rule: { retry: { statuses: [503] } } }),
        destination({
          name: 'twice',
          endpoints: both,
          rule: { retry: { retriesMax: 2, statuses: [503] } },
        }),
        destination({
          name: 'tries',
          endpoints: [one],
          rule: { retry: { retriesMax: 3, backoffBaseMs: 200, backoffMaxMs: 200 } },
        }),
        destination({ name: 'timed', endpoints: both, rule: { timeouts: { perTryMs: 150 } } }),
        destination({
          name: 'poor',
          endpoints: both,
          budget: { ratio: 0, minPerSecond: 0.1 },
        }),
      ];
    });
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.reset());

  /** Both origins answer so; the first request of all is answered by `first`. */
  function firstThen(first: Answer, then: Answer = sayOk): void {
    let count = 0;
    const answer: Answer = (request) => (count++ === 0 ? first : then)(request);
    for (const origin of Object.values(hop.origins)) origin.answer = answer;
  }

  /** All that came to the origins, in no order. */
  function executed(): OriginRequest[] {
    return Object.values(hop.origins).flatMap((origin) => origin.requests);
  }

  test('follows a refused connection at the next endpoint, of a POST too', async () => {
    for (let turn = 0; turn < 4; turn++) {
      assert.equal((await hop.ask(get('http://half/'))).status, 200);
      const answer = await hop.ask(post('http://half/', 'hello'));
      assert.equal(answer.status, 200);
      assert.equal(String(hop.origin.requests.at(-1)!.body), 'hello');
    }
    assert.equal(executed().length, 8);
  });

  test('is not made where there are to be none', async () => {
    const statuses: number[] = [];
    for (let turn = 0; turn < 4; turn++) {
      statuses.push((await hop.ask(get('http://none/'))).status);
    }
    assert.deepEqual(statuses.toSorted(), [200, 200, 503, 503]);
  });

  test('follows a reset of a fresh connection for a GET, at the other endpoint', async () => {
    firstThen(({ connection }) => connection.reset());
    assert.equal((await hop.ask(get('http://plain/'))).status, 200);
    assert.deepEqual(
      Object.values(hop.origins).map((origin) => origin.requests.length),
      [1, 1],
    );
  });

  test('does not follow one for a POST, unless it has an Idempotency-Key', async () => {
    firstThen(({ connection }) => connection.reset());
    const answer = await hop.ask(post('http://plain/', 'pay'));
    assert.deepEqual([answer.status, errorOf(answer)], [502, 'RMR_UPSTREAM_RESET']);
    assert.equal(executed().length, 1);
    firstThen(({ connection }) => connection.reset());
    assert.equal((await hop.ask(post('http://plain/', 'pay', KEY))).status, 200);
    assert.equal(executed().length, 3);
  });

  test('follows a configured status, and the last answer is passed on as it came', async () => {
    firstThen(({ connection }) => connection.send(response({ status: 503, body: 'busy' })));
    assert.equal((await hop.ask(get('http://status/'))).status, 200);
    let count = 0;
    firstThen(answer, answer);
    function answer({ connection }: OriginRequest): void {
      const fields = { 'x-count': String(++count) };
      connection.send(response({ status: 503, fields, body: 'busy' }));
    }
    const last = await hop.ask(get('http://status/'));
    assert.deepEqual([last.status, String(last.body), errorOf(last)], [503, 'busy', undefined]);
    assert.deepEqual(
      last.fields.filter(([name]) => name === 'x-count'),
      [['x-count', '2']],
    );
    assert.equal((await hop.ask(post('http://status/', 'pay'))).status, 503);
    assert.equal(count, 3);
  });

  test('leaves a status that is not configured alone', async () => {
    firstThen(({ connection }) => connection.send(response({ status: 503 })));
    assert.equal((await hop.ask(get('http://plain/'))).status, 503);
    assert.equal(executed().length, 1);
  });

  test('waits what a 503 asked for by Retry-After', async () => {
    firstThen(askingToWait('1'));
    const startedAtMs = performance.now();
    assert.equal((await hop.ask(get('http://alone/'))).status, 200);
    const tookMs = performance.now() - startedAtMs;
    assert(tookMs >= 1_000 && tookMs < 1_500, `${Math.round(tookMs)} ms`);
  });

  test('does not wait for the endpoint that said Retry-After where another is free', async () => {
    for (const [name, seconds] of [
      ['soon', '2'],
      ['late', '3600'],
    ] as const) {
      firstThen(askingToWait(seconds));
      const startedAtMs = performance.now();
      assert.equal((await hop.ask(get(`http://${name}/`))).status, 200);
      const tookMs = performance.now() - startedAtMs;
      assert(tookMs < 1_000, `${seconds} s were asked for: ${Math.round(tookMs)} ms`);
    }
  });

  test('waits where every endpoint said Retry-After', async () => {
    const startedAtMs = performance.now();
    let refused = 0;
    const answer: Answer = (request) => (refused++ < 2 ? askingToWait('1') : sayOk)(request);
    for (const origin of Object.values(hop.origins)) origin.answer = answer;
    assert.equal((await hop.ask(get('http://twice/'))).status, 200);
    const tookMs = performance.now() - startedAtMs;
    assert(tookMs >= 1_000 && tookMs < 1_500, `${Math.round(tookMs)} ms`);
    assert.equal(executed().length, 3);
  });

  test('waits between attempts, and ends when they are used up', async () => {
    const cameAtMs: number[] = [];
    const answer: Answer = ({ connection }) => {
      cameAtMs.push(performance.now());
      connection.reset();
    };
    const waitsMs: number[] = [];
    for (let turn = 0; turn < 4; turn++) {
      cameAtMs.length = 0;
      // Or the service would be taken for a silent one. Closed: a dead reused one is not counted.
      hop.origin.answer = ({ connection }) =>
        connection.send(response({ fields: { connection: 'close' } }));
      await hop.ask(get('http://tries/'));
      hop.origin.answer = answer;
      assert.equal((await hop.ask(get('http://tries/'))).status, 502);
      assert.equal(cameAtMs.length, 4);
      for (let at = 1; at < 4; at++) waitsMs.push(cameAtMs[at]! - cameAtMs[at - 1]!);
    }
    // Twelve draws from 0 to 200 ms: their sum is under 400 ms once in 10,000 runs.
    const sumMs = waitsMs.reduce((sum, ms) => sum + ms, 0);
    assert(sumMs > 400, waitsMs.join(' '));
    assert(Math.max(...waitsMs) < 300, waitsMs.join(' '));
  });

  test('follows an attempt that took too long, of a GET only', async () => {
    firstThen(() => {});
    assert.equal((await hop.ask(get('http://timed/'))).status, 200);
    firstThen(() => {});
    const answer = await hop.ask(post('http://timed/', 'pay'));
    assert.deepEqual([answer.status, errorOf(answer)], [504, 'RMR_PER_TRY_TIMEOUT']);
    assert.equal(executed().length, 3);
  });

  test('never follows once a byte of the head went down', async () => {
    firstThen(({ connection }) => {
      connection.send('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf');
      setTimeout(() => connection.reset(), 50);
    });
    const client = await hop.connect();
    client.send(get('http://plain/'));
    assert.equal(await client.closed(), 'reset');
    assert.equal(client.responses.length, 0);
    assert.equal(executed().length, 1);
  });

  test('follows a head that was cut off in the middle: nothing of it went down', async () => {
    firstThen(({ connection }) => {
      connection.send('HTTP/1.1 200 OK\r\ncontent-le');
      setTimeout(() => connection.reset(), 20);
    });
    assert.equal((await hop.ask(get('http://plain/'))).status, 200);
    assert.equal(executed().length, 2);
  });

  test('answers a HEAD without a body', async () => {
    firstThen(({ connection }) => connection.reset());
    const client = await hop.connect();
    const answer = await client.ask(get('http://plain/', {}, 'HEAD'));
    assert.deepEqual([answer.status, answer.body.length], [200, 0]);
    firstThen(({ connection }) => connection.reset());
    assert.equal((await client.ask(get('http://plain/'))).status, 200);
    client.close();
  });

  test('of the first of three pipelined requests keeps their answers in order', async () => {
    const echo: Answer = ({ target, connection }) => connection.send(response({ body: target }));
    firstThen(({ connection }) => connection.reset(), echo);
    const client = await hop.connect();
    const targets = ['/1', '/2', '/3'];
    const bytes = targets.map((target) => get(`http://plain${target}`)).join('');
    client.send(bytes, 'GET', 'GET', 'GET');
    for (const target of targets) assert.equal(String((await client.response()).body), target);
    client.close();
  });

  test('that is waited for ends with its client', async () => {
    firstThen(askingToWait('1'));
    const client = await hop.connect();
    client.send(get('http://alone/'));
    await sleep(50);
    assert.equal(executed().length, 1);
    client.reset();
    await sleep(1_300);
    assert.equal(executed().length, 1);
  });

  test('is not made once the budget is used up', async () => {
    const reset: Answer = ({ connection }) => connection.reset();
    firstThen(reset);
    assert.equal((await hop.ask(get('http://poor/'))).status, 200);
    firstThen(reset);
    const answer = await hop.ask(get('http://poor/'));
    assert.deepEqual([answer.status, errorOf(answer)], [502, 'RMR_UPSTREAM_RESET']);
    assert.equal(executed().length, 3);
  });
});
