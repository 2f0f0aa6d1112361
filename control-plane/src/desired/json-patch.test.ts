import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { jsonPatch } from './json-patch.ts';
import { applyPatch } from './json-patch-fixture.ts';

const PLAIN = { noNullPrototype: true };

describe('a JSON patch', () => {
  test('is empty between equals, however their fields are ordered', () => {
    assert.deepEqual(jsonPatch({ a: [1, { b: 2, c: 3 }] }, { a: [1, { c: 3, b: 2 }] }), []);
  });

  test('says only what differs, and escapes what a pointer would misread', () => {
    assert.deepEqual(jsonPatch({ keep: 1, go: 2, turn: 3 }, { keep: 1, turn: 4, 'a/b~c': 5 }), [
      { op: 'remove', path: '/go' },
      { op: 'replace', path: '/turn', value: 4 },
      { op: 'add', path: '/a~1b~0c', value: 5 },
    ]);
  });

  test('puts into a list what is new, and changes within what stays', () => {
    const before = { containers: [{ name: 'app', image: 'a' }, { name: 'log' }] };
    const first = { name: 'proxy' };
    const after = { containers: [first, { name: 'app', image: 'b' }, { name: 'log' }] };
    assert.deepEqual(jsonPatch(before, after), [
      { op: 'add', path: '/containers/0', value: first },
      { op: 'replace', path: '/containers/1/image', value: 'b' },
    ]);
  });

  test('replaces a list whose items went, changed places, or have no names of their own', () => {
    const [a, b] = [{ name: 'a' }, { name: 'b' }];
    for (const [before, after] of [
      [[a, b], [b]],
      [
        [a, b],
        [b, a],
      ],
      [
        [1, 2],
        [1, 2, 3],
      ],
      [
        [a, a],
        [a, a, b],
      ],
    ]) {
      assert.deepEqual(jsonPatch(before, after), [{ op: 'replace', path: '', value: after }]);
    }
  });

  test('property: applied to the first value it gives the second', () => {
    const name = fc.constantFrom('a', 'b', 'a/b', '~', '__proto__');
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(null, 1, 'x', true),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.uniqueArray(fc.record({ name, value: tie('tree') }, PLAIN), {
          maxLength: 4,
          selector: (item) => item.name,
        }),
        fc.dictionary(fc.constantFrom('a', 'b', 'a/b', '~', 'name'), tie('tree'), PLAIN),
      ),
    }));
    fc.assert(
      fc.property(tree, tree, (before, after) => {
        assert.deepEqual(applyPatch(before, jsonPatch(before, after)), after);
      }),
    );
  });
});
