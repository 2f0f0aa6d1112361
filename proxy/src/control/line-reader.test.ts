/** Claims about lines: cut anywhere they are the same, and none grows without limit. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { LineReader } from './line-reader.ts';

describe('a line reader', () => {
  test('property: where the network cuts the bytes never changes the lines', () => {
    const line = fc
      .string({ unit: 'binary', maxLength: 20 })
      .map((text) => text.replace(/\n/g, ''));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat({ max: 200 })), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const found: string[] = [];
        const reader = new LineReader(10_000, (text) => found.push(text));
        let from = 0;
        for (const to of [...cuts.sort((a, b) => a - b), bytes.length]) {
          if (to > from) assert(reader.push(bytes.subarray(from, to)));
          from = Math.max(from, to);
        }
        const wanted = lines.map((text) => Buffer.from(text).toString()).filter((text) => text);
        assert.deepEqual(found, wanted);
      }),
    );
  });

  test('refuses a line over its bound, ended or not, and allows one that just fits', () => {
    const reader = () => new LineReader(4, () => undefined);
    assert.equal(reader().push(Buffer.from('1234\n1234\n')), true);
    assert.equal(reader().push(Buffer.from('12345')), false);
    assert.equal(reader().push(Buffer.from('12345\n')), false);
  });
});
