/** Claims about the requests that a proxy serves to itself first. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { addressOf, parseFlags, type ProxyOptions } from './flags.ts';
import * as limits from './limits.ts';
import { type RunningProxy, startProxy } from './proxy.ts';
import { warmUp } from './warm-up.ts';
import { LineLog } from './telemetry/log.ts';

const GIVEN = parseFlags([
  ...['--name', 'web-0', '--namespace', 'shop', '--intercept', '--inbound', '127.0.0.1:1'],
  ...['--admin', '127.0.0.1:1', '--metrics', '127.0.0.1:1', '--control', 'http://127.0.0.1:1'],
  ...['--snapshot', '/nobody/has', '--last-good', '/nobody/has', '--traces', 'http://127.0.0.1:1'],
  ...['--front', 'web', '--access-log', 'all'],
]) as ProxyOptions;

describe('a warm-up', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  test('leads requests of each kind through both roles of a proxy, which then ends', async () => {
    const lines: string[] = [];
    const sink = { writableLength: 0, write: (bytes: Uint8Array) => lines.push(`${bytes}`) > 0 };
    const log = new LineLog(sink, 'spare', () => 0);
    const proxies: RunningProxy[] = [];
    const { missed } = await warmUp(GIVEN, async (options) => {
      const proxy = await startProxy(options, log);
      proxies.push(proxy);
      return proxy;
    });
    assert.equal(missed, null);
    const [proxy] = proxies;
    assert.equal(await proxy!.drained, true, 'nothing was cut off');
    log.flush();
    const served = lines
      .flatMap((text) => text.split('\n'))
      .filter((line) => line.includes('"method"'))
      .map((line): Record<string, unknown> => JSON.parse(line))
      .map(({ direction, method, status }) => `${direction} ${method} ${status}`);
    const each = ['outbound GET 200', 'inbound GET 200', 'outbound POST 201', 'inbound POST 201'];
    const rounds = Array.from({ length: limits.warmUpRounds / 2 }, () => each);
    assert.deepEqual(served.sort(), rounds.flat().sort());
    for (const address of Object.values(proxy!.addresses)) {
      const socket = connect(addressOf('a listener', address));
      const [error] = await once(socket, 'error');
      assert.equal((error as NodeJS.ErrnoException).code, 'ECONNREFUSED');
    }
  });

  test('has nothing of what the proxy to come is to read, ask, tell or listen on', async () => {
    let staged: ProxyOptions | null = null;
    await warmUp(GIVEN, (options) => {
      staged = options;
      return Promise.reject(new Error('not today'));
    });
    const { identity, outbound, inbound, app, destinations, accessLog, ...rest } = staged!;
    const { sampleRatio, slowMs, probes, ...others } = rest;
    assert.deepEqual(others, {
      ...{ intercept: false, front: null, admin: null, metrics: null, appMetrics: null },
      ...{ control: null, snapshot: null, lastGood: null, traces: null },
    });
    assert.notEqual(identity.name, GIVEN.identity.name);
    assert.deepEqual([outbound, inbound], Array(2).fill({ host: '127.0.0.1', port: 0 }));
    assert.equal(app!.host, '127.0.0.1');
    assert.equal(destinations.length, 1);
    assert.deepEqual(
      { accessLog, sampleRatio, slowMs, probes },
      {
        accessLog: GIVEN.accessLog,
        sampleRatio: GIVEN.sampleRatio,
        slowMs: GIVEN.slowMs,
        probes: GIVEN.probes,
      },
    );
  });

  test('says why where no proxy can be started', async () => {
    const { missed } = await warmUp(GIVEN, () => Promise.reject(new Error('not today')));
    assert.equal(missed, 'not today');
  });

  test('is over in time where nobody answers, and says so', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    servers.push(silent);
    await once(silent, 'listening');
    const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    let hasEnded = false;
    const { missed, tookMs } = await warmUp(GIVEN, async () => ({
      addresses: { outbound: address, inbound: address },
      end: () => {
        hasEnded = true;
      },
    }));
    assert.match(missed!, /^not answered within 250 ms/);
    assert.equal(hasEnded, true);
    assert.ok(tookMs >= limits.warmUpMsMax - 2, `${tookMs} ms`);
  });
});
