/** A slowed body on a clock moved by hand: what goes down, when, and that nothing is lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ManualClock } from '../clock.ts';
import { TimerWheel } from '../timer-wheel.ts';
import type { BodyPiece } from '../net/body-writer.ts';
import { SlowBody } from './slow-body.ts';

function bench() {
  const clock = new ManualClock();
  const next = { atMs: Number.POSITIVE_INFINITY, wake: (): void => undefined };
  const wheel = new TimerWheel(clock, (delayMs, wake) => {
    next.atMs = clock.nowMs() + delayMs;
    next.wake = wake;
  });
  const sent: Buffer[] = [];
  const ends: boolean[] = [];
  const user = {
    downstream: { isBlocked: false },
    sendPart({ bytes, start, end }: BodyPiece): void {
      sent.push(Buffer.from(bytes.subarray(start, end)));
    },
    onPartsSent(isLast: boolean): void {
      ends.push(isLast);
    },
  };
  const slow = new SlowBody(wheel, user);
  /** Goes from wake to wake, up to this instant. */
  function advanceMs(ms: number): void {
    const untilMs = clock.nowMs() + ms;
    while (next.atMs <= untilMs) {
      clock.advanceMs(Math.max(0, next.atMs - clock.nowMs()));
      next.atMs = Number.POSITIVE_INFINITY;
      next.wake();
    }
    clock.advanceMs(Math.max(0, untilMs - clock.nowMs()));
  }
  return { slow, user, sent, ends, advanceMs };
}

function pieceOf(bytes: Buffer, isLast: boolean): BodyPiece {
  const end = bytes.length;
  const none = { isStable: false, isPinned: false, trailers: null };
  return { ...none, bytes, start: 0, end, isLast };
}

test('property: a slowed piece goes down whole, and takes as long as its rate says', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 2_000 }),
      fc.integer({ min: 1, max: 100_000 }),
      (content, rate) => {
        const { slow, sent, ends, advanceMs } = bench();
        slow.begin(pieceOf(Buffer.from(content), true), rate);
        const wholeMs = (content.length * 1_000) / rate;
        advanceMs(wholeMs * 0.9 - 60);
        assert.deepEqual(ends, []);
        advanceMs(wholeMs * 1.2 + 2_000);
        assert.deepEqual(ends, [true]);
        assert.deepEqual(Buffer.concat(sent), Buffer.from(content));
      },
    ),
  );
});

test('a slowed body is its own: what it came in may be read into again', () => {
  const { slow, sent, advanceMs } = bench();
  const bytes = Buffer.from('hello');
  slow.begin(pieceOf(bytes, false), 1_000);
  bytes.fill('x');
  advanceMs(200);
  assert.equal(String(Buffer.concat(sent)), 'hello');
});

test('a client that does not read is waited for', () => {
  const { slow, user, sent, ends, advanceMs } = bench();
  user.downstream.isBlocked = true;
  slow.begin(pieceOf(Buffer.from('hello'), false), 1_000);
  advanceMs(1_000);
  assert.deepEqual([sent.length, slow.isBusy], [0, true]);
  user.downstream.isBlocked = false;
  advanceMs(1_000);
  assert.deepEqual([ends, slow.isBusy], [[false], false]);
});

test('nothing goes down once it was stopped', () => {
  const { slow, sent, ends, advanceMs } = bench();
  slow.begin(pieceOf(Buffer.from('hello'), true), 10);
  slow.stop();
  advanceMs(10_000);
  assert.deepEqual([sent, ends], [[], []]);
});
