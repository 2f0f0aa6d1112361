/** Claims about text laid in words: it is that text, and nothing before it is touched. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { layWords, Words, WORDS_OVERRUN } from './words.ts';

test('what is laid is the text, wherever it begins, and little behind it is touched', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.nat(9), (text, start) => {
      const bytes = Buffer.from(text);
      const out = Buffer.alloc(start + bytes.length + WORDS_OVERRUN + 1, 0xee);
      const view = new DataView(out.buffer, out.byteOffset, out.length);
      const end = layWords(view, start, new Words(text));
      assert.equal(end, start + bytes.length);
      assert.deepEqual(out.subarray(start, end), bytes);
      assert.ok(
        out.subarray(0, start).every((byte) => byte === 0xee),
        'before it',
      );
      assert.equal(out[end + WORDS_OVERRUN], 0xee, 'behind it');
    }),
  );
});
