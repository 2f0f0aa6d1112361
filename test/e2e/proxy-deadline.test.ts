/**
 * Deadlines over real sockets: what is left is told to the next, ends what is late, and reaches the
 * application's own requests without its help.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Hop, startHop } from '../support/hop.ts';
import { fieldValue } from '../support/message-reader.ts';
import { type Origin, type OriginRequest, sayOk, startOrigin } from '../support/origin.ts';
import { type RunningProxy, startProxy } from '../support/processes.ts';
import { askOnce, connectRaw, errorOf, get, type Response } from '../support/raw-client.ts';
import { destination, writeSnapshot } from '../support/snapshot.ts';
import { until } from '../support/waiting.ts';

const FIELD = 'x-remora-deadline-ms';

function leftAt({ fields }: OriginRequest): number {
  return Number(fieldValue(fields, FIELD));
}

function explain(answer: Response): unknown[] {
  return [answer.status, errorOf(answer)];
}

describe('a deadline', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['app', 'other'], ({ app = '', other = '' }) => [
      destination({ name: 'app', endpoints: [app] }),
      destination({ name: 'other', endpoints: [other] }),
      destination({ name: 'timed', endpoints: [app], rule: { timeouts: { requestMs: 300 } } }),
      destination({ name: 'asks', endpoints: [app], rule: { retry: { statuses: [503] } } }),
    ]);
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.reset());

  test('goes on as what is left of it', async () => {
    await hop.ask(get('http://app/', { [FIELD]: '1000' }));
    const left = leftAt(hop.origin.requests[0]!);
    assert(left < 1_000 && left > 800, String(left));
  });

  test("is the route's where that is shorter, and the caller's where that is", async () => {
    await hop.ask(get('http://timed/', { [FIELD]: '100000' }));
    await hop.ask(get('http://timed/'));
    await hop.ask(get('http://timed/', { [FIELD]: '200' }));
    const left = hop.origin.requests.map(leftAt);
    assert(left[0]! <= 300 && left[0]! > 200, String(left));
    assert(left[1]! <= 300 && left[1]! > 200, String(left));
    assert(left[2]! < 200, String(left));
  });

  test('that is over is answered at once, for the right service, and nobody is asked', async () => {
    await hop.ask(get('http://other/'));
    const startedAtMs = performance.now();
    const answer = await hop.ask(get('http://app/', { [FIELD]: '0' }));
    assert.deepEqual(explain(answer), [504, 'RMR_DEADLINE_EXCEEDED']);
    assert(performance.now() - startedAtMs < 100);
    assert.match(String(answer.body), /app\.shop:80/);
    assert.equal(hop.origin.requests.length, 0);
  });

  test('that passes ends the request, and hangs up on the upstream', async () => {
    hop.origin.answer = () => {};
    const startedAtMs = performance.now();
    const answer = await hop.ask(get('http://app/', { [FIELD]: '150' }));
    const tookMs = performance.now() - startedAtMs;
    assert.deepEqual(explain(answer), [504, 'RMR_DEADLINE_EXCEEDED']);
    assert(tookMs >= 145 && tookMs < 350, `${Math.round(tookMs)} ms`);
    const { connection } = hop.origin.requests[0]!;
    await until(() => connection.ended !== 'open', 'the upstream to be hung up on');
  });

  test('leaves no time for a wait that is longer', async () => {
    hop.origin.answer = ({ connection }) =>
      connection.send('HTTP/1.1 503 Busy\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n');
    const answer = await hop.ask(get('http://asks/', { [FIELD]: '500' }));
    assert.deepEqual(explain(answer), [503, undefined]);
    assert.equal(hop.origin.requests.length, 1);
  });

  test('is ignored where it is no number', async () => {
    for (const value of ['soon', '-1', '1.5', '']) {
      assert.equal((await hop.ask(get('http://app/', { [FIELD]: value }))).status, 200);
    }
    assert.deepEqual(hop.origin.requests.map(leftAt), [NaN, NaN, NaN, NaN]);
  });

  test('is not needed: a client that leaves cancels the upstream', async () => {
    hop.origin.answer = () => {};
    const client = await hop.connect();
    client.send(get('http://app/'));
    await hop.origin.requestsReach(1);
    client.reset();
    const { connection } = hop.origin.requests[0]!;
    await until(() => connection.ended !== 'open', 'the upstream to be hung up on');
  });
});

describe('the deadline of a request to an application that forwards only traceparent', () => {
  let app: Origin;
  let next: Origin;
  let proxy: RunningProxy;
  before(async () => {
    [app, next] = await Promise.all([startOrigin(), startOrigin()]);
    const snapshot = writeSnapshot([destination({ name: 'next', endpoints: [next.address] })]);
    proxy = await startProxy({ snapshot, app: app.address });
  });
  after(async () => {
    await proxy?.stop();
    await Promise.all([app.close(), next.close()]);
  });
  beforeEach(() => {
    app.reset();
    next.reset();
  });

  /** The application asks `next` for each request, as late as this, and then answers. */
  function appAsks(waitMs: number): Promise<Response> {
    return new Promise((resolve) => {
      app.answer = async (request) => {
        await sleep(waitMs);
        const traceparent = fieldValue(request.fields, 'traceparent') ?? '';
        resolve(await askOnce(proxy.outbound, get('http://next/', { traceparent })));
        sayOk(request);
      };
    });
  }

  test('is inherited by what it asks of others', async () => {
    const inner = appAsks(50);
    await askOnce(proxy.inbound, get('http://app/', { [FIELD]: '1000' }));
    assert.equal((await inner).status, 200);
    const left = leftAt(next.requests[0]!);
    assert(left <= 950 && left > 700, String(left));
  });

  test('is inherited by nobody else', async () => {
    const inner = appAsks(50);
    const outer = askOnce(proxy.inbound, get('http://app/', { [FIELD]: '1000' }));
    await askOnce(proxy.outbound, get('http://next/'));
    assert.equal(fieldValue(next.requests[0]!.fields, FIELD), undefined);
    await Promise.all([outer, inner]);
  });

  test('is over for those requests too, once it has passed', async () => {
    const inner = appAsks(300);
    const outer = await askOnce(proxy.inbound, get('http://app/', { [FIELD]: '150' }));
    assert.deepEqual(explain(outer), [504, 'RMR_DEADLINE_EXCEEDED']);
    assert.deepEqual(explain(await inner), [504, 'RMR_DEADLINE_EXCEEDED']);
    assert.equal(next.requests.length, 0);
  });

  test('is forgotten once it was answered: what is done afterwards has no deadline', async () => {
    let traceparent = '';
    app.answer = (request) => {
      traceparent = fieldValue(request.fields, 'traceparent') ?? '';
      sayOk(request);
    };
    await connectRaw(proxy.inbound).then(
      async (client) => await client.ask(get('http://app/', { [FIELD]: '1000' })),
    );
    await askOnce(proxy.outbound, get('http://next/', { traceparent }));
    assert.equal(fieldValue(next.requests[0]!.fields, FIELD), undefined);
  });
});
