/** Claims about the one-destination control plane of the swap bench. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { ControlMessage, ProxyMessage } from '@remora/api/wire.ts';
import { destinationsOf } from '../remora-config.ts';
import { wideTable } from '../route-table.ts';
import { SnapshotFeeder } from './snapshot-feeder.ts';

test('a subscriber gets the snapshot at once and each swap after it', async () => {
  const [first, second] = [0, 1].map((shift) => destinationsOf(wideTable(20_000, 8, 8, shift))[0]!);
  const feeder = new SnapshotFeeder([first!, second!]);
  const url = new URL(await feeder.listen());
  const socket = connect(Number(url.port), url.hostname);
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const tell = (message: ProxyMessage) => socket.write(`${JSON.stringify(message)}\n`);
  const nextMessage = async (): Promise<ControlMessage> => {
    for (;;) {
      const { value } = (await lines.next()) as { value: string };
      if (value.startsWith('{')) return JSON.parse(value) as ControlMessage;
    }
  };
  try {
    socket.write('GET /v1/config HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n');
    socket.write('Upgrade: remora-config/1\r\n\r\n');
    tell({ type: 'subscribe', destination: first!.key });
    const put = await nextMessage();
    assert.ok(put.type === 'put' && put.config.rules.length === 8);

    feeder.swap(1, 'v2');
    const swapped = await nextMessage();
    assert.ok(swapped.type === 'put' && swapped.version === 'v2');
    assert.notDeepEqual(swapped.config.rules, put.config.rules);
    tell({ type: 'applied', destination: second!.key, version: 'v2' });
    tell({ type: 'subscribe', destination: 'other.shop:80' });
    assert.equal((await nextMessage()).type, 'gone');
    assert.notEqual(feeder.swaps[0]!.appliedAfterMs, null);
  } finally {
    socket.destroy();
    await once(socket, 'close');
    feeder.close();
  }
});
