import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { within } from '../../../test/support/waiting.ts';
import * as limits from '../limits.ts';
import { CollectorConnection, type PostResult, readCollectorUrl } from './collector-connection.ts';
import { ManualTime, startCollector, startRaw } from './collector-fixture.ts';

const TAKEN = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';

let time: ManualTime;
let connection: CollectorConnection;

beforeEach(() => {
  time = new ManualTime();
});

afterEach(() => connection.close());

describe('an answer', () => {
  test('in chunks, behind a 103, is read whole, and the connection kept', async () => {
    const collector = await startCollector((response) => {
      response.writeEarlyHints({ link: '</a>; rel=preload' });
      response.write('{"a":');
      response.end('"é"}');
    });
    connectTo(collector.url);
    for (let turn = 0; turn < 2; turn++) {
      const { status, body } = await post();
      assert.deepEqual([status, body], [200, '{"a":"é"}']);
    }
    assert.equal(collector.connections, 1);
    await collector.stop();
  });

  test('that refuses is the last of its connection: the next may be well', async () => {
    const collector = await startCollector((response) => {
      response.statusCode = collector.connections === 1 ? 404 : 200;
      response.end();
    });
    connectTo(collector.url);
    const answers = [await post(), await post(), await post()];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [404, 200, 200],
    );
    assert.equal(collector.connections, 2);
    await collector.stop();
  });

  test('that ends with the connection is read whole', async () => {
    const result = await answered((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n{"a":1}'));
    assert.deepEqual([result.status, result.body], [200, '{"a":1}']);
  });

  test('cut anywhere by the network means the same', async () => {
    for (let cut = 1; cut < TAKEN.length; cut++) {
      const result = await answered((socket) => {
        socket.setNoDelay(true);
        socket.write(TAKEN.slice(0, cut));
        setTimeout(() => socket.write(TAKEN.slice(cut)), 2);
      });
      assert.deepEqual([result.status, result.body], [200, '{}']);
    }
  });

  test('without end is believed by its status, and left', async () => {
    const result = await answered((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.write('x'.repeat(2 * limits.spanAnswerBytesMax));
    });
    assert.equal(result.status, 200);
    assert.ok(result.body.length < 2 * limits.spanAnswerBytesMax);
  });

  test('with bytes behind it is believed, and the connection not used again', async () => {
    let connections = 0;
    const raw = await startRaw((socket) => {
      connections++;
      socket.write(`${TAKEN}HTTP/1.1 200 OK\r\n`);
    });
    connectTo(raw.url);
    assert.equal((await post()).status, 200);
    assert.equal((await post()).status, 200);
    assert.equal(connections, 2);
    await raw.stop();
  });

  test('says how long to wait in seconds, or not at all', async () => {
    const asked = { '7': 7_000, 'Wed, 21 Oct 2026 07:28:00 GMT': -1, '-1': -1, '': -1 };
    for (const [value, waitMs] of Object.entries(asked)) {
      const head = `HTTP/1.1 503 No\r\nretry-after: ${value}\r\ncontent-length: 0\r\n\r\n`;
      const { status, retryAfterMs } = await answered((socket) => socket.write(head));
      assert.deepEqual([status, retryAfterMs], [503, waitMs], value);
    }
  });
});

describe('no answer comes of a collector that', () => {
  const ODD: Record<string, [bytes: string, why: RegExp]> = {
    'speaks no HTTP': ['SSH-2.0-OpenSSH_9.2\r\n', /not HTTP/],
    'closes at once': ['', /closed/],
    'closes in the middle of its head': ['HTTP/1.1 200 OK\r\ncontent-le', /closed/],
    'closes in the middle of its body': [
      'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}',
      /closed/,
    ],
    'breaks its chunks': [
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
      /not HTTP/,
    ],
    'switches protocols': [
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
      /not HTTP/,
    ],
    'sends interim answers only': ['HTTP/1.1 100 Continue\r\n\r\n'.repeat(20), /never/],
    'sends a head without end': [`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(300)}`, /not HTTP/],
  };
  for (const [what, [bytes, why]] of Object.entries(ODD)) {
    test(what, async () => {
      const result = await answered((socket) => socket.end(bytes));
      assert.equal(result.status, 0);
      assert.match(result.why, why);
    });
  }

  test('has no address', async () => {
    connectTo('http://collector.invalid:4318');
    assert.match((await post()).why, /collector\.invalid/);
  });

  test('is silent, once its time is over', async () => {
    const raw = await startRaw(() => undefined);
    connectTo(raw.url);
    const posted = post();
    time.advanceMs(limits.spanAnswerTimeoutMs);
    assert.match((await posted).why, /no answer in 10000 ms/);
    await raw.stop();
  });
});

test('a closed connection reports nothing more', async () => {
  const raw = await startRaw(() => undefined);
  connectTo(raw.url);
  let reports = 0;
  connection.post(Buffer.from('{}'), () => reports++);
  connection.close();
  time.advanceMs(limits.spanAnswerTimeoutMs);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(reports, 0);
  await raw.stop();
});

test('a URL that cannot be used is refused, with what to write instead', () => {
  connectTo('http://127.0.0.1:4318');
  assert.throws(() => readCollectorUrl('https://collector:4318'), /plain http only, not https/);
  assert.throws(() => readCollectorUrl('collector:4318'), /plain http only/);
  assert.throws(() => readCollectorUrl('127.0.0.1'), /such as http:/);
  assert.throws(() => readCollectorUrl('http://me:secret@collector:4318'), /no user/);
});

function connectTo(url: string): void {
  connection = new CollectorConnection(readCollectorUrl(url), time.wheel);
}

async function post(): Promise<PostResult> {
  const posted = new Promise<PostResult>((resolve) => {
    connection.post(Buffer.from('{}'), resolve);
  });
  return await within(posted, 20_000, () => 'the result of a POST');
}

/** The result of a POST to one that does this once it was asked. */
async function answered(onRequest: (socket: Socket) => void): Promise<PostResult> {
  const raw = await startRaw(onRequest);
  connectTo(raw.url);
  const result = await post();
  connection.close();
  await raw.stop();
  return result;
}
