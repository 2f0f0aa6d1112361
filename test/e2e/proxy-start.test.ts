/** Claims about what a proxy has done when it says that it is ready. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RunningProxy, startProxy } from '../support/processes.ts';
import { until } from '../support/waiting.ts';

describe('a proxy that says ready', () => {
  let proxy: RunningProxy;

  before(async () => {
    proxy = await startProxy({ app: '127.0.0.1:9' });
  });
  after(() => proxy.stop());

  test('has warmed up before, and says so', async () => {
    await until(
      () => proxy.logs.includes('"missed":null,"msg":"warmed up"'),
      () => proxy.logs,
    );
  });

  test('counts, logs and keeps nothing of it', async () => {
    const metrics = await (await fetch(`http://${proxy.metrics}/metrics`)).text();
    const counted = [...metrics.matchAll(/^(request_total|response_total)\S* (\d+)$/gm)];
    assert.deepEqual(counted.filter(([, , count]) => count !== '0').map(String), []);
    assert.doesNotMatch(metrics, /warm-up/);
    const config = await (await fetch(`http://${proxy.admin}/config`)).text();
    assert.doesNotMatch(config, /warm-up/);
  });
});
