import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import * as limits from '../limits.ts';
import { configMaps } from './resource.ts';
import { answer, line, listBody, objectBody, ScriptedApi, statusBody } from './scripted-api.ts';
import { Watch, type WatchOptions } from './watch.ts';

type Stream = (response: ServerResponse, count: number) => void;

describe('a watch', () => {
  let api: ScriptedApi;
  let watch: Watch<string>;
  let told: string[];
  let listed: number;

  afterEach(async () => {
    await watch.close();
    await api.close();
  });

  /** `lists` are answered in turn, the last one from then on; each stream is what it does. */
  async function start(
    lists: readonly (readonly string[])[],
    stream: Stream,
    options: Partial<WatchOptions<string>> = {},
  ): Promise<void> {
    told = [];
    listed = 0;
    let streams = 0;
    api = await ScriptedApi.start(({ query }, response) => {
      if (query.get('watch') === 'true') {
        stream(response, streams++);
        return;
      }
      const names = lists[Math.min(listed, lists.length - 1)]!;
      listed++;
      answer(response, 200, listBody(String(listed * 10), names));
    });
    watch = new Watch<string>(api.client, {
      resource: configMaps,
      pick: ({ metadata }) => metadata.name,
      onReset: (names) => told.push(`all ${names.join(' ')}`),
      onEvents: (batch) => told.push(batch.map((e) => `${e.type} ${e.object}`).join(', ')),
      onState: (state) => told.push(state),
      chance: () => 0,
      ...options,
    });
    watch.start();
    await watch.synced;
  }

  async function hears(...wanted: string[]): Promise<void> {
    const endAtMs = performance.now() + 10_000;
    while (told.length < wanted.length && performance.now() < endAtMs) await sleep(5);
    assert.deepEqual(told, wanted);
  }

  function asked(): (string | null)[] {
    const streams = api.asked.filter(({ query }) => query.has('watch'));
    return streams.map(({ query }) => query.get('resourceVersion'));
  }

  test('lists again after a 410, whether it is the answer or an event in the stream', async () => {
    await start([['a', 'b'], ['a'], ['c']], (response, count) => {
      if (count === 0) {
        response.writeHead(200);
        response.write(line('DELETED', objectBody('a', '11')));
        response.end(line('ERROR', statusBody(410, 'Expired')));
      } else if (count === 1) answer(response, 410, statusBody(410, 'Gone'));
      else response.writeHead(200).flushHeaders();
    });
    const begun = ['syncing', 'all a b', 'synced', 'delete a', 'lagging'];
    await hears(...begun, 'all a', 'synced', 'lagging', 'all c', 'synced');
    assert.equal(listed, 3);
  });

  test('resumes behind the last event or bookmark when its stream ends', async () => {
    await start([['a']], (response, count) => {
      response.writeHead(200);
      if (count === 0) response.end(line('ADDED', objectBody('b', '14')));
      else if (count === 1) response.end(line('BOOKMARK', { metadata: { resourceVersion: '30' } }));
      else response.write(line('MODIFIED', objectBody('b', '31')));
    });
    await hears('syncing', 'all a', 'synced', 'put b', 'put b');
    assert.deepEqual(asked(), ['10', '14', '30']);
    assert.equal(listed, 1);
  });

  test('resumes where a connection broke within a line, and takes nothing of it', async () => {
    const event = line('ADDED', objectBody('b', '14'));
    await start([['a']], (response, count) => {
      response.writeHead(200);
      if (count === 0) response.write(event.slice(0, 30), () => response.destroy());
      else response.write(event);
    });
    await hears('syncing', 'all a', 'synced', 'lagging', 'synced', 'put b');
    assert.deepEqual(asked(), ['10', '10']);
  });

  test('opens again a stream on which half a line came and then nothing', async () => {
    const event = line('ADDED', objectBody('b', '14'));
    const options = { stallMs: 200 };
    const half: Stream = (response, count) => {
      response.writeHead(200);
      response.write(count === 0 ? event.slice(0, 30) : event);
    };
    await start([['a']], half, options);
    await hears('syncing', 'all a', 'synced', 'put b');
    assert.deepEqual(asked().slice(0, 2), ['10', '10']);
  });

  test('is patient with a stream that trickles', async () => {
    const event = Buffer.from(line('ADDED', objectBody('grüße', '14')));
    const trickle: Stream = async (response) => {
      response.writeHead(200);
      for (const byte of event) {
        response.write(Uint8Array.of(byte));
        await sleep(10);
      }
    };
    await start([['a']], (response) => void trickle(response, 0), { stallMs: 400 });
    await hears('syncing', 'all a', 'synced', 'put grüße');
    assert.equal(asked().length, 1);
  });

  test('tells what came before a line that makes no sense, and then lists again', async () => {
    await start([['a'], ['a', 'b', 'c']], (response, count) => {
      response.writeHead(200);
      if (count > 0) response.flushHeaders();
      else response.end(`${line('ADDED', objectBody('b', '14'))}<html>\n`);
    });
    const after = ['lagging', 'all a b c', 'synced'];
    await hears('syncing', 'all a', 'synced', 'put b', ...after);
  });

  test('tells what one read brought as one batch', async () => {
    await start([['a']], (response) => {
      const lines = [line('ADDED', objectBody('b', '14')), line('DELETED', objectBody('a', '15'))];
      response.writeHead(200);
      response.write(lines.join(''));
    });
    await hears('syncing', 'all a', 'synced', 'put b, delete a');
  });

  test('waits as long as a server that is busy asks for', async () => {
    await start([['a']], (response, count) => {
      const busy = statusBody(429, 'TooManyRequests');
      if (count === 0) answer(response, 429, busy, { 'retry-after': '1' });
      else response.writeHead(200).flushHeaders();
    });
    await hears('syncing', 'all a', 'synced', 'lagging', 'synced');
    const streams = api.asked.filter(({ query }) => query.has('watch'));
    assert.ok(streams[1]!.atMs - streams[0]!.atMs >= 990);
  });

  test('does not run in circles with a server that ends every stream at once', async () => {
    await start([['a']], (response) => void response.writeHead(200).end());
    await sleep(1_000);
    assert.ok(asked().length <= 5, `${asked().length} streams in a second`);
    assert.equal(listed, 1);
  });

  test('lists again where a server keeps refusing the version that it is asked for', async () => {
    const tooNew = statusBody(504, 'Timeout', 'Too large resource version');
    await start([['a'], ['b']], (response, count) => {
      if (count < 5) answer(response, 504, tooNew, { 'retry-after': '0' });
      else response.writeHead(200).flushHeaders();
    });
    await until(() => told.includes('all b'));
    assert.deepEqual(asked().slice(0, 5), ['10', '10', '10', '10', '10']);
  });

  test('lists again where its receiver threw, so that nothing is lost by it', async () => {
    let threw = false;
    const onEvents = () => {
      if (threw) return;
      threw = true;
      throw new Error('a fault of the receiver');
    };
    const stream: Stream = (response, count) => {
      response.writeHead(200);
      if (count === 0) response.write(line('ADDED', objectBody('b', '14')));
      else response.flushHeaders();
    };
    await start([['a'], ['a', 'b']], stream, { onEvents });
    await hears('syncing', 'all a', 'synced', 'lagging', 'all a b', 'synced');
  });

  test('says why it is not synced while its first list is refused', async () => {
    api = await ScriptedApi.start((_, response) => {
      answer(response, 403, statusBody(403, 'Forbidden', 'no'));
    });
    const states: string[] = [];
    watch = new Watch<string>(api.client, {
      resource: configMaps,
      onReset: () => {},
      onEvents: () => {},
      onState: (state, why) => states.push(`${state} ${why ?? ''}`),
    });
    watch.start();
    await until(() => states.length === 2);
    assert.match(states[1]!, /^syncing Cannot list configmaps: .* the verb "list" on "configmaps"/);
    await watch.close();
    await assert.rejects(watch.synced, /was closed/);
  });

  test('of a kind that the cluster does not have tells that there are none, once', async () => {
    api = await ScriptedApi.start((_, response) => {
      answer(response, 404, statusBody(404, 'NotFound', 'the server could not find it'));
    });
    told = [];
    watch = new Watch<string>(api.client, {
      resource: configMaps,
      isOptional: true,
      onReset: (objects) => told.push(`all ${objects.length}`),
      onEvents: () => {},
      onState: (state) => told.push(state),
      chance: () => 0,
    });
    watch.start();
    await watch.synced;
    await until(() => api.asked.length === 2);
    assert.deepEqual(told, ['syncing', 'all 0', 'synced']);
    const [first, second] = api.asked;
    assert.ok(second!.atMs - first!.atMs >= limits.kubeAbsentMs / 2 - 10);
  });

  async function until(holds: () => boolean): Promise<void> {
    const endAtMs = performance.now() + 15_000;
    while (!holds()) {
      assert.ok(performance.now() < endAtMs, `in time: ${told}`);
      await sleep(5);
    }
  }
});
