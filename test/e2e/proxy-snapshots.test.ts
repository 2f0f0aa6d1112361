/**
 * Configuration that changes under load: nothing is lost, and the last word holds.
 *
 * The control plane here is a stub, so that changes come as fast as the stream takes them.
 */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { ControlStub } from '../support/control-stub.ts';
import { startLoad } from '../support/load.ts';
import { type Origin, response, startOrigin } from '../support/origin.ts';
import { type RunningProxy, startProxy } from '../support/processes.ts';
import { askOnce, connectRaw, get } from '../support/raw-client.ts';
import { destination, inboundConfig, keyOf, writeSnapshot } from '../support/snapshot.ts';
import { until } from '../support/waiting.ts';

const SWAPS = 40;

describe('a snapshot', () => {
  let origins: Origin[];
  let control: ControlStub;
  let proxy: RunningProxy | undefined;

  before(async () => {
    control = new ControlStub();
    await control.listen();
    origins = await Promise.all([1, 2, 3].map(async () => await startOrigin()));
    origins.forEach((origin, at) => {
      origin.answer = ({ connection }) => connection.send(response({ body: String(at) }));
    });
  });
  afterEach(async () => await proxy?.stop());
  after(async () => {
    await control.close();
    await Promise.all(origins.map(async (origin) => await origin.close()));
  });

  function configOf(...chosen: number[]) {
    return destination({ name: 'app', endpoints: chosen.map((at) => origins[at]!.address) });
  }

  test('swapped under load loses no request, and the last one holds', async () => {
    control.put(configOf(0));
    proxy = await startProxy({ control: control.url });
    const load = startLoad({
      addresses: [proxy.outbound],
      clients: 8,
      request: get('http://app/'),
    });
    for (let swap = 0; swap < SWAPS; swap++) {
      await control.answered(control.put(configOf(swap % 3, (swap + 1) % 3)));
      const answered = load.answered;
      await until(() => load.answered >= answered + 5, 'the load to go on');
    }
    const version = control.put(configOf(2));
    assert.equal((await control.answered(version)).type, 'applied');
    const result = await load.stop();
    assert.deepEqual(result.lost, []);
    assert.deepEqual([...result.answers.keys()], ['200']);
    assert(result.answers.get('200')! > SWAPS, 'there was no load to speak of');

    const client = await connectRaw(proxy.outbound);
    for (let sent = 0; sent < 10; sent++) {
      assert.equal((await client.ask(get('http://app/'))).body.toString(), '2');
    }
  });

  test('swapped faster than connections are made fails no request that still waits', async () => {
    control.put(configOf(0));
    proxy = await startProxy({ control: control.url });
    const load = startLoad({
      addresses: [proxy.outbound],
      clients: 16,
      request: get('http://app/'),
    });
    await until(() => load.answered > 50, 'the load to run');
    let version = '';
    for (let swap = 0; swap < 5 * SWAPS; swap++) {
      version = control.put(configOf(swap % 3));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await control.answered(version);
    const result = await load.stop();
    assert.deepEqual(result.lost, []);
    assert.deepEqual([...result.answers.keys()], ['200']);
  });

  test('is asked for on first use, and only what is used is asked for', async () => {
    control.heard.length = 0;
    control.put(configOf(0));
    control.put(destination({ name: 'other', endpoints: [origins[1]!.address] }));
    proxy = await startProxy({ control: control.url });
    const client = await connectRaw(proxy.outbound);
    assert.equal((await client.ask(get('http://app/'))).body.toString(), '0');
    const asked = control.heard.flatMap((one) =>
      one.type === 'subscribe' ? [one.destination] : [],
    );
    assert.deepEqual(asked, [keyOf('app')]);
  });

  test('stays in force while the control plane is away, and after its return', async () => {
    control.put(configOf(0));
    proxy = await startProxy({ control: control.url });
    const client = await connectRaw(proxy.outbound);
    assert.equal((await client.ask(get('http://app/'))).body.toString(), '0');
    control.heard.length = 0;
    control.drop();
    assert.equal((await client.ask(get('http://app/'))).body.toString(), '0');
    await until(() => control.heard.some((one) => one.type === 'hello'), 'the reconnect', 10_000);
    await control.answered(control.put(configOf(1)));
    assert.equal((await client.ask(get('http://app/'))).body.toString(), '1');
  });

  test('is kept on disk, and serves a start without a control plane', async () => {
    const lastGood = join(mkdtempSync(join(tmpdir(), 'remora-last-good-')), 'last-good.json');
    control.put(configOf(1));
    proxy = await startProxy({ control: control.url, lastGood });
    const first = await connectRaw(proxy.outbound);
    assert.equal((await first.ask(get('http://app/'))).body.toString(), '1');
    await proxy.stop('SIGTERM');

    proxy = await startProxy({ control: 'http://127.0.0.1:9', lastGood });
    const second = await connectRaw(proxy.outbound);
    assert.equal((await second.ask(get('http://app/'))).body.toString(), '1');
  });
});

test('a rate limit ends when the file no longer tells the inbound of it', async () => {
  const app = await startOrigin();
  const key = { type: 'all', name: '' } as const;
  const limited = inboundConfig({ rateLimits: [{ ratePerSecond: 0.01, burst: 1, key }] });
  const snapshot = writeSnapshot([], limited);
  const proxy = await startProxy({ app: app.address, snapshot });
  try {
    const status = async () => (await askOnce(proxy.inbound, get('http://app/'))).status;
    assert.deepEqual([await status(), await status()], [200, 429]);
    copyFileSync(writeSnapshot([]), snapshot);
    await until(async () => (await status()) === 200, 'the end of the limit');
    assert.deepEqual([await status(), await status()], [200, 200]);
  } finally {
    await proxy.stop();
    await app.close();
  }
});
