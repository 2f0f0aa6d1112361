/**
 * A MeshConfig changes which requests have spans, and where these go, in a sidecar that runs.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Collector, startCollector } from '../../proxy/src/telemetry/collector-fixture.ts';
import { type Origin, sayOk, startOrigin } from '../support/origin.ts';
import {
  type ControlPlane,
  type RunningProxy,
  startControlPlane,
  startProxy,
} from '../support/processes.ts';
import { askOnce } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';

const HEAD = 'apiVersion: remora.dev/v1alpha1\nkind: MeshConfig\nmetadata: { name: mesh }\n';

describe('tracing by a MeshConfig', () => {
  let folder: string;
  let control: ControlPlane;
  let app: Origin;
  let proxy: RunningProxy;
  let first: Collector;
  let second: Collector;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'remora-tracing-'));
    say('{}');
    [first, second] = [await startCollector(), await startCollector()];
    app = await startOrigin();
    control = await startControlPlane(folder);
    proxy = await startProxy({ control: control.url, app: app.address });
  });

  after(async () => {
    await proxy?.stop();
    await control?.program.stop();
    await app?.close();
    await Promise.all([first?.stop(), second?.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  function say(spec: string): void {
    writeFileSync(join(folder, 'mesh.yaml'), `${HEAD}spec: ${spec}\n`);
  }

  async function ask(path: string): Promise<void> {
    const { status } = await askOnce(proxy.inbound, `GET ${path} HTTP/1.1\r\nhost: app\r\n\r\n`);
    assert.equal(status, 200);
  }

  const spansOf = ({ batches }: Collector, path: string): boolean =>
    batches.join('').includes(path);

  /** Asks until the sidecar goes by what was said last. */
  async function untilSeen(collector: Collector, path: string): Promise<void> {
    let times = 0;
    await until(async () => {
      await ask(`${path}/${times++}`);
      return spansOf(collector, path);
    }, `spans of ${path}`);
  }

  test('is off where it says nothing, and begins without a restart', async () => {
    await ask('/before');
    say(`{ tracing: { collector: "${first.url}", sample: 1 } }`);
    await untilSeen(first, '/first');
    assert.equal(spansOf(first, '/before'), false);
  });

  test('moves to another collector', async () => {
    say(`{ tracing: { collector: "${second.url}", sample: 1 } }`);
    await untilSeen(second, '/second');
    const had = first.batches.length;
    await untilSeen(second, '/third');
    assert.equal(first.batches.length, had);
  });

  test('takes what is slow alone where nothing is sampled', async () => {
    app.answer = async (request) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      sayOk(request);
    };
    say(`{ tracing: { collector: "${second.url}", sample: 0, slow: 10ms } }`);
    await untilSeen(second, '/slow');
    say(`{ tracing: { collector: "${second.url}", sample: 0, slow: 1h } }`);
    let quick = 0;
    await until(async () => {
      await ask(`/quick/${quick++}`);
      const had = second.batches.length;
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      return second.batches.length === had;
    }, 'no more spans');
  });
});
