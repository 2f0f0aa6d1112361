import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { LineReader } from './line-reader.ts';

describe('a line reader', () => {
  test('property: where the network cuts the bytes never changes the lines', () => {
    const lines = fc.array(fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\n')));
    fc.assert(
      fc.property(lines, fc.array(fc.nat(64), { maxLength: 20 }), (wanted, cuts) => {
        const bytes = Buffer.from(wanted.map((line) => `${line}\n`).join(''));
        const reader = new LineReader(1_000_000);
        const read: string[] = [];
        let from = 0;
        for (const cut of [...cuts, bytes.length]) {
          const to = Math.min(from + cut, bytes.length);
          read.push(...(reader.push(bytes.subarray(from, to)) ?? []));
          from = to;
        }
        read.push(...(reader.push(bytes.subarray(from)) ?? []));
        assert.deepEqual(read, wanted);
      }),
    );
  });

  test('takes a line of exactly the bound and refuses one byte more', () => {
    assert.deepEqual(new LineReader(4).push(Buffer.from('abcd\n')), ['abcd']);
    assert.equal(new LineReader(4).push(Buffer.from('abcde\n')), null);
  });

  test('refuses a line over the bound before its end has come', () => {
    const reader = new LineReader(4);
    assert.deepEqual(reader.push(Buffer.from('abc')), []);
    assert.equal(reader.push(Buffer.from('de')), null);
  });
});
