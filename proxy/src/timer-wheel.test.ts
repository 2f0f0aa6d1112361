/** The wheel against a plain list of due times. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ManualClock } from './clock.ts';
import { TimerWheel, WheelTimer } from './timer-wheel.ts';

/** Runs a wheel on a hand-moved clock: wakes exactly when it asked to. */
class Bench {
  readonly clock = new ManualClock();
  #wake: (() => void) | null = null;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  wakes = 0;
  readonly wheel = new TimerWheel(this.clock, (delayMs, wake) => {
    this.#wake = wake;
    this.#wakeAtMs = this.clock.nowMs() + delayMs;
  });

  advanceMs(ms: number): void {
    const untilMs = this.clock.nowMs() + ms;
    while (this.#wakeAtMs <= untilMs) {
      this.clock.advanceMs(Math.max(0, this.#wakeAtMs - this.clock.nowMs()));
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.wakes++;
      this.#wake?.();
    }
    this.clock.advanceMs(Math.max(0, untilMs - this.clock.nowMs()));
  }
}

describe('a timer wheel', () => {
  test('wakes for a far timer though a nearer slot is filled with a later one', () => {
    const bench = new Bench();
    let firedAtMs = 0;
    bench.wheel.arm(new WheelTimer(() => (firedAtMs = bench.clock.nowMs())), 300);
    bench.advanceMs(200);
    bench.wheel.arm(new WheelTimer(() => undefined), 10);
    bench.advanceMs(15);
    bench.wheel.arm(new WheelTimer(() => undefined), 200);
    bench.wheel.arm(new WheelTimer(() => undefined), 5);
    bench.advanceMs(300);
    assert(firedAtMs >= 300 && firedAtMs <= 302, `fired at ${firedAtMs}`);
  });

  for (const dueMs of [102, 10_002]) {
    test(`skips nothing that falls due while another fires, such as at ${dueMs} ms`, () => {
      const bench = new Bench();
      let firedAtMs = 0;
      bench.wheel.arm(new WheelTimer(() => (firedAtMs = bench.clock.nowMs())), dueMs);
      bench.advanceMs(dueMs - 52);
      const slow = new WheelTimer(() => {
        bench.clock.advanceMs(5);
        bench.wheel.arm(slow, 1_000);
      });
      bench.wheel.arm(slow, 49);
      bench.advanceMs(900);
      assert(firedAtMs >= dueMs && firedAtMs <= dueMs + 10, `fired at ${firedAtMs}`);
    });
  }

  test('property: fires every timer once, never early and at most 2 ms late', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ startMs: fc.nat(5_000), delayMs: fc.nat(60_000) }), {
          maxLength: 40,
        }),
        (plans) => {
          const bench = new Bench();
          const fired = plans.map(() => [] as number[]);
          const sorted = plans.map((plan, index) => ({ ...plan, index }));
          sorted.sort((a, b) => a.startMs - b.startMs);
          for (const plan of sorted) {
            bench.advanceMs(plan.startMs - bench.clock.nowMs());
            const timer = new WheelTimer(() => fired[plan.index]!.push(bench.clock.nowMs()));
            bench.wheel.arm(timer, plan.delayMs);
          }
          bench.advanceMs(70_000);
          for (const [index, plan] of plans.entries()) {
            const dueMs = plan.startMs + plan.delayMs;
            assert.equal(fired[index]!.length, 1);
            assert.ok(fired[index]![0]! >= dueMs, `early: ${fired[index]![0]} < ${dueMs}`);
            assert.ok(fired[index]![0]! <= dueMs + 2, `late: ${fired[index]![0]} > ${dueMs}`);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a cancelled timer never fires, and arming again moves it', () => {
    const bench = new Bench();
    let fired = 0;
    const timer = new WheelTimer(() => fired++);
    bench.wheel.arm(timer, 100);
    bench.wheel.cancel(timer);
    bench.advanceMs(1_000);
    assert.equal(fired, 0);
    bench.wheel.arm(timer, 100);
    bench.wheel.arm(timer, 5_000);
    bench.advanceMs(4_999);
    assert.equal(fired, 0);
    bench.advanceMs(2);
    assert.equal(fired, 1);
  });

  test('wakes at most a few times for a far timer, so that an idle proxy sleeps', () => {
    const bench = new Bench();
    bench.wheel.arm(new WheelTimer(() => undefined), 60_000);
    bench.advanceMs(60_001);
    assert.ok(bench.wakes <= 8, `${bench.wakes} wake-ups`);
  });

  test('what fires may arm itself again without being lost or looping', () => {
    const bench = new Bench();
    let fired = 0;
    const timer = new WheelTimer(() => {
      fired++;
      bench.wheel.arm(timer, 10);
    });
    bench.wheel.arm(timer, 10);
    bench.advanceMs(1_000);
    assert.ok(fired >= 90 && fired <= 100, `${fired} times`);
  });
});
