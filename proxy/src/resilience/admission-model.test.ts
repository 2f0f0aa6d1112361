/** Admission against plain counting: whatever happens, in whatever order, its laws hold. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AdmissionBench, Asker } from './admission-fixture.ts';
import { OUTCOME } from './outcome.ts';
import { ADMITTED, type PriorityNumber, QUEUED, SHED, TICKET_STATE } from './ticket.ts';

const OVERTAKEN_LEAST = 8;
const CONFIG = { inFlightMax: 12, waitingMax: 6, waitMaxMs: 100 };
const REACHED = ['opened', 'probes', 'waited'] as const;
/** The wheel counts whole milliseconds. */
const GRAIN_MS = 2;

type Step =
  | { readonly do: 'ask'; readonly priority: PriorityNumber; readonly leftMs: number | undefined }
  | { readonly do: 'send' | 'answer' | 'cancel' | 'stream'; readonly which: number }
  | { readonly do: 'done'; readonly which: number; readonly outcome: number }
  | { readonly do: 'wait' | 'silence'; readonly ms: number }
  | { readonly do: 'eject' | 'reconfigure'; readonly slot: number };

const which = fc.nat(30);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      priority: fc.constantFrom<PriorityNumber>(0, 1, 1, 2),
      leftMs: fc.option(fc.integer({ min: 0, max: 150 }), { nil: undefined, freq: 3 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('send' as const, 'send' as const, 'answer' as const),
      which,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cancel', 'stream'), which }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('done' as const),
      which,
      outcome: fc.constantFrom<number>(...Object.values(OUTCOME), OUTCOME.MISSED, OUTCOME.MISSED),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(120) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('silence'), ms: fc.nat(400) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('eject', 'reconfigure'), slot: which }) },
) as fc.Arbitrary<Step>;

/** What one asker is known to be, from what it was told and nothing else. */
type Known = 'waiting' | 'admitted' | 'sent' | 'streaming' | 'over';

class Model {
  readonly bench = new AdmissionBench([3, 4], CONFIG);
  readonly known = new Map<Asker, Known>();
  readonly askedAtMs = new Map<Asker, number>();
  readonly slotOf = new Map<Asker, number>();
  missesInARow = 0;
  answeredAtMs = 0;
  wasOpen = false;
  /** What was reached, so that the property can be seen to say something. */
  readonly reached = { opened: 0, probes: 0, waited: 0 };

  run(steps: readonly Step[]): void {
    for (const one of steps) {
      this.#take(one);
      this.#check();
    }
    this.#drain();
  }

  #take(one: Step): void {
    switch (one.do) {
      case 'ask':
        return this.#ask(one.priority, one.leftMs);
      case 'wait':
        return this.bench.advanceMs(one.ms);
      case 'silence':
        return this.#missAll(one.ms);
      case 'eject': {
        const slot = this.bench.slots[one.slot % 2]!;
        slot.isOut = !slot.isOut;
        return;
      }
      case 'reconfigure':
        return this.bench.apply(CONFIG);
      case 'send':
        return this.#send(this.#pick(one.which, 'admitted'), one.which);
      case 'answer':
        return this.#answer(this.#pick(one.which, 'sent'));
      case 'done':
        return this.#done(this.#pick(one.which, 'sent', 'streaming', 'admitted'), one.outcome);
      case 'cancel':
        return this.#cancel(this.#pick(one.which, 'waiting', 'admitted'));
      case 'stream':
        return this.#stream(this.#pick(one.which, 'sent'));
    }
  }

  #ask(priority: PriorityNumber, leftMs: number | undefined): void {
    const asker = new Asker();
    const isOpen = this.bench.admission.breaker.isOpen;
    const isProbed = this.#those('admitted', 'sent').some((other) => other.ticket.isProbe);
    asker.onHeard = () => this.#hear(asker);
    this.askedAtMs.set(asker, this.bench.nowMs);
    const result = this.bench.ask(
      asker,
      leftMs === undefined ? { priority } : { priority, leftMs },
    );
    assert.deepEqual(asker.heard, [], 'told while it asked');
    this.known.set(
      asker,
      (
        [
          [ADMITTED, 'admitted'],
          [QUEUED, 'waiting'],
          [SHED, 'over'],
        ] as const
      ).find(([number]) => number === result)![1],
    );
    if (isOpen && isProbed) assert.equal(result, SHED, 'a second probe');
    if (isOpen && result === SHED) assert.equal(asker.ticket.shedCode, 'RMR_BREAKER_OPEN');
  }

  #hear(asker: Asker): void {
    assert.equal(this.known.get(asker), 'waiting', 'told twice, or without waiting');
    const isAdmitted = asker.heard.at(-1) === 'admitted';
    this.known.set(asker, isAdmitted ? 'admitted' : 'over');
    if (!isAdmitted) return;
    for (const other of this.#those('waiting')) {
      const isBefore = other.ticket.priority >= asker.ticket.priority;
      assert(isBefore, 'somebody of more priority still waits');
    }
  }

  #send(asker: Asker | undefined, slot: number): void {
    if (asker === undefined) return;
    this.known.set(asker, 'sent');
    this.slotOf.set(asker, slot % 2);
    this.bench.send(asker, this.bench.slots[slot % 2]);
  }

  #answer(asker: Asker | undefined): void {
    if (asker === undefined) return;
    this.missesInARow = 0;
    this.answeredAtMs = this.bench.nowMs;
    this.bench.admission.onAnswered(asker.ticket, this.bench.nowMs);
  }

  #done(asker: Asker | undefined, outcome: number): void {
    if (asker === undefined) return;
    const isSent = this.known.get(asker) !== 'admitted';
    this.known.set(asker, 'over');
    if (isSent && outcome === OUTCOME.MISSED) this.missesInARow++;
    if (isSent && outcome === OUTCOME.REFUSED_BY_PEER) {
      this.missesInARow = 0;
      this.answeredAtMs = this.bench.nowMs;
    }
    this.bench.done(asker, outcome);
    this.bench.done(asker, outcome); // A late second report changes nothing.
  }

  /** So long nobody answers, and then all lose patience. */
  #missAll(ms: number): void {
    this.bench.advanceMs(ms);
    for (const asker of this.#those('sent')) this.#done(asker, OUTCOME.MISSED);
  }

  #cancel(asker: Asker | undefined): void {
    if (asker === undefined) return;
    this.known.set(asker, 'over');
    this.bench.admission.cancel(asker.ticket);
  }

  #stream(asker: Asker | undefined): void {
    if (asker === undefined) return;
    this.known.set(asker, 'streaming');
    this.bench.admission.leaveSlot(asker.ticket, this.bench.nowMs);
  }

  #check(): void {
    const { admission, slots, nowMs } = this.bench;
    const waiting = this.#those('waiting');
    assert.equal(admission.waiting, waiting.length, 'a ticket is lost, or counted twice');
    assert(waiting.length <= CONFIG.waitingMax);
    const inFlight = this.#those('admitted', 'sent', 'streaming');
    assert.equal(admission.inFlight, inFlight.length);
    assert(inFlight.length <= CONFIG.inFlightMax);
    for (const asker of waiting) {
      const waitedMs = nowMs - this.askedAtMs.get(asker)!;
      assert(waitedMs <= CONFIG.waitMaxMs + GRAIN_MS, `waits for ${waitedMs} ms`);
      assert(asker.ticket.deadlineAtMs + GRAIN_MS >= nowMs, 'waits past its deadline');
    }
    const probes = inFlight.filter((asker) => asker.ticket.isProbe);
    assert(probes.length <= 1, `${probes.length} probes`);
    this.reached.probes += probes.length;
    this.reached.waited += waiting.length;
    slots.forEach((slot, index) => {
      const here = this.#those('sent').filter((asker) => this.slotOf.get(asker) === index);
      const aside = here.filter((asker) => asker.ticket.state === TICKET_STATE.ASIDE);
      assert.equal(slot.inFlight, here.length - aside.length);
      // Whoever stepped aside was overtaken by more than a handful.
      assert(aside.length === 0 || slot.answers >= OVERTAKEN_LEAST, `${slot.answers} answers`);
    });
    this.#checkBreaker();
    if (waiting.length > 0) this.#checkNoRoom();
  }

  #checkBreaker(): void {
    const { isOpen } = this.bench.admission.breaker;
    if (isOpen && !this.wasOpen) {
      this.reached.opened++;
      assert(this.missesInARow >= 5, `opened after ${this.missesInARow} misses`);
      assert(this.bench.nowMs - this.answeredAtMs >= 250, 'opened soon after an answer');
    }
    if (isOpen) assert.equal(this.bench.admission.waiting, 0, 'waits for a silent service');
    this.wasOpen = isOpen;
  }

  /** Nobody waits for nothing. */
  #checkNoRoom(): void {
    const { admission, slots } = this.bench;
    if (admission.inFlight >= CONFIG.inFlightMax) return;
    const inUse = slots.filter((slot) => !slot.isOut);
    assert(inUse.length > 0, 'waits though no endpoint limits it');
    const places = inUse.map((slot) => Math.max(0, slot.limit!.places - slot.inFlight));
    const free = places.reduce((sum, one) => sum + one, 0) - this.#those('admitted').length;
    assert(free <= 0, `waits beside ${free} free places`);
  }

  /** Everybody ends: nothing may be left behind. */
  #drain(): void {
    for (let round = 0; round < 100 && this.bench.admission.inFlight > 0; round++) {
      this.#done(this.#those('admitted', 'sent', 'streaming')[0], OUTCOME.NOTHING_LEARNED);
      this.#check();
    }
    this.bench.advanceMs(2 * CONFIG.waitMaxMs);
    for (const asker of this.#those('admitted')) this.#done(asker, OUTCOME.NOTHING_LEARNED);
    assert.equal(this.bench.admission.waiting, 0);
    assert.equal(this.bench.admission.inFlight, 0);
    for (const asker of this.known.keys()) assert(asker.heard.length <= 1);
  }

  #those(...states: readonly Known[]): Asker[] {
    return [...this.known].filter(([, known]) => states.includes(known)).map(([asker]) => asker);
  }

  #pick(index: number, ...states: readonly Known[]): Asker | undefined {
    const those = this.#those(...states);
    return those[index % Math.max(1, those.length)];
  }
}

describe('admission, whatever happens', () => {
  test('property: keeps its bounds, loses nobody, tells everyone once, has one probe', () => {
    const reached = { opened: 0, probes: 0, waited: 0 };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const model = new Model();
        model.run(steps);
        for (const key of REACHED) reached[key] += model.reached[key];
      }),
      { numRuns: 500 },
    );
    for (const [what, times] of Object.entries(reached)) assert(times > 50, `${what}: ${times}`);
  });
});
