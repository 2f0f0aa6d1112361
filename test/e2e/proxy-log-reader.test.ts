/** A log that nobody reads any more costs its lines, which are counted, and not the proxy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProxy } from '../support/processes.ts';

const DROPPED = /^remora_access_log_lines_dropped_total (\d+)/m;

test('goes on when the reader of its log has gone, counts, and ends in order', async (t) => {
  const proxy = await startProxy();
  t.after(async () => await proxy.stop());
  proxy.child.stderr!.destroy();
  const metrics = async () => await (await fetch(`http://${proxy.metrics}/metrics`)).text();
  // What no route knows is refused by Remora itself, which is worth a line.
  const ask = async () => (await fetch(`http://${proxy.outbound}/`)).status;
  let dropped = 0;
  for (let second = 0; second < 10 && dropped === 0; second++) {
    assert.equal(await ask(), 404);
    await sleep(300); // Longer than a line waits.
    assert.equal(await ask(), 404);
    dropped = Number(DROPPED.exec(await metrics())?.[1]);
  }
  assert(dropped > 0, 'no line was counted as dropped');
  const exit = await proxy.stop('SIGTERM');
  assert.deepEqual(exit, { code: 0, signal: null });
});
