/**
 * The two planes together, each a real process: what people ask, asked through the control plane.
 *
 * Configuration and statistics are a real proxy's. Records are put into the store of a second
 * proxy, in this process and on a real stream: when a request leaves one is another test's claim.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { ControlWorld, plainTarget } from '../../proxy/src/control/control-fixture.ts';
import { Queries } from '../../proxy/src/control/queries.ts';
import { Subscription } from '../../proxy/src/control/subscription.ts';
import { attemptRecord, requestRecord } from '@remora/api/record-fixture.ts';
import { LateByHand } from '../../proxy/src/telemetry/late-records-fixture.ts';
import { RecordStore } from '../../proxy/src/telemetry/record-store.ts';
import {
  type ControlPlane,
  type RunningProxy,
  startControlPlane,
  startProxy,
} from '../support/processes.ts';
import { connectRaw, get } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';

const root = join(import.meta.dirname, '../..');
const SERVICE = `
apiVersion: v1
kind: Service
metadata: { name: catalog, namespace: shop }
spec: { ports: [{ port: 80 }] }
`;

describe('a question to a mesh', () => {
  const store = new RecordStore(new LateByHand());
  const record = requestRecord({ requestId: 'asked-for', attempts: [attemptRecord()] });
  let plane: ControlPlane;
  let proxy: RunningProxy;
  let second: Subscription;

  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'remora-questions-'));
    writeFileSync(join(folder, 'catalog.yaml'), SERVICE);
    plane = await startControlPlane(folder);
    proxy = await startProxy({ name: 'client-0', control: plane.url });
    second = subscriptionOf(plane.url, store);
    second.start();
    const names = async () => {
      const status = await ask<{ proxies: readonly unknown[] }>('/v1/status');
      return status.proxies.length;
    };
    let known = 0;
    await until(
      () => {
        void names().then((count) => (known = count));
        return known === 2;
      },
      'both proxies',
      5_000,
    );
  });

  after(async () => {
    second?.stop();
    await proxy?.stop();
    await plane?.program.stop();
  });

  async function ask<T>(path: string): Promise<T> {
    const answer = await fetch(plane.url + path);
    assert.equal(answer.status, 200, path);
    return (await answer.json()) as T;
  }

  /** The command as it is typed. */
  async function remora(...args: readonly string[]): Promise<string> {
    const command = ['control-plane/bin/remora.js', ...args, '--control', plane.url];
    const env = { ...process.env, REMORA_SOURCES: '1' };
    const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: root, env });
    return stdout;
  }

  test('is answered as the proxy answers on its own machine', async () => {
    const client = await connectRaw(proxy.outbound);
    await client.ask(get('http://catalog/'));
    client.close();
    for (const page of ['config', 'stats']) {
      const asked = await ask<Record<string, unknown>>(`/v1/proxies/client-0/${page}`);
      const own = await (await fetch(`http://${proxy.admin}/${page}`)).json();
      // Of statistics, what time alone changes is left out.
      const { uptimeSeconds, residentBytes, ...rest } = asked;
      assert.deepEqual(
        { ...(own as object), uptimeSeconds, residentBytes },
        {
          ...rest,
          uptimeSeconds,
          residentBytes,
        },
      );
    }
    assert.match(await remora('config', 'client-0'), /catalog\.shop:80 {2}version/);
  });

  test('explains a request from the record of the proxy that saw it', async () => {
    store.add(record);
    const { records, asked, silent } = await ask<{
      readonly records: readonly unknown[];
      readonly asked: number;
      readonly silent: readonly unknown[];
    }>('/v1/explain?id=asked-for');
    assert.deepEqual([records, asked, silent], [[record], 2, []]);
    assert.match(await remora('explain', 'asked-for'), /shop\/web-0 → catalog\.shop:80/);
  });

  test('taps requests while they end, and nothing when it is over', async () => {
    const lines = remora('tap', 'canary', '--for', '2s', '--json');
    await until(() => store.wantsAll, 'a tap', 5_000);
    store.add(requestRecord({ requestId: 'tapped', reason: 'asked' }));
    store.add(requestRecord({ requestId: 'other', reason: 'asked', rule: 'x', destination: 'y' }));
    const seen = (await lines).trim().split('\n');
    assert.deepEqual(
      seen.map((line) => (JSON.parse(line) as { requestId: string }).requestId),
      ['tapped'],
    );
    await until(() => !store.wantsAll, 'its end', 5_000);
  });
});

/** A proxy's side of the stream, and of questions; nothing else of a proxy. */
function subscriptionOf(url: string, records: RecordStore): Subscription {
  const { live, installer, metrics, clock, log } = new ControlWorld();
  return new Subscription({
    ...{ control: plainTarget(url), live, installer, metrics, clock, log },
    identity: { name: 'web-0', namespace: 'shop', workload: 'web' },
    chance: () => 0,
    hasInbound: false,
    queries: new Queries({ records, clock, configPieces: () => [], statsPieces: () => [] }),
  });
}
