/** Claims about configuration on disk: where one starts from, and what survives a bad file. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ManualClock, systemClock } from '../clock.ts';
import * as limits from '../limits.ts';
import { TimerWheel } from '../timer-wheel.ts';
import { Configuration, type ConfigurationOptions } from './configuration.ts';
import {
  ControlWorld,
  destinationConfig,
  identity,
  plainTarget,
  textOf,
} from './control-fixture.ts';
import { writeSnapshot } from './snapshot-format.ts';

const KEY = 'catalog.shop:80';

function snapshotOf(...versions: readonly (readonly [name: string, version: string])[]): string {
  const texts = versions.map(([name, version]) => textOf(destinationConfig(name), version));
  return [...writeSnapshot(texts)].join('');
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    if (condition()) return;
    await sleep(5);
  }
  assert.fail(`no ${what} in time`);
}

describe('configuration', () => {
  let folder: string;
  let world: ControlWorld;
  const started: Configuration[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'remora-configuration-'));
    world = new ControlWorld();
  });

  afterEach(async () => {
    for (const configuration of started.splice(0)) await configuration.stop();
    rmSync(folder, { recursive: true });
  });

  async function start(sources: Partial<ConfigurationOptions> = {}): Promise<Configuration> {
    const configuration = new Configuration({
      identity,
      control: null,
      snapshot: null,
      lastGood: null,
      inbound: null,
      metrics: world.metrics,
      clock: systemClock,
      requestClock: systemClock,
      wheel: new TimerWheel(systemClock, () => undefined),
      chance: () => 0.5,
      log: world.log,
      isOwnListener: () => false,
      ...sources,
    });
    started.push(configuration);
    await configuration.start();
    return configuration;
  }

  test('of a snapshot file is in force once started', async () => {
    const snapshot = join(folder, 'snapshot.json');
    writeFileSync(snapshot, snapshotOf(['catalog', 'v1'], ['cart', 'v1']));
    const { live, isReady } = await start({ snapshot });
    assert.equal(live.lookup(KEY)?.version, 'v1');
    assert.equal(live.lookup('cart.shop:80')?.version, 'v1');
    assert.equal(isReady, true);
  });

  test('follows the file, and lets go of what it no longer names', async () => {
    const snapshot = join(folder, 'snapshot.json');
    writeFileSync(snapshot, snapshotOf(['catalog', 'v1'], ['cart', 'v1']));
    const { live } = await start({ snapshot });
    writeFileSync(snapshot, snapshotOf(['catalog', 'v2']));
    await until(() => live.lookup(KEY)?.version === 'v2', 'v2');
    await until(() => live.lookup('cart.shop:80') === null, 'end of cart');
  });

  test('takes a change made by hand that kept the version', async () => {
    const snapshot = join(folder, 'snapshot.json');
    writeFileSync(snapshot, snapshotOf(['catalog', 'v1']));
    const { live } = await start({ snapshot });
    writeFileSync(snapshot, snapshotOf(['catalog', 'v1']).replaceAll('9001', '9002'));
    const port = () => live.lookup(KEY)?.fallback.targets[0]?.backend?.endpoints[0]?.port;
    await until(() => port() === 9_002, 'new port');
  });

  test('outlives a file that breaks, and takes it up again when it is mended', async () => {
    const snapshot = join(folder, 'snapshot.json');
    writeFileSync(snapshot, snapshotOf(['catalog', 'v1']));
    const { live } = await start({ snapshot });
    writeFileSync(snapshot, '{"format":');
    await until(() => world.log.count(/cannot be read, what is in force stays/) > 0, 'complaint');
    assert.equal(live.lookup(KEY)?.version, 'v1');
    writeFileSync(snapshot, snapshotOf(['catalog', 'v3']));
    await until(() => live.lookup(KEY)?.version === 'v3', 'v3');
  });

  test('keeps what is in force on disk, and starts from there with nobody to ask', async () => {
    const snapshot = join(folder, 'snapshot.json');
    const lastGood = join(folder, 'last-good.json');
    writeFileSync(snapshot, snapshotOf(['catalog', 'v1'], ['cart', 'v2']));
    const first = await start({ snapshot, lastGood });
    await first.stop();
    assert.deepEqual(
      JSON.parse(readFileSync(lastGood, 'utf8')),
      JSON.parse(readFileSync(snapshot, 'utf8')),
    );
    const second = await start({ lastGood, control: plainTarget('http://127.0.0.1:1') });
    assert.equal(second.live.lookup(KEY)?.version, 'v1');
    assert.equal(second.isReady, true);
  });

  test('of addresses comes back from disk under them, by name or not', async () => {
    const lastGood = join(folder, 'last-good.json');
    const keys = ['10.96.0.7:80', '[fd00::7]:80'];
    const texts = keys.map((key) => textOf(destinationConfig('catalog', { key }), 'v1'));
    writeFileSync(lastGood, [...writeSnapshot(texts)].join(''));
    const { live } = await start({ lastGood });
    assert.deepEqual(
      [...live.texts()].map(({ key, version }) => [key, version]),
      keys.map((key) => [key, 'v1']),
    );
    for (const key of keys) assert.equal(live.lookup(key)?.version, 'v1', key);
  });

  test('without a file to start from is ready once the control plane has spoken', async () => {
    const configuration = await start({ control: plainTarget('http://127.0.0.1:1') });
    assert.equal(configuration.isReady, false);
    // A request that waits for its destination brings none.
    configuration.live.request(KEY, { configReady: () => undefined });
    assert.equal(configuration.isReady, false);
  });

  test('is ready without its control plane after ten seconds, and warns of it once', async () => {
    const clock = new ManualClock();
    let wake = (): void => assert.fail('nothing is waited for');
    const wheel = new TimerWheel(clock, (_delayMs, wakeThen) => {
      wake = wakeThen;
    });
    const { log } = world;
    const configuration = await start({ control: plainTarget('http://127.0.0.1:1'), wheel });
    const passMs = (ms: number): void => {
      clock.advanceMs(ms);
      wake();
    };
    passMs(limits.readyWithoutControlMs - 1);
    assert.equal(configuration.isReady, false);
    passMs(100);
    assert.deepEqual([configuration.isReady, log.count(/ready without/)], [true, 1]);
  });

  test('ignores a last-good file that is broken, and says so', async () => {
    const lastGood = join(folder, 'last-good.json');
    writeFileSync(lastGood, snapshotOf(['catalog', 'v1']).slice(0, 80));
    const { live } = await start({ lastGood });
    assert.equal(live.size, 0);
    assert.equal(world.log.count(/last-good configuration cannot be read/), 1);
  });

  test('says nothing where there is no last-good file yet', async () => {
    await start({ lastGood: join(folder, 'none.json') });
    assert.deepEqual(world.log.lines, []);
  });

  test('of one entry that cannot be served does not keep out the others', async () => {
    const lastGood = join(folder, 'last-good.json');
    const file = snapshotOf(['catalog', 'v1'], ['cart', 'v1']);
    writeFileSync(lastGood, file.replace('"backend":"catalog.shop:80"', '"backend":"nowhere"'));
    const { live } = await start({ lastGood });
    assert.equal(live.lookup(KEY), null);
    assert.equal(live.lookup('cart.shop:80')?.version, 'v1');
  });

  test('that cannot be written costs one line in the log and nothing else', async () => {
    const snapshot = join(folder, 'snapshot.json');
    writeFileSync(snapshot, snapshotOf(['catalog', 'v1']));
    const configuration = await start({ snapshot, lastGood: join(folder, 'none', 'lg.json') });
    await configuration.stop();
    assert.equal(world.log.count(/cannot be written/), 1);
    assert.equal(configuration.live.lookup(KEY)?.version, 'v1');
  });
});
