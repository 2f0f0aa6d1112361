/**
 * Kubelet's probes of an application: counted apart from users, and not failed for what users do.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PROBE_RULE } from '@remora/api/wire-resilience.ts';
import type { MatchConfig } from '@remora/api/wire.ts';
import { fieldValue } from '../support/message-reader.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { type RunningProxy, startProxy } from '../support/processes.ts';
import { askOnce, errorOf, get, type Response } from '../support/raw-client.ts';
import { inboundConfig, writeSnapshot } from '../support/snapshot.ts';

const KUBELET = { 'user-agent': 'kube-probe/1.34' };
/** What kubelet is not counted by, a port and a second. */
const PROBE_RATE = 20;
const MATCH: MatchConfig = {
  ...{ rule: 0, path: { type: 'exact', value: '/healthz' }, method: 'GET' },
  ...{ headers: [], query: [], source: null },
};
const PROBED = {
  matches: [MATCH],
  rules: [{ id: PROBE_RULE, priority: 'critical', duplicates: null }],
} as const;

describe("kubelet's probes", () => {
  let app: Origin;
  let proxy: RunningProxy;
  before(async () => {
    app = await startOrigin();
    // Nobody but kubelet gets through twice.
    const key = { type: 'all', name: '' } as const;
    const rateLimits = [{ ratePerSecond: 0.001, burst: 1, key }];
    const snapshot = writeSnapshot([], inboundConfig({ ...PROBED, rateLimits }));
    proxy = await startProxy({ snapshot, app: app.address });
  });
  after(async () => {
    await proxy?.stop();
    await app?.close();
  });

  async function ask(path: string, fields: Record<string, string> = {}): Promise<Response> {
    return await askOnce(proxy.inbound, get(`http://app${path}`, fields));
  }
  async function metrics(): Promise<string> {
    return await (await fetch(`http://${proxy.metrics}/metrics`)).text();
  }

  test('pass a rate limit that users have reached, up to a rate of their own', async () => {
    assert.equal((await ask('/')).status, 200);
    assert.equal(errorOf(await ask('/')), 'RMR_RATE_LIMITED');
    const probe = await ask('/healthz', KUBELET);
    assert.equal(probe.status, 200);
    // The path is not enough, nor is the name.
    assert.equal(errorOf(await ask('/healthz')), 'RMR_RATE_LIMITED');
    assert.equal(errorOf(await ask('/items', KUBELET)), 'RMR_RATE_LIMITED');
    const codes: (string | undefined)[] = [];
    for (let turn = 0; turn < 3 * PROBE_RATE; turn++) {
      codes.push(errorOf(await ask('/healthz', KUBELET)));
    }
    assert(codes.includes('RMR_RATE_LIMITED'), codes.join());
  });

  test('are no requests of users in metrics, in either dialect, nor on /stats', async () => {
    const page = await metrics();
    const counts = (line: RegExp): number[] => {
      return [...page.matchAll(line)].map(([, count]) => Number(count));
    };
    const [users] = counts(/^request_total\{direction="inbound".*\} (\d+)$/gm);
    const [probes] = counts(/^remora_probe_requests_total\{direction="inbound".*\} (\d+)$/gm);
    const answered = /^remora_probe_responses_total\{.*status_code="200".*\} (\d+)$/gm;
    assert.deepEqual(counts(answered), [probes]);
    const plain = counts(/^http_request_duration_seconds_count\{.*\} (\d+)$/gm);
    assert(probes !== undefined && probes >= PROBE_RATE, page);
    // One that came through, three that were over the rate, and the probes beyond their own.
    const refused = 3 * PROBE_RATE + 1 - probes;
    assert.equal(users, 4 + refused);
    assert.equal(
      plain.reduce((sum, count) => sum + count, 0),
      users,
    );
    const stats = await (await fetch(`http://${proxy.admin}/stats`)).json();
    const [row] = (stats as { inbound: { requests: number }[] }).inbound;
    assert.equal(row?.requests, users);
  });
});

test("kubelet's probes begin no trace, where every other request does", async () => {
  const app = await startOrigin();
  const tracing = { collector: null, sampleRatio: 1, slowMs: null };
  const snapshot = writeSnapshot([], inboundConfig({ ...PROBED, tracing }));
  const proxy = await startProxy({ snapshot, app: app.address });
  try {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    for (const fields of [{}, KUBELET, { ...KUBELET, traceparent }]) {
      await askOnce(proxy.inbound, get('http://app/healthz', fields));
    }
    const flags = app.requests.map(({ fields }) => fieldValue(fields, 'traceparent')?.slice(-2));
    assert.deepEqual(flags, ['01', '00', '01']);
  } finally {
    await proxy.stop();
    await app.close();
  }
});
