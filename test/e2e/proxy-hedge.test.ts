/** Hedges over real sockets: a second attempt beside a slow first one, and who may have one. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Hop, startHop } from '../support/hop.ts';
import { type Answer, type OriginRequest, response } from '../support/origin.ts';
import { errorOf, get, post } from '../support/raw-client.ts';
import { destination } from '../support/snapshot.ts';
import { until } from '../support/waiting.ts';

const AFTER_MS = 100;

describe('a hedge after 100 ms', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['one', 'two'], ({ one = '', two = '' }) => {
      const rule = { hedge: { afterMs: AFTER_MS } };
      const endpoints = [one, two];
      return [
        destination({ name: 'app', endpoints, rule }),
        destination({ name: 'poor', endpoints, rule, budget: { ratio: 0, minPerSecond: 0.1 } }),
        destination({
          name: 'status',
          endpoints,
          rule: { ...rule, retry: { statuses: [503] } },
        }),
      ];
    });
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.reset());

  /** The first request of all is answered by `first`, all others with their number. */
  function firstThen(first: Answer): void {
    let count = 0;
    for (const origin of Object.values(hop.origins)) {
      origin.answer = (request) => {
        const number = ++count;
        if (number === 1) return first(request);
        request.connection.send(response({ body: `number ${number}` }));
      };
    }
  }

  function executed(): OriginRequest[] {
    return Object.values(hop.origins).flatMap((origin) => origin.requests);
  }

  test('answers with the second attempt, and hangs up on the slow first one', async () => {
    let slow: OriginRequest | undefined;
    firstThen((request) => {
      slow = request;
    });
    const startedAtMs = performance.now();
    const answer = await hop.ask(get('http://app/'));
    const tookMs = performance.now() - startedAtMs;
    assert.equal(String(answer.body), 'number 2');
    assert(tookMs >= AFTER_MS - 1 && tookMs < AFTER_MS + 200, `${Math.round(tookMs)} ms`);
    await until(() => slow!.connection.ended !== 'open', 'the first attempt to be dropped');
    assert.equal(executed().length, 2);
    assert.notEqual(hop.origins['one']!.requests.length, 2);
  });

  test('is dropped when the first attempt answers after all', async () => {
    let hedged: OriginRequest | undefined;
    for (const origin of Object.values(hop.origins)) {
      origin.answer = (request) => {
        if (executed().length === 2) hedged = request;
        else setTimeout(() => request.connection.send(response({ body: 'first' })), AFTER_MS * 2);
      };
    }
    assert.equal(String((await hop.ask(get('http://app/'))).body), 'first');
    await until(() => hedged!.connection.ended !== 'open', 'the hedge to be dropped');
  });

  test('is not sent where the first attempt answers in time', async () => {
    firstThen(({ connection }) => connection.send(response({ body: 'quick' })));
    assert.equal(String((await hop.ask(get('http://app/'))).body), 'quick');
    await sleep(AFTER_MS * 2);
    assert.equal(executed().length, 1);
  });

  test('is not sent of a POST', async () => {
    firstThen(({ connection }) => {
      setTimeout(() => connection.send(response({ body: 'slow' })), AFTER_MS * 3);
    });
    assert.equal(String((await hop.ask(post('http://app/', 'pay'))).body), 'slow');
    assert.equal(executed().length, 1);
  });

  test('is not sent once the budget is used up', async () => {
    firstThen(() => {});
    assert.equal(String((await hop.ask(get('http://poor/'))).body), 'number 2');
    firstThen(({ connection }) => {
      setTimeout(() => connection.send(response({ body: 'slow' })), AFTER_MS * 3);
    });
    assert.equal(String((await hop.ask(get('http://poor/'))).body), 'slow');
    assert.equal(executed().length, 3);
  });

  test('outlives a first attempt that fails, and fails with it where both do', async () => {
    firstThen(resetLater);
    for (const origin of Object.values(hop.origins)) {
      const { answer } = origin;
      origin.answer = (request) => {
        if (executed().length === 1) return answer(request);
        setTimeout(() => void answer(request), AFTER_MS);
      };
    }
    assert.equal(String((await hop.ask(get('http://app/'))).body), 'number 2');
    for (const origin of Object.values(hop.origins)) {
      origin.answer = resetLater;
    }
    const answer = await hop.ask(get('http://app/'));
    assert.deepEqual([answer.status, errorOf(answer)], [502, 'RMR_UPSTREAM_RESET']);
  });

  test('is waited for where the first attempt answers a status that is retried', async () => {
    firstThen(({ connection }) => {
      setTimeout(() => connection.send(response({ status: 503 })), AFTER_MS * 1.5);
    });
    for (const origin of Object.values(hop.origins)) {
      const { answer } = origin;
      origin.answer = (request) => {
        if (executed().length === 1) return answer(request);
        setTimeout(() => void answer(request), AFTER_MS);
      };
    }
    const answer = await hop.ask(get('http://status/'));
    assert.deepEqual([answer.status, String(answer.body)], [200, 'number 2']);
    assert.equal(executed().length, 2);
  });
});

function resetLater({ connection }: OriginRequest): void {
  setTimeout(() => connection.reset(), AFTER_MS * 1.5);
}
