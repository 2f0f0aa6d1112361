/** Time-outs of a rule through a real proxy: whose time it is that has run out. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Hop, startHop } from '../support/hop.ts';
import { sayOk } from '../support/origin.ts';
import { get } from '../support/raw-client.ts';
import { destination } from '../support/snapshot.ts';

describe('a rule with time-outs of 600 ms for a request and 500 ms for a try', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['app'], ({ app = '' }) => [
      destination({
        name: 'app',
        endpoints: [app],
        rules: [{ to: ['app'], timeouts: { requestMs: 600, perTryMs: 500 } }],
        backend: { connectionsPerEndpointMax: 1 },
      }),
    ]);
  });
  after(async () => await hop?.close());

  test('ends a request in time, however long it waited for its connection', async () => {
    hop.origin.answer = (request) => {
      if (request.target === '/first') setTimeout(() => sayOk(request), 400);
    };
    const first = await hop.connect();
    const second = await hop.connect();
    first.send(get('http://app/first'));
    await hop.origin.requestsReach(1);
    const startedAtMs = performance.now();
    const answer = await second.ask(get('http://app/second'));
    const tookMs = performance.now() - startedAtMs;
    assert.equal((await first.response()).status, 200);
    assert.equal(answer.status, 504);
    assert.equal(hop.origin.requests.length, 2);
    assert(tookMs >= 590 && tookMs < 800, `${Math.round(tookMs)} ms`);
  });

  test('reads what has come before it looks at the clock, after a stall of its own', async () => {
    const client = await hop.connect();
    await client.ask(get('http://app/'));
    hop.reset();
    hop.origin.answer = (request) => {
      hop.proxy.signal('SIGSTOP');
      sayOk(request);
      setTimeout(() => hop.proxy.signal('SIGCONT'), 900);
    };
    assert.equal((await client.ask(get('http://app/'))).status, 200);
    assert.equal(hop.origin.requests.length, 1);
  });
});
