/** Who is admitted, who waits and who is shed, one claim at a time. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AdmissionBench, Asker } from './admission-fixture.ts';
import { Slot } from './slot.ts';
import { OUTCOME } from './outcome.ts';
import { ADMITTED, PRIORITY, QUEUED, SHED, SHED_REASON } from './ticket.ts';

describe('admission', () => {
  test('admits what the endpoints take together, and queues what comes then', () => {
    const bench = new AdmissionBench([2, 1]);
    const results = Array.from({ length: 4 }, () => bench.ask(new Asker()));
    assert.deepEqual(results, [ADMITTED, ADMITTED, ADMITTED, QUEUED]);
    assert.equal(bench.admission.limit, 3);
  });

  test('serves who has waited longest, once a request is done', () => {
    const bench = new AdmissionBench([1]);
    const first = bench.sent();
    const [second, third] = bench.waiting(2) as [Asker, Asker];
    bench.done(first, OUTCOME.NOTHING_LEARNED);
    assert.deepEqual(second.heard, ['admitted']);
    assert.deepEqual(third.heard, []);
  });

  test('never tells a holder from inside its own question', () => {
    const bench = new AdmissionBench([1, 1]);
    const [one, other] = [new Asker(), new Asker()];
    bench.ask(one);
    bench.ask(other);
    const waiting = bench.waiting(1)[0]!;
    bench.send(one, bench.slots[0]);
    bench.send(other, bench.slots[0]); // A sticky user: the other endpoint stays free.
    assert.deepEqual(waiting.heard, ['admitted']);
    bench.send(waiting, bench.slots[1]);
    const asker = new Asker();
    asker.onHeard = () => assert.fail('told while it asked');
    assert.equal(bench.ask(asker), QUEUED);
    assert.equal(bench.ask(new Asker(), { leftMs: 0 }), SHED);
  });

  test('sheds who has waited 500 ms, and not before', () => {
    const bench = new AdmissionBench([1]);
    bench.sent();
    const asker = bench.waiting(1)[0]!;
    bench.advanceMs(499);
    assert.deepEqual(asker.heard, []);
    bench.advanceMs(2);
    assert.deepEqual(asker.heard, ['RMR_OVERLOADED']);
    assert.equal(asker.ticket.shedReason, SHED_REASON.WAITED_TOO_LONG);
  });

  test('sheds who comes to a full queue, or to one that nobody may wait in', () => {
    for (const config of [{ waitingMax: 1 }, { waitingMax: 0 }, { waitMaxMs: 0 }]) {
      const bench = new AdmissionBench([1], config);
      bench.sent();
      if (config.waitingMax === 1) bench.waiting(1);
      const asker = new Asker();
      assert.equal(bench.ask(asker), SHED);
      assert.equal(asker.ticket.shedReason, SHED_REASON.QUEUE_FULL);
      assert.deepEqual(asker.heard, []);
    }
  });

  test('sheds from the middle of the queue who will be too late', () => {
    const bench = new AdmissionBench([1]);
    bench.sent();
    const patient = bench.waiting(1)[0]!;
    const hurried = bench.waiting(1, { leftMs: 50 })[0]!;
    bench.advanceMs(49);
    assert.deepEqual(hurried.heard, []);
    bench.advanceMs(2);
    assert.deepEqual(hurried.heard, ['RMR_DEADLINE_EXCEEDED']);
    assert.deepEqual(patient.heard, []);
  });

  test('lets nobody wait who has less time left than an answer takes', () => {
    const bench = new AdmissionBench([1]);
    for (let i = 0; i < 400; i++) {
      const asker = bench.sent();
      bench.advanceMs(40);
      bench.answer(asker);
    }
    bench.sent();
    assert.equal(bench.ask(new Asker(), { leftMs: 35 }), SHED);
    assert.equal(bench.ask(new Asker(), { leftMs: 45 }), QUEUED);
  });

  test('believes a faster answer at once, and a slower one slowly', () => {
    const bench = new AdmissionBench([1]);
    for (const [rttMs, answers] of [
      [40, 400],
      [5, 20],
    ] as const) {
      for (let i = 0; i < answers; i++) {
        const asker = bench.sent();
        bench.advanceMs(rttMs);
        bench.answer(asker);
      }
    }
    bench.sent();
    assert.equal(bench.ask(new Asker(), { leftMs: 6 }), QUEUED);
  });

  test('asks a free endpoint even with little time left: its latency may have fallen', () => {
    const bench = new AdmissionBench([1]);
    for (let i = 0; i < 400; i++) {
      const asker = bench.sent();
      bench.advanceMs(40);
      bench.answer(asker);
    }
    assert.equal(bench.ask(new Asker(), { leftMs: 5 }), ADMITTED);
  });

  test('forgets who leaves the queue, and who gives its admission up', () => {
    const bench = new AdmissionBench([1]);
    const [admitted, first, second] = [new Asker(), new Asker(), new Asker()];
    for (const asker of [admitted, first, second]) bench.ask(asker);
    bench.admission.cancel(first.ticket);
    assert.equal(bench.admission.waiting, 1);
    bench.admission.cancel(admitted.ticket);
    assert.deepEqual([first.heard, second.heard], [[], ['admitted']]);
    assert.equal(bench.admission.inFlight, 1);
  });

  test('admits everything up to the hard cap where an endpoint does not adapt', () => {
    const bench = new AdmissionBench([1, null], { inFlightMax: 5 });
    const results = Array.from({ length: 6 }, () => bench.ask(new Asker()));
    assert.deepEqual(results, [ADMITTED, ADMITTED, ADMITTED, ADMITTED, ADMITTED, QUEUED]);
  });

  test('admits where there is no endpoint, which is for the picker to say', () => {
    assert.equal(new AdmissionBench([]).ask(new Asker()), ADMITTED);
  });
});

describe('an endpoint that is out', () => {
  test('takes its room along, and what hangs in it', () => {
    const bench = new AdmissionBench([2, 2]);
    bench.sent(bench.slots[0]);
    bench.sent(bench.slots[0]);
    bench.slots[0]!.isOut = true;
    const results = Array.from({ length: 3 }, () => bench.ask(new Asker()));
    assert.deepEqual(results, [ADMITTED, ADMITTED, QUEUED]);
  });

  test('brings its room back and serves who waits', () => {
    const bench = new AdmissionBench([2, 1]);
    bench.slots[0]!.isOut = true;
    bench.sent(bench.slots[1]);
    const [one, other, third] = bench.waiting(3) as [Asker, Asker, Asker];
    bench.slots[0]!.isOut = false;
    assert.deepEqual([one.heard, other.heard, third.heard], [['admitted'], ['admitted'], []]);
  });

  test('is not missed when a configuration drops it with requests in flight', () => {
    const bench = new AdmissionBench([2, 2]);
    const old = bench.sent(bench.slots[0]);
    bench.slots.splice(0, 1, new Slot(null));
    bench.apply({});
    bench.answer(old);
    bench.slots.splice(0, 1);
    bench.apply({});
    const results = Array.from({ length: 3 }, () => bench.ask(new Asker()));
    assert.deepEqual(results, [ADMITTED, ADMITTED, QUEUED]);
  });
});

describe('a stream', () => {
  test('gives its place at the endpoint back, and counts for the hard cap until it is done', () => {
    const bench = new AdmissionBench([1], { inFlightMax: 2 });
    const stream = bench.sent();
    bench.admission.leaveSlot(stream.ticket, bench.nowMs);
    assert.equal(bench.slots[0]!.inFlight, 0);
    const second = bench.sent();
    bench.admission.leaveSlot(second.ticket, bench.nowMs);
    const third = bench.waiting(1)[0]!;
    assert.deepEqual(third.heard, []);
    bench.done(stream, OUTCOME.OK);
    assert.deepEqual(third.heard, ['admitted']);
    assert.equal(bench.slots[0]!.inFlight, 0);
  });
});

describe('priorities', () => {
  test('serve the critical first and the sheddable last', () => {
    const bench = new AdmissionBench([1]);
    const first = bench.sent();
    const sheddable = bench.waiting(1, { priority: PRIORITY.sheddable })[0]!;
    const normal = bench.waiting(1)[0]!;
    const critical = bench.waiting(1, { priority: PRIORITY.critical })[0]!;
    const served: string[] = [];
    sheddable.onHeard = () => served.push('sheddable');
    normal.onHeard = () => served.push('normal');
    critical.onHeard = () => served.push('critical');
    let current = first;
    for (const next of [critical, normal, sheddable]) {
      bench.answer(current);
      bench.send(next);
      current = next;
    }
    assert.deepEqual(served, ['critical', 'normal', 'sheddable']);
  });

  test('let a full queue drop a sheddable one for any other, and nobody for an equal', () => {
    const bench = new AdmissionBench([1], { waitingMax: 2 });
    bench.sent();
    const normal = bench.waiting(1)[0]!;
    const sheddable = bench.waiting(1, { priority: PRIORITY.sheddable })[0]!;
    assert.equal(bench.ask(new Asker()), QUEUED);
    assert.deepEqual(sheddable.heard, ['RMR_OVERLOADED']);
    assert.equal(bench.ask(new Asker()), SHED);
    assert.equal(bench.ask(new Asker(), { priority: PRIORITY.critical }), QUEUED);
    assert.deepEqual(normal.heard, ['RMR_OVERLOADED']);
  });
});

describe('a service that has gone silent', () => {
  test('is asked by one request at a time, and everyone else is refused at once', () => {
    const bench = new AdmissionBench([null]);
    bench.silence();
    const [probe, other] = [new Asker(), new Asker()];
    assert.equal(bench.ask(probe), ADMITTED);
    assert.equal(probe.ticket.isProbe, true);
    assert.equal(bench.ask(other), SHED);
    assert.equal(other.ticket.shedCode, 'RMR_BREAKER_OPEN');
    bench.send(probe);
    bench.done(probe, OUTCOME.MISSED);
    assert.equal(bench.ask(other), ADMITTED);
  });

  test('lets go at once of all who wait', () => {
    const bench = new AdmissionBench([5]);
    const sent = Array.from({ length: 5 }, () => bench.sent());
    bench.advanceMs(200);
    const waiting = bench.waiting(10);
    bench.advanceMs(60);
    for (const asker of sent) bench.done(asker, OUTCOME.MISSED);
    assert.equal(bench.admission.breaker.isOpen, true);
    assert.deepEqual(waiting.at(-1)!.heard, ['RMR_BREAKER_OPEN']);
    assert.equal(bench.admission.waiting, 0);
  });

  test('is probed anew though the last probe is a stream that has not ended', () => {
    const bench = new AdmissionBench([null]);
    bench.silence();
    const stream = bench.sent();
    bench.admission.onAnswered(stream.ticket, bench.nowMs);
    bench.silence();
    assert.equal(bench.ask(new Asker()), ADMITTED);
    assert.equal(bench.ask(new Asker()), SHED);
    bench.done(stream, OUTCOME.OK);
    assert.equal(bench.ask(new Asker()), SHED);
  });

  test('is not even probed beyond the hard cap', () => {
    const bench = new AdmissionBench([null]);
    bench.sent();
    bench.silence();
    bench.apply({ inFlightMax: 1 });
    assert.equal(bench.ask(new Asker()), SHED);
    bench.apply({ inFlightMax: 2 });
    assert.equal(bench.ask(new Asker()), ADMITTED);
  });

  test('is trusted again after any answer, at no more than 8 in flight per endpoint', () => {
    const bench = new AdmissionBench([40]);
    const straggler = bench.sent();
    bench.silence();
    bench.answer(straggler);
    assert.equal(bench.admission.breaker.isOpen, false);
    assert.equal(bench.admission.limit, 8);
  });

  test('is not silent if its own limit refuses', () => {
    const bench = new AdmissionBench([null]);
    bench.silence();
    const probe = bench.sent();
    bench.done(probe, OUTCOME.REFUSED_BY_PEER);
    assert.equal(bench.admission.breaker.isOpen, false);
  });

  test('is asked again after a probe that its caller gave up before it was sent', () => {
    const bench = new AdmissionBench([null]);
    bench.silence();
    const probe = new Asker();
    bench.ask(probe);
    bench.admission.cancel(probe.ticket);
    assert.equal(bench.ask(new Asker()), ADMITTED);
  });
});
