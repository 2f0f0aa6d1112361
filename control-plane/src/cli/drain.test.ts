/** Claims about `remora drain`: what it asks of a proxy, what it says, how it ends. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { drain } from './drain.ts';
import { EXIT_FOUND, EXIT_OK, EXIT_UNAVAILABLE, EXIT_USAGE } from './exit-codes.ts';

describe('remora drain', () => {
  let server: Server;
  let asked: string[];
  /** What the proxy says of its drain, one after the other; the last for ever. */
  let phases: string[];

  beforeEach(async () => {
    [asked, phases] = [[], ['in-closed']];
    server = createServer(({ method, url }, response) => {
      asked.push(`${method} ${url}`);
      if (method === 'GET' && phases[0] === 'silent') return;
      if (method === 'GET' && phases[0] === 'reset') return void response.destroy();
      if (method === 'GET' && phases[0] === 'busy') {
        phases.shift();
        return void response.writeHead(503, { connection: 'close' }).end();
      }
      response.writeHead(method === 'POST' ? 202 : 200, { connection: 'close' });
      if (method === 'POST') return void response.end('draining');
      const phase = phases.length > 1 ? phases.shift() : phases[0];
      response.end(JSON.stringify({ phase, inFlight: 3 }));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  async function run(options: Readonly<Record<string, string>> = {}) {
    const lines: string[] = [];
    const keep = (line: string) => void lines.push(line);
    const io = { terminal: { write: () => true }, env: {}, out: keep, err: keep, onInterrupt() {} };
    const admin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { code: await drain.run([], { admin, wait: '0', ...options }, io), lines };
  }

  test('tells the proxy to leave, and does not wait unless asked to', async () => {
    assert.equal((await run()).code, EXIT_OK);
    assert.deepEqual(asked, ['POST /drain']);
  });

  test('waits until the way in is closed', async () => {
    phases = ['closing-in', 'closing-in', 'in-closed'];
    const { code, lines } = await run({ wait: '10' });
    assert.deepEqual([code, asked.length], [EXIT_OK, 4]);
    assert.match(lines[1]!, /the way in is closed/);
  });

  test('ends with 1 and says what is in flight when the time is up', async () => {
    phases = ['closing-in'];
    const { code, lines } = await run({ wait: '0.2' });
    assert.equal(code, EXIT_FOUND);
    assert.match(lines[1]!, /not closed, 3 in flight/);
  });

  test('takes a connection that ends without an answer for a proxy that has ended', async () => {
    phases = ['reset'];
    assert.equal((await run({ wait: '10' })).code, EXIT_OK);
  });

  test('does not take silence for its end, and says so when the time is up', async () => {
    phases = ['silent'];
    const { code, lines } = await run({ wait: '0.3' });
    assert.equal(code, EXIT_FOUND);
    assert.match(lines[1]!, /does not answer; it goes on draining/);
  });

  test('asks again where the answer said nothing', async () => {
    phases = ['busy', 'in-closed'];
    const { code } = await run({ wait: '10' });
    assert.deepEqual([code, asked.length], [EXIT_OK, 3]);
  });

  test('says where it looked when no proxy is there', async () => {
    const { code, lines } = await run({ admin: '127.0.0.1:1' });
    assert.equal(code, EXIT_UNAVAILABLE);
    assert.match(lines[0]!, /No proxy drains at 127\.0\.0\.1:1: /);
  });

  test('is used wrongly with no time and with no address', async () => {
    assert.equal((await run({ wait: 'long' })).code, EXIT_USAGE);
    assert.equal((await run({ admin: 'a b' })).code, EXIT_USAGE);
  });
});
