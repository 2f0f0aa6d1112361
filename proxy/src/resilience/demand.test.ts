/** Demand against the plain count of a second. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Demand } from './demand.ts';

describe('demand', () => {
  test('is over from 1.2 arrivals per answer, and from 20 arrivals', () => {
    const demand = new Demand();
    for (let i = 0; i < 24; i++) demand.onArrival(0);
    for (let i = 0; i < 20; i++) demand.onAnswer(0);
    assert.equal(demand.isOver(0), false);
    demand.onArrival(0);
    assert.equal(demand.isOver(0), true);
    const little = new Demand();
    for (let i = 0; i < 19; i++) little.onArrival(0);
    assert.equal(little.isOver(0), false);
  });

  test('property: counts the last ten buckets and no older one', () => {
    const event = fc.record({ waitMs: fc.nat(400), isArrival: fc.boolean(), count: fc.nat(30) });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const demand = new Demand();
        const seen: { bucket: number; isArrival: boolean; count: number }[] = [];
        let nowMs = 0;
        for (const { waitMs, isArrival, count } of events) {
          nowMs += waitMs;
          for (let i = 0; i < count; i++) {
            if (isArrival) demand.onArrival(nowMs);
            else demand.onAnswer(nowMs);
          }
          seen.push({ bucket: Math.floor(nowMs / 100), isArrival, count });
          const recent = seen.filter((one) => one.bucket > Math.floor(nowMs / 100) - 10);
          const sum = (of: boolean): number =>
            recent.reduce((total, one) => total + (one.isArrival === of ? one.count : 0), 0);
          const isOver = sum(true) >= 20 && sum(true) > 1.2 * sum(false);
          assert.equal(demand.isOver(nowMs), isOver);
        }
      }),
    );
  });
});
