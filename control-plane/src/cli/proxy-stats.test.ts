/** Claims about asking all proxies: how many at a time, and what time does to the rest. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProxyStatus } from '../status.ts';
import { askStats } from './proxy-stats.ts';
import type { Io } from './verb.ts';

const io: Io = {
  terminal: { write: () => true },
  env: {},
  out() {},
  err() {},
  onInterrupt() {},
};
const proxies: readonly ProxyStatus[] = Array.from({ length: 40 }, (_, at) => {
  return { name: `web-${at}`, namespace: 'shop', workload: 'web', uses: 0 };
});

test('every proxy is asked, 16 at a time, and those left when time is up are named', async (t) => {
  let underWay = 0;
  let most = 0;
  const server = createServer(async (_request, response) => {
    most = Math.max(most, ++underWay);
    await sleep(400);
    underWay--;
    response.end('{}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const control = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = async (limitMs?: number) => {
    const heard: string[] = [];
    const question = { options: { control }, io, ...(limitMs !== undefined && { limitMs }) };
    const silent = await askStats(proxies, question, ({ name }) => heard.push(name));
    return { heard, silent };
  };

  const all = await ask();
  assert.deepEqual([new Set(all.heard).size, all.silent, most], [40, [], 16]);

  const some = await ask(200);
  assert.deepEqual([some.heard.length, some.silent.length], [16, 24]);
  assert.deepEqual(some.silent[0], {
    proxy: 'web-16',
    why: 'not asked: the others took 200 ms.',
  });
});
