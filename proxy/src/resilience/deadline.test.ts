/** Claims about `deadline.ts`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import * as limits from '../limits.ts';
import { headOf } from '../routing/head-fixture.ts';
import {
  DEADLINE_ABSENT,
  DEADLINE_FIELD_BYTES_MAX,
  DEADLINE_MALFORMED,
  deadlineAtMs,
  leftMs,
  NO_DEADLINE,
  readDeadlineMs,
  writeDeadlineField,
} from './deadline.ts';

function read(...values: readonly string[]): number {
  return readDeadlineMs(
    headOf('/', { fields: values.map((value) => ['X-Remora-Deadline-Ms', value] as const) }),
  );
}

describe('the deadline header', () => {
  test('is whole milliseconds, also none and leading zeros', () => {
    assert.equal(read('250'), 250);
    assert.equal(read('0'), 0);
    assert.equal(read('0250'), 250);
    assert.equal(read(String(limits.deadlineMaxMs)), limits.deadlineMaxMs);
  });

  test('that is garbage is told from one that is absent', () => {
    assert.equal(read(), DEADLINE_ABSENT);
    const garbage = ['', '-1', '+1', '1.5', '1e3', '0x10', '1 000', '250ms', '١', '86400001'];
    for (const value of [...garbage, '000000250', '99999999999999999999']) {
      assert.equal(read(value), DEADLINE_MALFORMED, value);
    }
  });

  test('given twice is garbage, also when both say the same', () => {
    assert.equal(read('250', '250'), DEADLINE_MALFORMED);
  });

  test('is found by its own name only', () => {
    const other = headOf('/', {
      fields: [
        ['x-remora-deadline', '5'],
        ['x-remora-error', '7'],
      ],
    });
    assert.equal(readDeadlineMs(other), DEADLINE_ABSENT);
  });
});

describe('of route, header and trace', () => {
  test('the smallest wins', () => {
    assert.equal(deadlineAtMs(100, 50, 30, 120), 120);
    assert.equal(deadlineAtMs(100, 50, 10, 120), 110);
    assert.equal(deadlineAtMs(100, 5, 10, 120), 105);
  });

  test('those that are absent do not count', () => {
    assert.equal(deadlineAtMs(100, 0, DEADLINE_ABSENT, NO_DEADLINE), NO_DEADLINE);
    assert.equal(deadlineAtMs(100, 0, DEADLINE_MALFORMED, NO_DEADLINE), NO_DEADLINE);
    assert.equal(deadlineAtMs(100, 0, 0, NO_DEADLINE), 100);
  });

  test('property: no header, from inside or outside, lengthens what the route allows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60_000 }),
        fc.nat(),
        fc.nat(),
        (route, header, trace) => {
          const atMs = deadlineAtMs(1_000, route, header, trace);
          assert.ok(atMs <= deadlineAtMs(1_000, route, DEADLINE_ABSENT, NO_DEADLINE));
          assert.ok(leftMs(atMs, 1_000) >= 0);
        },
      ),
    );
  });
});

test('property: what is written is what is read, rounded down, and fits', () => {
  const left = fc.double({ min: -5, max: limits.deadlineMaxMs, noNaN: true });
  fc.assert(
    fc.property(left, fc.nat(20), (msLeft, start) => {
      const out = Buffer.alloc(start + DEADLINE_FIELD_BYTES_MAX, '#');
      const end = writeDeadlineField(out, start, msLeft);
      const [name, value] = out.toString('latin1', start, end).split(': ');
      assert.equal(name, 'x-remora-deadline-ms');
      assert.ok(value!.endsWith('\r\n'));
      assert.equal(read(value!.trim()), Math.max(0, Math.floor(msLeft)));
      assert.equal(out.toString('latin1', 0, start), '#'.repeat(start));
    }),
  );
});

test('no deadline is written as the longest there is, within its room', () => {
  const out = Buffer.alloc(DEADLINE_FIELD_BYTES_MAX);
  assert.equal(writeDeadlineField(out, 0, NO_DEADLINE), out.length);
});
