import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FIELD_VALUE, fieldValueEnd, viewOf, writeDecimal } from './octets.ts';

test('property: the end of a value is its first byte that no value may hold', () => {
  const plain = fc.constantFrom(0x61, 0x20, 0x7e, 0x80, 0xff, 0x09);
  const byte = fc.oneof({ weight: 12, arbitrary: plain }, { weight: 1, arbitrary: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 40 }), fc.nat(3), (list, from) => {
      const bytes = Uint8Array.from(list);
      const start = Math.min(from, bytes.length);
      const bad = list.findIndex((value, at) => at >= start && FIELD_VALUE[value] === 0);
      const end = fieldValueEnd(bytes, viewOf(bytes), start, bytes.length);
      assert.equal(end, bad < 0 ? bytes.length : bad);
    }),
    { numRuns: 2_000 },
  );
});

test('every byte alone, at every place of a word, is found or passed', () => {
  for (let value = 0; value < 256; value++) {
    for (let at = 0; at < 8; at++) {
      const bytes = new Uint8Array(8).fill(0x61);
      bytes[at] = value;
      const end = fieldValueEnd(bytes, viewOf(bytes), 0, 8);
      assert.equal(end, FIELD_VALUE[value] === 1 ? 8 : at, `byte ${value} at ${at}`);
    }
  }
});

test('property: a whole number is written as it is printed', () => {
  const edges = fc.constantFrom(0, 9, 10, 2 ** 31 - 1, 2 ** 31, 7e9 + 5, 1e15, 2 ** 53 - 1);
  fc.assert(
    fc.property(fc.oneof(edges, fc.nat(), fc.maxSafeNat()), (value) => {
      const out = Buffer.alloc(20, '-');
      const end = writeDecimal(out, 2, value);
      assert.equal(out.toString('latin1', 0, end), `--${value}`);
      assert.equal(out[end], 0x2d);
    }),
  );
});
