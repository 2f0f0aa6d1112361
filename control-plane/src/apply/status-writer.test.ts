import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as limits from '../limits.ts';
import { silentLog } from '../log.ts';
import { type SourceName, sourceKey } from '../publish/acks.ts';
import {
  type StatusPort,
  StatusWriter,
  type WantedStatus,
  type WrittenStatus,
} from './status-writer.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function wanted(name: string, status: 'True' | 'False', message = ''): WantedStatus {
  const condition = { type: 'Applied', status, reason: 'Because', message, observedGeneration: 1 };
  return { kind: 'TrafficRoute', namespace: 'shop', name, status: { conditions: [condition] } };
}

/** An API server that remembers, and fails or waits when told to. */
class Port implements StatusPort {
  readonly stands = new Map<string, WrittenStatus>();
  readonly writes: string[] = [];
  failing = 0;
  slowMs = 0;
  atOnce = 0;
  atOnceMax = 0;

  async readAll() {
    return new Map(this.stands);
  }

  async write(target: SourceName, status: WrittenStatus) {
    this.atOnceMax = Math.max(this.atOnceMax, ++this.atOnce);
    if (this.slowMs > 0) await pause(this.slowMs);
    this.atOnce--;
    if (this.failing-- > 0) throw new Error('the API server is away');
    this.writes.push(status.conditions[0]?.message ?? '');
    this.stands.set(sourceKey(target), status);
    return true;
  }
}

async function opened(port: Port) {
  const writer = new StatusWriter(port, silentLog);
  await writer.open();
  return writer;
}

describe('the writer of statuses', () => {
  test('a new leader does not write anew what stands there already', async () => {
    const port = new Port();
    const first = await opened(port);
    first.want([wanted('catalog', 'True')]);
    await pause(5);
    first.close();
    const second = await opened(port);
    second.want([wanted('catalog', 'True')]);
    await pause(5);
    second.close();
    assert.equal(port.writes.length, 1);
  });

  test('an object that is deleted and made again has nothing of what stood there', async () => {
    const port = new Port();
    const first = await opened(port);
    first.want([wanted('catalog', 'True')]);
    await pause(20);
    first.close();
    const second = await opened(port);
    second.want([wanted('catalog', 'True')]);
    second.want([]);
    second.want([wanted('catalog', 'True')]);
    await pause(20);
    second.close();
    assert.equal(port.writes.length, 2);
  });

  test('a condition keeps the time at which its status changed, whatever its message', async () => {
    const port = new Port();
    const old = '2026-01-01T00:00:00Z';
    const { status } = wanted('catalog', 'True', 'by 1');
    const conditions = status.conditions.map((each) => ({ ...each, lastTransitionTime: old }));
    port.stands.set('TrafficRoute/shop/catalog', { conditions });
    const writer = await opened(port);
    const timeNow = () =>
      port.stands.get('TrafficRoute/shop/catalog')?.conditions[0]?.lastTransitionTime;
    writer.want([wanted('catalog', 'True', 'by 2')]);
    await pause(5);
    assert.equal(timeNow(), old);
    writer.want([wanted('catalog', 'False', 'by 3')]);
    await pause(limits.statusEveryMs + 50);
    writer.close();
    assert.notEqual(timeNow(), old);
  });

  test('of what changes faster than it is written only the newest is', async () => {
    const port = new Port();
    const writer = await opened(port);
    for (let i = 0; i < 50; i++) {
      writer.want([wanted('catalog', i % 2 === 0 ? 'True' : 'False', `by ${i}`)]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await pause(limits.statusEveryMs + 50);
    writer.close();
    assert.deepEqual(port.writes, ['by 0', 'by 49']);
  });

  test('counts alone wait longer than what somebody waits for', async () => {
    const port = new Port();
    const writer = await opened(port);
    writer.want([wanted('catalog', 'False', 'by 1')]);
    await pause(5);
    writer.want([wanted('catalog', 'False', 'by 2')]);
    await pause(limits.statusEveryMs + 100);
    assert.deepEqual(port.writes, ['by 1']);
    writer.want([wanted('catalog', 'True', 'by 3')]);
    await pause(50);
    assert.deepEqual(port.writes, ['by 1', 'by 3']);
    writer.want([wanted('catalog', 'True', 'by 3 of 3')]);
    await pause(limits.statusCountsMs + 100);
    writer.close();
    assert.deepEqual(port.writes, ['by 1', 'by 3', 'by 3 of 3']);
  });

  test('a write that failed is tried again', async () => {
    const port = new Port();
    port.failing = 1;
    const writer = await opened(port);
    writer.want([wanted('catalog', 'True')]);
    await pause(limits.statusEveryMs + 100);
    writer.close();
    assert.equal(port.writes.length, 1);
  });

  test('a thousand at once are written a few at a time', async () => {
    const port = new Port();
    port.slowMs = 1;
    const writer = await opened(port);
    writer.want(Array.from({ length: 200 }, (_, i) => wanted(`route-${i}`, 'True')));
    while (port.writes.length < 200) await pause(5);
    writer.close();
    assert.equal(port.atOnceMax, limits.statusWritesMax);
  });
});
