/** Requests that wait for something else than their endpoint's queue. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AdmissionBench, type Asker } from './admission-fixture.ts';
import { OUTCOME } from './outcome.ts';
import { TICKET_STATE } from './ticket.ts';

describe('a request that many overtake', () => {
  /** So many requests, each sent and answered while `slow` is under way. */
  function overtake(bench: AdmissionBench, count: number): void {
    for (let i = 0; i < count; i++) {
      const asker = bench.sent();
      bench.admission.onAnswered(asker.ticket, bench.nowMs);
      bench.done(asker, OUTCOME.OK);
    }
  }

  test('gives its place back after eight, and counts for the service all the same', () => {
    const bench = new AdmissionBench([8]);
    const slow: Asker = bench.sent();
    overtake(bench, 7);
    assert.equal(slow.ticket.state, TICKET_STATE.SENT);
    overtake(bench, 1);
    assert.equal(slow.ticket.state, TICKET_STATE.ASIDE);
    assert.deepEqual([bench.slots[0]!.inFlight, bench.admission.inFlight], [0, 1]);
    bench.done(slow, OUTCOME.OK);
    assert.equal(bench.admission.inFlight, 0);
  });

  test('is not overtaken by those that were in flight before it', () => {
    const bench = new AdmissionBench([16]);
    const before = Array.from({ length: 9 }, () => bench.sent());
    const slow = bench.sent();
    for (const asker of before) {
      bench.admission.onAnswered(asker.ticket, bench.nowMs);
      bench.done(asker, OUTCOME.OK);
    }
    assert.equal(slow.ticket.state, TICKET_STATE.SENT);
  });

  test('keeps its place while nobody is answered, however old it is', () => {
    const bench = new AdmissionBench([8]);
    const slow = bench.sent();
    bench.advanceMs(10_000);
    bench.sent();
    assert.equal(slow.ticket.state, TICKET_STATE.SENT);
  });
});
