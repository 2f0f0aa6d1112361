import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import * as limits from '../limits.ts';
import { KubeClient } from './client.ts';
import type { KubeError } from './kube-error.ts';
import { configMaps } from './resource.ts';
import { answer, listBody, objectBody, ScriptedApi, statusBody } from './scripted-api.ts';

const REF = { namespace: 'shop', name: 'cart' };
const OBJECT = { apiVersion: 'v1', kind: 'ConfigMap', metadata: REF };

describe('a client of the API server', () => {
  let api: ScriptedApi;

  afterEach(async () => await api.close());

  test('repeats a read whose connection broke, or whose server failed', async () => {
    api = await ScriptedApi.start((_, response, count) => {
      if (count === 0) response.destroy();
      else if (count === 1) answer(response, 503, statusBody(503, 'ServiceUnavailable'));
      else answer(response, 200, objectBody('cart', '7'));
    });
    const read = await api.client.get(configMaps, REF);
    assert.equal(read?.metadata.resourceVersion, '7');
    assert.equal(api.asked.length, 3);
  });

  test('gives a read up after four attempts', async () => {
    api = await ScriptedApi.start((_, response) => {
      answer(response, 500, statusBody(500, 'InternalError'));
    });
    await assert.rejects(api.client.get(configMaps, REF), (e: KubeError) => e.status === 500);
    assert.equal(api.asked.length, 4);
  });

  test('never repeats a write that may have happened', async () => {
    api = await ScriptedApi.start((_, response, count) => {
      if (count === 0) response.destroy();
      else answer(response, 500, statusBody(500, 'InternalError'));
    });
    await assert.rejects(api.client.create(configMaps, OBJECT), (e: KubeError) => e.status === 0);
    await assert.rejects(api.client.update(configMaps, OBJECT), (e: KubeError) => e.status === 500);
    assert.equal(api.asked.length, 2);
  });

  test('repeats a write that was refused unseen, not before the time it was told', async () => {
    api = await ScriptedApi.start((_, response, count) => {
      const busy = statusBody(429, 'TooManyRequests');
      if (count === 0) answer(response, 429, busy, { 'retry-after': '1' });
      else answer(response, 201, objectBody('cart', '7'));
    });
    await api.client.create(configMaps, OBJECT);
    assert.ok(api.asked[1]!.atMs - api.asked[0]!.atMs >= 990);
  });

  test('ends a call at its deadline, with all its attempts and waits', async () => {
    api = await ScriptedApi.start((_, response) => {
      answer(response, 429, statusBody(429, 'TooManyRequests'), { 'retry-after': '20' });
    });
    const startedAtMs = performance.now();
    const options = { timeoutMs: 300 };
    await assert.rejects(api.client.get(configMaps, REF, options), (e: KubeError) => {
      return e.status === 429; // What the server said is worth more than that time ran out.
    });
    assert.ok(performance.now() - startedAtMs < 2_000);
  });

  test('ends a call whose answer trickles', async () => {
    let timer: NodeJS.Timeout | undefined;
    api = await ScriptedApi.start((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      timer = setInterval(() => response.write(' '), 20);
    });
    const options = { timeoutMs: 300 };
    await assert.rejects(api.client.get(configMaps, REF, options), (e: KubeError) => {
      return e.status === 0 && e.reason === 'Timeout';
    });
    clearInterval(timer);
    assert.equal(api.asked.length, 1);
  });

  test('joins pages by their tokens, each asked for with a bound', async () => {
    api = await ScriptedApi.start(({ query }, response) => {
      assert.equal(query.get('limit'), '250');
      const token = query.get('continue');
      if (token === null) answer(response, 200, listBody('9', ['a', 'b'], 'more'));
      else answer(response, 200, listBody('9', [token]));
    });
    const pick = ({ metadata }: { metadata: { name: string } }) => metadata.name;
    const listed = await api.client.list(configMaps, { namespace: 'shop', pick });
    assert.deepEqual(listed, { items: ['a', 'b', 'more'], resourceVersion: '9' });
    // A version of 0 might be older than what was seen before.
    assert.equal(api.asked[0]!.query.has('resourceVersion'), false);
  });

  test('begins a list again with larger pages where its picture expired', async () => {
    api = await ScriptedApi.start(({ query }, response, count) => {
      if (count === 0) answer(response, 200, listBody('9', ['gone'], 'more'));
      else if (count === 1) answer(response, 410, statusBody(410, 'Expired'));
      else answer(response, 200, listBody('12', [`of ${query.get('limit')}`]));
    });
    const { items, resourceVersion } = await api.client.list(configMaps);
    assert.deepEqual(
      [items.map(({ metadata }) => metadata.name), resourceVersion],
      [['of 1000'], '12'],
    );
    assert.equal(api.asked[2]!.query.has('continue'), false);
  });

  test('asks for smaller pages where one is over the bound', async () => {
    api = await ScriptedApi.start(({ query }, response) => {
      if (Number(query.get('limit')) > 100) {
        response.writeHead(200);
        response.end(Buffer.alloc(limits.kubeResponseBytesMax + 1, ' '));
      } else answer(response, 200, listBody('9', ['a']));
    });
    assert.equal((await api.client.list(configMaps)).items.length, 1);
    assert.equal(api.asked.at(-1)!.query.get('limit'), '63');
  });

  test('shows a token that has changed at once after it was refused', async () => {
    let token = 'old';
    const renew = () => {
      token = 'new';
      return true;
    };
    const reply = ({ authorization }: { authorization: string | undefined }, response: never) => {
      if (authorization === 'Bearer new') answer(response, 200, objectBody('cart', '7'));
      else answer(response, 401, statusBody(401, 'Unauthorized'));
    };
    api = await ScriptedApi.start(reply as never, { token: { current: () => token, renew } });
    assert.ok(await api.client.get(configMaps, REF));
    assert.equal(api.asked.length, 2);
  });

  test('refuses to be asked once it is closed', async () => {
    api = await ScriptedApi.start(() => {});
    const client = new KubeClient(api.config, { userAgent: 'remora-test' });
    const pending = client.get(configMaps, REF);
    await client.close();
    await assert.rejects(pending, (error: KubeError) => error.name === 'KubeError');
    await assert.rejects(client.get(configMaps, REF), (e: KubeError) => e.reason === 'Aborted');
  });
});
