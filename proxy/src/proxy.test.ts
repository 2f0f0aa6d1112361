/** The whole proxy, as far as only the whole shows it: where it says that it listens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFlags } from './flags.ts';
import { startProxy } from './proxy.ts';
import { LineLog } from './telemetry/log.ts';

test('every listener is named as it is dialled, IPv6 in brackets', async () => {
  const options = parseFlags([
    ...['--outbound', '[::1]:0', '--inbound', '[::1]:0', '--app', '[::1]:1'],
    ...['--admin', '[::1]:0', '--metrics', '127.0.0.1:0'],
  ]);
  assert.ok(typeof options !== 'string');
  const log = new LineLog({ writableLength: 0, write: () => true }, 'remora-proxy', () => 0);
  const proxy = await startProxy(options, log);
  try {
    const { metrics, ...others } = proxy.addresses;
    assert.match(metrics!, /^127\.0\.0\.1:[1-9]\d*$/);
    assert.deepEqual(Object.keys(others), ['outbound', 'inbound', 'admin']);
    for (const address of Object.values(others)) assert.match(address, /^\[::1\]:[1-9]\d*$/);
  } finally {
    proxy.end();
    await proxy.drained;
  }
});
