/** Claims about the pages that ask proxies, on a real listener with proxies on real streams. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { type ProxyQuery, wireLimits } from '@remora/api/wire.ts';
import type { QueryError, RecordsPage } from './query-pages.ts';
import { sampleRecord } from './sample-record.ts';
import { destinationNamed, inboundLimitedTo } from './sample-destination.ts';
import { serving } from './server-fixture.ts';
import { StreamClient } from './stream-client.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function started() {
  const compiler = {
    compile: (key: string) => destinationNamed(key),
    inbound: () => inboundLimitedTo(5),
    nearest: () => [],
  };
  const { url, close } = await serving(compiler);
  ends.push(close);
  const get = async <T>(path: string) => {
    const response = await fetch(url + path);
    return { status: response.status, body: (await response.json()) as T };
  };
  return { url, get };
}

/** A proxy that answers each query so; undefined: not at all. */
async function proxy(url: string, name: string, answer: (query: ProxyQuery) => unknown) {
  const client = await StreamClient.connect({ url, name });
  const asked: ProxyQuery[] = [];
  ends.push(() => client.close());
  client.onMessage = (message) => {
    if (message.type !== 'query') return;
    asked.push(message.query);
    const answered = answer(message.query);
    if (answered === undefined) return;
    client.say({ type: 'answer', id: message.id, answer: answered });
  };
  return { client, asked };
}

describe('the explain page', () => {
  test('joins what proxies know, and names an older one that does not answer', async () => {
    const { url, get } = await started();
    const record = sampleRecord();
    const { asked } = await proxy(url, 'a-0', () => ({ records: [record], leftOut: 2 }));
    await proxy(url, 'old-0', () => undefined);
    const { body } = await get<RecordsPage>('/v1/explain?id=r-1');
    assert.deepEqual(asked, [{ kind: 'explain', requestId: 'r-1' }]);
    assert.deepEqual([body.records, body.leftOut, body.asked], [[record], 2, 2]);
    assert.equal(body.silent[0]?.proxy, 'old-0');
  });

  test('shows no record that lacks a part, and counts it', async () => {
    const { url, get } = await started();
    const { attempts, ...half } = sampleRecord();
    const more = { ...sampleRecord(), fromTheFuture: 1 };
    await proxy(url, 'a-0', () => ({ records: [half, more], leftOut: 0 }));
    await proxy(url, 'b-0', () => 'nonsense');
    const { body } = await get<RecordsPage>('/v1/explain?id=r-1');
    assert.deepEqual([body.records, body.leftOut], [[more], 1]);
    assert.match(body.silent[0]?.why ?? '', /cannot be read/);
    assert.equal(attempts.length, 1);
  });

  test('asks nobody without an id, nor with one that no request can have', async () => {
    const { url, get } = await started();
    const { asked } = await proxy(url, 'a-0', () => undefined);
    assert.equal((await get('/v1/explain')).status, 400);
    assert.equal((await get('/v1/explain?id=a%00')).status, 400);
    assert.deepEqual(asked, []);
  });
});

describe('the tap page', () => {
  test('hands on the filter, and a window that leaves time for the answer', async () => {
    const { url, get } = await started();
    const { asked } = await proxy(url, 'a-0', () => ({ records: [], leftOut: 0 }));
    await get('/v1/tap?route=canary&failed=true&method=post&path=%2Fa%3Fb');
    const [query] = asked;
    assert(query?.kind === 'tap' && query.tapMs < wireLimits.answerMs);
    const filter = { route: 'canary', onlyFailed: true, method: 'POST', path: '/a?b' };
    assert.deepEqual(query.filter, filter);
  });

  test('answers 429 with the reason to one tap too many', async () => {
    const { url, get } = await started();
    const { client } = await proxy(url, 'a-0', () => undefined);
    const taps = Array.from({ length: wireLimits.tapsMax }, () => get('/v1/tap'));
    const queries = () => client.received.filter(({ type }) => type === 'query');
    await client.until(() => queries().length === wireLimits.tapsMax);
    const { status, body } = await get<QueryError>('/v1/tap');
    assert.equal(status, 429);
    assert.match(body.error, /10 taps are open/);
    client.close();
    await Promise.all(taps);
  });
});

describe('the pages of one proxy', () => {
  test('are its own, as it answers them', async () => {
    const { url, get } = await started();
    await proxy(url, 'a-0', ({ kind }) => ({ kind }));
    for (const kind of ['config', 'stats']) {
      const { status, body } = await get(`/v1/proxies/a-0/${kind}`);
      assert.deepEqual([status, body], [200, { kind }]);
    }
  });

  test('are 404 with the nearest names where there is no such proxy', async () => {
    const { url, get } = await started();
    await proxy(url, 'catalog-v1-0', () => undefined);
    const { status, body } = await get<QueryError>('/v1/proxies/catalog-v2-0/stats');
    assert.deepEqual([status, body.nearest], [404, ['catalog-v1-0']]);
  });

  test('are 504 with the reason where it does not answer', async () => {
    const { url, get } = await started();
    const { client } = await proxy(url, 'a-0', () => undefined);
    const page = get<QueryError>('/v1/proxies/a-0/config');
    await client.until(() => client.received.some(({ type }) => type === 'query'));
    client.close();
    const { status, body } = await page;
    assert.equal(status, 504);
    assert.match(body.error, /it left/);
  });
});
