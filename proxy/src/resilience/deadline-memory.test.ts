/** Claims about `deadline-memory.ts`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { seededChance } from '../clock.ts';
import * as limits from '../limits.ts';
import { NO_DEADLINE } from './deadline.ts';
import { DeadlineMemory, TraceKey } from './deadline-memory.ts';

function keyOf(hex: string): TraceKey {
  const key = new TraceKey();
  assert.ok(key.readHex(Buffer.from(hex), 0));
  return key;
}

const trace = keyOf('4bf92f3577b34da6a3ce929d0e0e4736');

describe('a trace key', () => {
  test('of hex digits equals that of the same bytes', () => {
    const hex = 'ff92f3577b34da6a3ce929d0e0e4736f';
    const key = new TraceKey();
    key.readBytes(Buffer.from(hex, 'hex'));
    assert.deepEqual(key.words, keyOf(hex).words);
  });

  test('is read where it stands, and refused where any digit is none', () => {
    const key = new TraceKey();
    const parent = Buffer.from('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01');
    assert.ok(key.readHex(parent, 3));
    assert.deepEqual(key.words, trace.words);
    assert.ok(!key.readHex(parent, 2));
    assert.ok(!key.readHex(parent, 4));
    assert.ok(!key.readHex(parent, parent.length - 31));
  });

  test('differs when any one bit of the id does', () => {
    const id = Buffer.from('4bf92f3577b34da6a3ce929d0e0e4736', 'hex');
    const memory = new DeadlineMemory();
    const key = new TraceKey();
    key.readBytes(id);
    memory.remember(key, 500, 0);
    for (let bit = 0; bit < 128; bit++) {
      id[bit >> 3]! ^= 1 << (bit & 7);
      key.readBytes(id);
      assert.equal(memory.recall(key, 0), NO_DEADLINE, `bit ${bit}`);
      id[bit >> 3]! ^= 1 << (bit & 7);
    }
  });
});

describe('the deadline of a trace', () => {
  test('is inherited for 60 s and then forgotten', () => {
    const memory = new DeadlineMemory();
    memory.remember(trace, 1_000_000, 5);
    assert.equal(memory.recall(trace, 60_004), 1_000_000);
    assert.equal(memory.recall(trace, 60_005), NO_DEADLINE);
  });

  test('that is past is still inherited: nobody waits for what comes of it', () => {
    const memory = new DeadlineMemory();
    memory.remember(trace, 100, 0);
    assert.equal(memory.recall(trace, 5_000), 100);
  });

  test('is gone once its request was answered', () => {
    const memory = new DeadlineMemory();
    memory.remember(trace, 100, 0);
    memory.forget(trace);
    assert.equal(memory.recall(trace, 50), NO_DEADLINE);
    memory.remember(trace, 70, 60);
    assert.equal(memory.recall(trace, 60), 70);
  });

  test('of two requests is the later one', () => {
    const memory = new DeadlineMemory();
    memory.remember(trace, 300, 0);
    memory.remember(trace, 100, 1);
    assert.equal(memory.recall(trace, 2), 300);
    memory.remember(trace, 400, 3);
    assert.equal(memory.recall(trace, 4), 400);
  });

  test('is nothing to remember where there is none', () => {
    const memory = new DeadlineMemory();
    memory.remember(trace, 300, 0);
    memory.remember(trace, NO_DEADLINE, 1);
    assert.equal(memory.recall(trace, 2), 300);
  });
});

/** Ids by chance, or ids that differ in a counter at one end. */
const spellings: Record<string, (index: number, chance: () => number) => string> = {
  chance: (_, chance) => {
    const word = () =>
      Math.floor(chance() * 2 ** 32)
        .toString(16)
        .padStart(8, '0');
    return word() + word() + word() + word();
  },
  'a counter in front': (index) => index.toString(16).padStart(8, '0') + '1'.repeat(24),
  'a counter at the end': (index) => '1'.repeat(24) + index.toString(16).padStart(8, '0'),
};

for (const [name, spell] of Object.entries(spellings)) {
  test(`with half as many traces as places, over 97% are kept (ids by ${name})`, () => {
    const memory = new DeadlineMemory();
    const chance = seededChance(11);
    const keys = Array.from({ length: limits.deadlinesRememberedMax / 2 }, (_, index) =>
      keyOf(spell(index, chance)),
    );
    for (const [index, key] of keys.entries()) memory.remember(key, 1_000 + index, index);
    const kept = keys.filter((key, index) => memory.recall(key, 5_000) === 1_000 + index).length;
    assert.ok(kept > 0.97 * keys.length, `${kept} of ${keys.length}`);
  });
}

test('a crowd of new traces pushes out the old ones, not the newest', () => {
  const memory = new DeadlineMemory();
  const keys = Array.from({ length: 40_000 }, (_, index) =>
    keyOf(spellings['a counter in front']!(index, () => 0)),
  );
  for (const [index, key] of keys.entries()) memory.remember(key, index, index / 1_000);
  assert.equal(memory.recall(keys[0]!, 50), NO_DEADLINE);
  const newest = keys.slice(-1_000);
  const kept = newest.filter((key) => memory.recall(key, 50) !== NO_DEADLINE).length;
  assert.ok(kept > 970, `${kept} of the newest 1,000`);
});

const changes = fc.record({
  do: fc.constantFrom('remember', 'recall', 'recall', 'forget'),
  // Few enough that no set can be full.
  trace: fc.nat(7),
  passMs: fc.oneof(fc.nat(100), fc.constantFrom(0, 30_000, 60_000, -1_000)),
  inMs: fc.nat(100_000),
});

test('model: with up to eight traces it is a map whose entries end after 60 s', () => {
  fc.assert(
    fc.property(fc.array(changes, { maxLength: 60 }), (steps) => {
      const memory = new DeadlineMemory();
      const model = new Map<number, { atMs: number; untilMs: number }>();
      let nowMs = 0;
      for (const step of steps) {
        nowMs = Math.max(0, nowMs + step.passMs);
        const key = keyOf(step.trace.toString(16).padStart(32, '0'));
        const known = model.get(step.trace);
        const alive = known !== undefined && known.untilMs > nowMs ? known : undefined;
        if (step.do === 'remember') {
          const atMs = nowMs + step.inMs;
          memory.remember(key, atMs, nowMs);
          model.set(step.trace, {
            atMs: Math.max(atMs, alive?.atMs ?? 0),
            untilMs: nowMs + 60_000,
          });
        } else if (step.do === 'forget') {
          memory.forget(key);
          model.delete(step.trace);
        } else {
          assert.equal(memory.recall(key, nowMs), alive?.atMs ?? NO_DEADLINE);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});
