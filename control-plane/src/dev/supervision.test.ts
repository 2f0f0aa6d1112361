/** Claims about starting again, readiness, ports and arrivals: small decisions of the runner. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { nextArrivalMs } from './load.ts';
import { Ports } from './ports.ts';
import { type Probe, ReadinessCount } from './readiness.ts';
import { nextPauseMs } from './supervised.ts';

const probe: Probe = {
  type: 'http',
  path: '/',
  headers: {},
  periodMs: 1_000,
  timeoutMs: 1_000,
  successThreshold: 2,
  failureThreshold: 3,
};

describe('the pause before a restart', () => {
  test('doubles from 250 ms up to 10 s', () => {
    const pauses = [0];
    for (let i = 0; i < 7; i++) pauses.push(nextPauseMs(pauses.at(-1) ?? 0, 10));
    assert.deepEqual(pauses.slice(1), [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000]);
  });

  test('begins anew after a life of 20 s', () => {
    assert.equal(nextPauseMs(10_000, 19_999), 10_000);
    assert.equal(nextPauseMs(10_000, 20_000), 250);
  });
});

describe('readiness', () => {
  test('needs so many successes in a row', () => {
    const count = new ReadinessCount(probe);
    for (const succeeded of [true, false, true]) count.note(succeeded);
    assert.equal(count.isReady, false);
    count.note(true);
    assert.equal(count.isReady, true);
  });

  test('ends only after so many failures in a row', () => {
    const count = new ReadinessCount(probe);
    for (const succeeded of [true, true, false, false, true, false, false]) count.note(succeeded);
    assert.equal(count.isReady, true);
    count.note(false);
    assert.equal(count.isReady, false);
  });
});

describe('ports', () => {
  test('are never given twice, also when the wanted one is the next', async () => {
    const ports = new Ports(Math.random);
    const first = await ports.take();
    const taken = await Promise.all([ports.take(first + 1), ports.take(), ports.take(first)]);
    assert.equal(new Set([first, ...taken]).size, 4);
  });

  test('are others than the wanted one when that is taken', async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    t.after(() => server.close());
    const address = server.address();
    const taken = typeof address === 'object' ? address?.port : undefined;
    assert.notEqual(await new Ports(Math.random).take(taken), taken);
  });
});

describe('arrivals', () => {
  test('come at the wanted rate, at random intervals', () => {
    let sumMs = 0;
    const count = 10_000;
    for (let i = 0; i < count; i++) sumMs += nextArrivalMs(25, (i + 0.5) / count);
    assert.ok(Math.abs(sumMs / count - 40) < 0.5);
    assert.ok(nextArrivalMs(25, 0.1) < nextArrivalMs(25, 0.9));
  });
});
