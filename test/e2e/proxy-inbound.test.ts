/**
 * The inbound role: whatever name a request carries, it goes to the one application behind it.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { fieldValue } from '../support/message-reader.ts';
import { type Origin, response, startOrigin } from '../support/origin.ts';
import { type RunningProxy, startProxy } from '../support/processes.ts';
import { connectRaw, get, type Response } from '../support/raw-client.ts';

describe('the inbound listener', () => {
  let app: Origin;
  let proxy: RunningProxy;
  before(async () => {
    app = await startOrigin();
    proxy = await startProxy({ app: app.address, outbound: false });
  });
  after(async () => {
    await proxy?.stop();
    await app.close();
  });
  beforeEach(() => app.reset());

  test('hands any host to the application, with the host it came with', async () => {
    const client = await connectRaw(proxy.inbound);
    for (const host of ['catalog', 'catalog.shop', 'anything.example:8080']) {
      assert.equal((await client.ask(`GET /x HTTP/1.1\r\nhost: ${host}\r\n\r\n`)).status, 200);
      assert.equal(fieldValue(app.requests.at(-1)!.fields, 'host'), host);
    }
  });

  test("strips the application's own x-remora-error: only Remora says that", async () => {
    app.answer = ({ connection }) =>
      connection.send(response({ status: 503, fields: { 'x-remora-error': 'RMR_FAKE' } }));
    const client = await connectRaw(proxy.inbound);
    const answer = await client.ask(get('http://catalog/'));
    assert.equal(answer.status, 503);
    assert.equal(fieldValue(answer.fields, 'x-remora-error'), undefined);
  });

  test('is strict before the application sees anything', async () => {
    const refused = [
      'GET / HTTP/1.1\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n',
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: a\r\n folded\r\n\r\n',
      'GET /\x00 HTTP/1.1\r\nhost: a\r\n\r\n',
    ];
    for (const bytes of refused) {
      const client = await connectRaw(proxy.inbound);
      assert.equal((await client.ask(bytes)).status, 400, JSON.stringify(bytes));
      await client.closed();
    }
    assert.equal(app.requests.length, 0);
  });

  test('answers for an application that is not there, and says so', async () => {
    const nobody = await startProxy({ app: '127.0.0.1:9', outbound: false });
    try {
      const client = await connectRaw(nobody.inbound);
      const answer = await client.ask(get('http://catalog/'));
      assert([502, 503].includes(answer.status), String(answer.status));
      assert.match(fieldValue(answer.fields, 'x-remora-error') ?? '', /^RMR_/);
    } finally {
      await nobody.stop();
    }
  });
});

describe('the listener for probes and metrics', () => {
  let app: Origin;
  let proxy: RunningProxy;
  before(async () => {
    app = await startOrigin();
    proxy = await startProxy({ app: app.address });
  });
  after(async () => {
    await proxy?.stop();
    await app.close();
  });

  /** A connection for each: these pages may close after an answer. */
  async function page(path: string): Promise<Response> {
    const probe = await connectRaw(proxy.metrics);
    return await probe.ask(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  }

  test('says live and ready, and counts what went through', async () => {
    const client = await connectRaw(proxy.inbound);
    await client.ask(get('http://catalog/'));
    assert.equal((await page('/live')).status, 200);
    assert.equal((await page('/ready')).status, 200);
    assert.match(String((await page('/metrics')).body), /^request_total\{.*\} 1$/m);
  });

  test('does not take orders: drain and configuration are on loopback only', async () => {
    const probe = await connectRaw(proxy.metrics);
    const refused = await probe.ask('POST /drain HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n');
    assert(refused.status >= 400, String(refused.status));
    assert.equal((await page('/config')).status, 404);
  });
});
