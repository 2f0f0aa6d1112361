/** Claims about JSON parsed in slices: the same values, and no slice that is long. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { drained } from './control-fixture.ts';
import { membersOf, parseSliced } from './sliced-json.ts';

/** So large that every level is walked. */
const LARGE = 'x'.repeat(17_000);

describe('parseSliced', () => {
  test('property: is JSON.parse, small or large', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, isLarge) => {
        const text = JSON.stringify(isLarge ? [value, { deep: [value, LARGE] }] : value);
        assert.deepEqual(drained(parseSliced(text)), JSON.parse(text));
      }),
    );
  });

  test('property: blanks between tokens mean nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify({ value, LARGE, list: [LARGE] }, null, '\t\r\n ');
        assert.deepEqual(drained(parseSliced(text)), JSON.parse(text));
      }),
    );
  });

  test('takes brackets, quotes and backslashes within strings for text', () => {
    const value = { '}]",\\': ['\\', '\\"', '{[', '"', ':,'], LARGE: `"${LARGE}\\` };
    assert.deepEqual(drained(parseSliced(JSON.stringify(value))), value);
  });

  test('keeps a hostile key as a key', () => {
    const text = `{"__proto__":{"polluted":true},"large":"${LARGE}"}`;
    const value = drained(parseSliced(text)) as object;
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert(Object.hasOwn(value, '__proto__'));
  });

  for (const [what, text] of Object.entries({
    'cut off': `{"a":"${LARGE}"`,
    'cut off in a string': `{"a":"${LARGE}`,
    'followed by more': `["${LARGE}"] x`,
    'with a comma too many': `["${LARGE}",]`,
    'with a name in a list': `["a":"${LARGE}"]`,
    'without a name in an object': `{"${LARGE}"}`,
    'with brackets that do not match': `{"a":["${LARGE}"}}`,
    empty: '',
  })) {
    test(`refuses text that is ${what}`, () => {
      assert.throws(() => drained(parseSliced(text)), SyntaxError);
    });
  }

  test('yields often: no slice has more than a few thousand members', () => {
    const text = JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ({ i, name: `n${i}` })));
    let slices = 0;
    const work = parseSliced(text);
    while (work.next().done !== true) slices++;
    assert(slices > text.length / 40_000, `${slices} slices for ${text.length} characters`);
  });
});

describe('membersOf', () => {
  test('tells where each member lies, without parsing it', () => {
    const text = ' {"a": {"b":[1]} , "c\\u0041":"}"}';
    const members = drained(membersOf(text));
    const spans = [...members].map(([key, { from, to }]) => [key, text.slice(from, to).trim()]);
    assert.deepEqual(spans, [
      ['a', '{"b":[1]}'],
      ['cA', '"}"'],
    ]);
  });

  test('refuses what is no object', () => {
    assert.throws(() => drained(membersOf('[1]')), SyntaxError);
    assert.throws(() => drained(membersOf('not json')), SyntaxError);
  });
});
