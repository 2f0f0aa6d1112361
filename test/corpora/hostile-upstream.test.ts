/**
 * A hostile upstream behind a real proxy: a bad answer becomes a 502 and its connection is never
 * used again; what nobody asked for never reaches the next request.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { responseCases } from './essential-responses.ts';
import { relayResponse } from './pipeline.ts';
import { ProxyProcess } from './proxy-process.ts';
import { plainAnswer, RecordingUpstream } from './recording-upstream.ts';
import { corpusCases } from './shared-corpora.ts';
import { readResponses } from './strict-grammar.ts';

const HOSTILE = Buffer.from('GET /hostile HTTP/1.1\r\nHost: a.test\r\n\r\n');
const NEXT = Buffer.from('GET /next HTTP/1.1\r\nHost: a.test\r\n\r\n');
const END_AFTER_MS = 20;
/** More answers than any will be. */
const WAIT_FOR_CLOSE = 9;
const CASES = [
  ...responseCases.map(({ name, raw }) => ({ id: name, bytes: Buffer.from(raw, 'latin1') })),
  ...corpusCases(['response']),
];

describe('a hostile upstream', () => {
  const upstream = new RecordingUpstream();
  let proxy: ProxyProcess;
  before(async () => {
    proxy = await ProxyProcess.start(await upstream.listen());
  });
  after(async () => {
    await proxy.stop();
    upstream.close();
  });

  for (const { id, bytes } of CASES) {
    test(`${id}: its client gets a canonical answer, and the next one its own`, async () => {
      const predicted = relayResponse(bytes);
      // A switch of protocols that its client never asked for is no answer.
      const headGood = predicted.sent.length > 0 && !predicted.sent.includes('HTTP/1.1 101');
      const cut = headGood && predicted.whole === 0;
      const unfinished = cut && predicted.refused === 0;
      upstream.mark();
      upstream.answer = (_received, socket) => {
        socket.write(bytes);
        // A body without an end of its own, or without its end.
        const needsEnd = predicted.refused === 0 && (predicted.closes || predicted.whole === 0);
        if (needsEnd) setTimeout(() => socket.end(), END_AFTER_MS);
      };
      const { answer, closed } = await proxy.exchange(HOSTILE, unfinished ? WAIT_FOR_CLOSE : 1);
      const first = upstream.received[0]!;
      const { messages, fault, leftover } = readResponses(answer, ['GET'], false);
      assert.equal(fault, null);
      const isOurs = messages[0]?.fields.some(([name]) => name === 'x-remora-error') ?? false;
      if (!headGood) assert.ok(isOurs && messages[0]?.status === 502);
      // A fault behind a good head: 502 if nothing went down yet, else an end nobody can miss.
      else if (cut && !isOurs) assert.ok(closed && (leftover > 0 || messages.length === 0));
      else assert.equal(isOurs, cut);
      if (predicted.refused !== 0) assert.ok(!upstream.isOpen(first.connection));

      upstream.mark();
      upstream.answer = plainAnswer;
      const next = await proxy.exchange(NEXT, 1);
      const own = upstream.received.at(-1)!;
      assert.equal(own.message.target, '/next');
      const reading = readResponses(next.answer, ['GET'], false);
      assert.equal(reading.fault, null);
      assert.deepEqual(
        reading.messages.map(({ status, body }) => [status, body]),
        [[200, 'ok']],
      );
      assert.ok(
        reading.messages[0]!.fields.some(
          ([name, value]) => name === 'x-up' && value === String(own.number),
        ),
      );
      if (predicted.refused !== 0) assert.notEqual(own.connection, first.connection);
    });
  }
});
