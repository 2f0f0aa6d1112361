/** Who waits, and how long, once congestion is confirmed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AdmissionBench, Asker } from './admission-fixture.ts';
import { OUTCOME } from './outcome.ts';
import { PRIORITY, QUEUED, SHED } from './ticket.ts';

describe('confirmed congestion', () => {
  /** Congested for 200 ms, its one place taken, and far more arrivals than answers. */
  function congested(): { bench: AdmissionBench; current: Asker; waiting: Asker[] } {
    const bench = new AdmissionBench([1]);
    bench.slots[0]!.limit!.phase = 'congested';
    bench.apply({});
    bench.advanceMs(200);
    const current = bench.sent();
    return { bench, current, waiting: bench.waiting(25) };
  }

  test('serves the newest first, but the critical before them and in their order', () => {
    const { bench, current, waiting } = congested();
    const critical = bench.waiting(2, { priority: PRIORITY.critical });
    bench.done(current, OUTCOME.NOTHING_LEARNED);
    assert.deepEqual(critical[0]!.heard, ['admitted']);
    bench.done(critical[0]!, OUTCOME.NOTHING_LEARNED);
    bench.done(critical[1]!, OUTCOME.NOTHING_LEARNED);
    assert.deepEqual(waiting.at(-1)!.heard, ['admitted']);
    assert.deepEqual(waiting[0]!.heard, []);
  });

  test('lets nobody but the critical wait for more than 12 ms', () => {
    const { bench, waiting } = congested();
    const critical = bench.waiting(1, { priority: PRIORITY.critical })[0]!;
    bench.advanceMs(11);
    assert.equal(bench.admission.waiting, 26);
    bench.advanceMs(2);
    for (const asker of waiting) assert.deepEqual(asker.heard, ['RMR_OVERLOADED']);
    assert.deepEqual(critical.heard, []);
  });

  test('makes the oldest give way to the newest in a full queue', () => {
    const { bench, waiting } = congested();
    bench.waiting(75);
    assert.equal(bench.ask(new Asker()), QUEUED);
    assert.deepEqual(waiting[0]!.heard, ['RMR_OVERLOADED']);
    assert.equal(bench.admission.waiting, 100);
  });

  test('lets no critical one give way to another', () => {
    const { bench } = congested();
    bench.apply({ waitingMax: 30 });
    bench.waiting(30, { priority: PRIORITY.critical });
    assert.equal(bench.ask(new Asker(), { priority: PRIORITY.critical }), SHED);
  });

  test('counts as lasting where somebody has waited for 1 s without a break', () => {
    const bench = new AdmissionBench([1], { waitMaxMs: 5_000 });
    bench.slots[0]!.limit!.phase = 'congested';
    bench.apply({ waitMaxMs: 5_000 });
    const current = bench.sent();
    const critical = bench.waiting(1, { priority: PRIORITY.critical })[0]!;
    bench.advanceMs(1_001);
    const [older, newer] = bench.waiting(2) as [Asker, Asker];
    bench.done(current, OUTCOME.NOTHING_LEARNED);
    bench.done(critical, OUTCOME.NOTHING_LEARNED);
    assert.deepEqual([older.heard, newer.heard], [[], ['admitted']]);
  });

  test('changes nothing while answers keep up with arrivals', () => {
    const bench = new AdmissionBench([1]);
    bench.slots[0]!.limit!.phase = 'congested';
    bench.apply({});
    bench.advanceMs(200);
    const current = bench.sent();
    const [older, newer] = bench.waiting(2) as [Asker, Asker];
    bench.advanceMs(20);
    bench.done(current, OUTCOME.NOTHING_LEARNED);
    assert.deepEqual([older.heard, newer.heard], [['admitted'], []]);
  });

  test('counts no demand that an open breaker has refused', () => {
    const bench = new AdmissionBench([5]);
    bench.silence();
    const probe = bench.sent();
    for (let i = 0; i < 50; i++) bench.ask(new Asker());
    bench.answer(probe);
    bench.slots[0]!.limit!.phase = 'congested';
    bench.slots[0]!.limit!.limit = 1;
    bench.apply({});
    bench.advanceMs(200);
    bench.sent();
    bench.waiting(1);
    bench.advanceMs(20);
    assert.equal(bench.admission.waiting, 1);
  });

  test('of one endpoint is none while another one can grow', () => {
    const bench = new AdmissionBench([1, 1]);
    bench.slots[0]!.limit!.phase = 'congested';
    bench.apply({});
    bench.advanceMs(200);
    for (const slot of bench.slots) bench.sent(slot);
    bench.waiting(25);
    bench.advanceMs(20);
    assert.equal(bench.admission.waiting, 25);
  });
});
