/**
 * Server-sent events pass undelayed: what the upstream wrote now, the client reads now.
 *
 * A proxy that waited for a full buffer, for a tick of a timer, or for the next write would be late
 * by at least the pause between two events, which is why the pause is long and the bound short.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Hop, startHop } from '../support/hop.ts';
import { chunk, type OriginRequest } from '../support/origin.ts';
import { get } from '../support/raw-client.ts';

const EVENTS = 8;
const PAUSE_MS = 120;
const LATE_MS_MAX = 50;

describe('server-sent events', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['app']);
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.origin.reset());

  async function delaysMs(head: string, frame: (text: string) => Buffer): Promise<number[]> {
    const sentAtMs: number[] = [];
    hop.origin.answer = async ({ connection }: OriginRequest) => {
      connection.send(head);
      for (let at = 0; at < EVENTS; at++) {
        await sleep(PAUSE_MS);
        sentAtMs.push(performance.now());
        connection.send(frame(`data: ${at}\n\n`));
      }
    };
    const client = await hop.connect();
    client.send(get('http://app/events', { accept: 'text/event-stream' }));
    await client.bodyParts(EVENTS, EVENTS * PAUSE_MS + 5_000);
    assert.equal(client.parts.length, EVENTS, 'two events came as one, or one in two');
    return client.parts.map((part, at) => part.atMs - sentAtMs[at]!);
  }

  const FRAMINGS: Record<string, [string, (text: string) => Buffer]> = {
    chunked: ['transfer-encoding: chunked\r\n', chunk],
    'ended by closing': ['', (text) => Buffer.from(text)],
    'of a given length': ['content-length: 100000\r\n', (text) => Buffer.from(text)],
  };

  for (const [framing, [field, frame]] of Object.entries(FRAMINGS)) {
    test(`${framing}, arrive within ${LATE_MS_MAX} ms each`, async () => {
      const head = `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n${field}\r\n`;
      const delays = await delaysMs(head, frame);
      const late = delays.filter((delay) => delay > LATE_MS_MAX);
      assert.deepEqual(late, [], `delays in ms: ${delays.map(Math.round).join(' ')}`);
    });
  }
});
