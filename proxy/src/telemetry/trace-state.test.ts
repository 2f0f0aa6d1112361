/** Claims about `tracestate`: it goes on whole with its trace, or not at all. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Field, headWith, PARENT, SPAN, TRACE } from './trace-fixture.ts';
import { keepsTraceState } from './trace-state.ts';

function keeps(...values: readonly string[]): boolean {
  const fields = values.map((value): Field => ['tracestate', value]);
  return keepsTraceState(headWith(['traceparent', PARENT], ...fields));
}

function members(count: number, from = 0): string {
  return Array.from({ length: count }, (_, i) => `k${from + i}=v`).join(',');
}

describe('a tracestate', () => {
  test('goes on where its traceparent does, and only there', () => {
    const state: Field = ['tracestate', 'a=1'];
    assert.equal(keepsTraceState(headWith(['traceparent', PARENT], state)), true);
    assert.equal(keepsTraceState(headWith(state)), false);
    assert.equal(keepsTraceState(headWith(['traceparent', `ff${PARENT.slice(2)}`], state)), false);
    assert.equal(keepsTraceState(headWith(['b3', `${TRACE}-${SPAN}-1`], state)), false);
  });

  for (const [what, value] of [
    ['one letter each', 'a=1'],
    ['a digit first', '0a=1'],
    ['signs in its key', 'a_-*/@@b=1'],
    ['blanks around its members', 'a=1 \t , \t b=2'],
    ['a blank before and in its value', 'a= 1 2'],
    ['empty members', ',a=1,,b=2, ,'],
    ['a key twice', 'a=1,a=2'],
    ['a key of 256 bytes', `${'a'.repeat(256)}=1`],
    ['a value of 256 bytes', `a=${'1'.repeat(256)}`],
    ['32 members', members(32)],
    ['32 members and empty ones', `,,${members(32)},,`],
    ['over 512 bytes', `a=${'1'.repeat(256)},b=${'2'.repeat(256)}`],
  ] as const) {
    test(`with ${what} is kept`, () => {
      assert.equal(keeps(value), true);
    });
  }

  for (const [what, value] of [
    ['nothing in it', ''],
    ['nothing but commas', ' , ,,'],
    ['no value sign', 'a'],
    ['no key', '=1'],
    ['no value', 'a='],
    ['a value of blanks', 'a= '],
    ['a value sign in its value', 'a=1=2'],
    ['a tab in its value', 'a=1\t2'],
    ['a byte beyond ASCII in its value', 'a=\xe4'],
    ['a capital in its key', 'A=1'],
    ['a dot in its key', 'a.b=1'],
    ['a blank behind its key', 'a =1'],
    ['a sign first', '@a=1'],
    ['a dash first', '-a=1'],
    ['a key of 257 bytes', `${'a'.repeat(257)}=1`],
    ['a value of 257 bytes', `a=${'1'.repeat(257)}`],
    ['33 members', members(33)],
  ] as const) {
    test(`with ${what} is dropped, and so is all that came with it`, () => {
      assert.equal(keeps(value), false);
      if (!/^[ ,]*$/.test(value)) assert.equal(keeps('ok=1', value), false);
    });
  }

  test('in several fields is one list: judged together, and empty fields do no harm', () => {
    assert.equal(keeps('a=1', 'b=2', 'c=3'), true);
    assert.equal(keeps('', 'a=1', ','), true);
    assert.equal(keeps(members(16), members(16, 16)), true);
    assert.equal(keeps(members(16), members(17, 16)), false);
  });
});
