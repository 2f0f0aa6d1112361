import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Clock, ManualClock } from '../clock.ts';
import * as limits from '../limits.ts';
import { Candidacy, type Instant, type LeaseRecord } from './candidacy.ts';

function record(holder: string, renewals = 0): LeaseRecord {
  return { holder, renewTime: `at ${renewals}`, transitions: 0, durationMs: limits.leaseMs };
}

describe('a candidate', () => {
  test('takes a Lease that nobody holds at once, and leads when it is written', () => {
    const clock = new ManualClock();
    const candidacy = new Candidacy('a', clock);
    assert.equal(candidacy.waitMs(null), 0);
    assert.equal(candidacy.waitMs(record('')), 0);
    assert.equal(candidacy.isLeader(), false);
    candidacy.wrote(candidacy.instant());
    assert.equal(candidacy.isLeader(), true);
  });

  test('waits for the whole time since it saw the last renewal itself', () => {
    const clock = new ManualClock();
    const candidacy = new Candidacy('a', clock);
    assert.equal(candidacy.waitMs(record('b', 1)), limits.leaseMs);
    clock.advanceMs(limits.leaseMs - 1);
    assert.equal(candidacy.waitMs(record('b', 1)), 1);
    assert.equal(candidacy.waitMs(record('b', 2)), limits.leaseMs);
    clock.advanceMs(limits.leaseMs);
    assert.equal(candidacy.waitMs(record('b', 2)), 0);
  });

  test('waits as long as the holder promised to others, within bounds', () => {
    const candidacy = new Candidacy('a', new ManualClock());
    const promised = (durationMs: number) => candidacy.waitMs({ ...record('b'), durationMs });
    assert.equal(promised(30_000), 30_000);
    assert.equal(promised(1_000), limits.leaseMs);
    assert.equal(promised(3_600_000), limits.leaseMsMax);
  });

  test('waits for a holder whose Lease was deleted', () => {
    const clock = new ManualClock();
    const candidacy = new Candidacy('a', clock);
    candidacy.waitMs(record('b'));
    clock.advanceMs(4_000);
    assert.equal(candidacy.waitMs(null), limits.leaseMs - 4_000);
  });
});

describe('a leader', () => {
  test('stops trusting its Lease some time after it sent the renewal', () => {
    const clock = new ManualClock();
    const candidacy = new Candidacy('a', clock);
    const sent = candidacy.instant();
    clock.advanceMs(1_000);
    candidacy.wrote(sent);
    clock.advanceMs(limits.leaseTrustMs - 1_001);
    assert.equal(candidacy.isLeader(), true);
    clock.advanceMs(1);
    assert.equal(candidacy.isLeader(), false);
  });

  test('does not wake up as one from a suspended machine, whose monotonic time stood still', () => {
    const clock = new ManualClock();
    const candidacy = new Candidacy('a', clock);
    candidacy.wrote(candidacy.instant());
    clock.advanceWallMs(limits.leaseTrustMs);
    assert.equal(candidacy.isLeader(), false);
  });

  test('property: there are never two, whatever is late or lost, and whatever clocks say', () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 40, maxLength: 160 }), (actions) => {
        const model = new Model();
        for (const one of actions) {
          model.play(one);
          const leaders = model.candidates.filter((each) => each.leads);
          assert.ok(leaders.length <= 1, `${leaders.map(({ name }) => name)} lead`);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Of candidate `who`: read the Lease, have a write land, hear of what became of it; or wait. */
interface Action {
  readonly who: number;
  readonly what: 'read' | 'send' | 'land' | 'hear' | 'wait';
  readonly ms: number;
}

const action: fc.Arbitrary<Action> = fc.record({
  who: fc.nat(2),
  what: fc.constantFrom('read', 'read', 'send', 'send', 'land', 'hear', 'wait', 'wait'),
  ms: fc.oneof(fc.nat(2_500), fc.nat(11_000)),
});

interface Write {
  readonly record: LeaseRecord;
  readonly version: number;
  readonly sent: Instant;
}

class Contender {
  readonly name: string;
  readonly candidacy: Candidacy;
  readVersion: number | null = null;
  onItsWay: Write | null = null;
  landed: Write | null = null;

  constructor(name: string, clock: Clock) {
    this.name = name;
    this.candidacy = new Candidacy(name, clock);
  }

  get leads(): boolean {
    return this.candidacy.isLeader();
  }
}

/** One Lease with versions, as the API server keeps it, and three who want it. */
class Model {
  #nowMs = 0;
  #renewals = 0;
  #version = 0;
  #stored: LeaseRecord | null = null;
  readonly candidates = ['a', 'b', 'c'].map((name, at) => {
    // No two clocks agree, in either time.
    const offsetMs = at * 7_777_777;
    const clock = { nowMs: () => this.#nowMs + offsetMs, wallMs: () => this.#nowMs - offsetMs };
    return new Contender(name, clock);
  });

  play({ who, what, ms }: Action): void {
    const one = this.candidates[who]!;
    if (what === 'wait') this.#nowMs += ms;
    else if (what === 'read') this.#read(one);
    else if (what === 'send') this.#send(one);
    else if (what === 'land') this.#land(one);
    else this.#hear(one);
  }

  #read(one: Contender): void {
    const mayTake = one.candidacy.waitMs(this.#stored) === 0;
    one.readVersion = mayTake ? this.#version : null;
    if (this.#stored !== null && this.#stored.holder !== one.name) one.candidacy.lost();
  }

  #send(one: Contender): void {
    if (one.readVersion === null) return;
    const taken = record(one.name, ++this.#renewals);
    one.onItsWay = { record: taken, version: one.readVersion, sent: one.candidacy.instant() };
  }

  #land(one: Contender): void {
    const write = one.onItsWay;
    one.onItsWay = null;
    if (write === null || write.version !== this.#version) return;
    this.#stored = write.record;
    this.#version++;
    one.landed = write;
  }

  #hear(one: Contender): void {
    if (one.landed === null) return;
    one.candidacy.wrote(one.landed.sent);
    one.readVersion = this.#stored === one.landed.record ? this.#version : null;
    one.landed = null;
  }
}
