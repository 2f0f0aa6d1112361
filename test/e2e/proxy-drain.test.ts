/**
 * Going away: SIGTERM loses no request that was sent, and ends the process by itself.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLoad } from '../support/load.ts';
import { fieldValue } from '../support/message-reader.ts';
import { type Origin, response, startOrigin } from '../support/origin.ts';
import { type RunningProxy, startProxy } from '../support/processes.ts';
import { connectRaw, get } from '../support/raw-client.ts';
import { destination, writeSnapshot } from '../support/snapshot.ts';
import { until, within } from '../support/waiting.ts';

describe('SIGTERM', () => {
  let origin: Origin;
  let proxy: RunningProxy | undefined;
  before(async () => {
    origin = await startOrigin();
  });
  afterEach(async () => await proxy?.stop());
  after(async () => await origin.close());

  async function start(): Promise<RunningProxy> {
    proxy = await startAnother();
    return proxy;
  }

  async function startAnother(): Promise<RunningProxy> {
    const app = destination({ name: 'app', endpoints: [origin.address] });
    return await startProxy({ snapshot: writeSnapshot([app]), app: origin.address });
  }

  for (const role of ['outbound', 'inbound'] as const) {
    test(`under keep-alive load loses no ${role} request and ends with 0`, async () => {
      origin.answer = ({ connection }) => {
        setTimeout(() => connection.send(response({ body: 'ok' })), 3);
      };
      const running = await start();
      const other = await startAnother();
      // Clients change to the other instance when told to close, as callers of a Service do.
      const addresses = [running[role], other[role]];
      const load = startLoad({ addresses, clients: 16, request: get('http://app/') });
      await until(() => load.answered >= 300, 'the load to run');
      running.signal('SIGTERM');
      const exit = await within(running.exited, 20_000, () => `the end:\n${running.logs}`);
      const answered = load.answered;
      await until(() => load.answered >= answered + 100, 'the load to go on elsewhere');
      const result = await load.stop();
      await other.stop();
      assert.deepEqual(result.lost, []);
      assert.deepEqual([...result.answers.keys()], ['200']);
      assert.deepEqual(exit, { code: 0, signal: null });
    });
  }

  test('waits for the answer that is on its way, and says close with it', async () => {
    origin.answer = ({ connection }) => {
      setTimeout(() => connection.send(response({ body: 'slow' })), 400);
    };
    const running = await start();
    const client = await connectRaw(running.inbound);
    client.send(get('http://app/'));
    await sleep(100);
    running.signal('SIGTERM');
    const answer = await client.response();
    assert.equal(answer.body.toString(), 'slow');
    assert.equal(fieldValue(answer.fields, 'connection')?.toLowerCase(), 'close');
    assert.equal(await client.closed(), 'end');
    const exit = await within(running.exited, 5_000, () => 'the end');
    assert.deepEqual(exit, { code: 0, signal: null });
  });

  test('without load ends within three seconds, idle connections cleanly closed', async () => {
    const running = await start();
    const idle = await connectRaw(running.outbound);
    running.signal('SIGTERM');
    const exit = await within(running.exited, 3_000, () => `the end:\n${running.logs}`);
    assert.deepEqual(exit, { code: 0, signal: null });
    assert.equal(await idle.closed(), 'end');
  });

  test('turns readiness off before anything is refused', async () => {
    origin.answer = ({ connection }) => {
      setTimeout(() => connection.send(response({ body: 'slow' })), 600);
    };
    const running = await start();
    const probe = await connectRaw(running.metrics);
    assert.equal((await probe.ask('GET /ready HTTP/1.1\r\nhost: a\r\n\r\n')).status, 200);
    const client = await connectRaw(running.outbound);
    client.send(get('http://app/'));
    await sleep(50);
    running.signal('SIGTERM');
    await sleep(50);
    const again = await connectRaw(running.metrics);
    assert.equal((await again.ask('GET /ready HTTP/1.1\r\nhost: a\r\n\r\n')).status, 503);
    assert.equal((await client.response()).body.toString(), 'slow');
  });
});
