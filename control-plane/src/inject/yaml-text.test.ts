import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseYaml, patchedText, splitDocuments } from './yaml-text.ts';

function patched(text: string, ...patch: Parameters<typeof patchedText>[1]): string {
  const parsed = parseYaml(text);
  assert.ok(parsed.is === 'value');
  return patchedText(parsed.document, patch, text);
}

describe('a YAML stream', () => {
  test('is split where a document begins, and nowhere else', () => {
    const parts = ['# a\na: |\n  x\n  ---\n', '--- # b\nb: 1\n', '---\n', '---\nc: 1'];
    assert.deepEqual(
      splitDocuments(parts.join('')).map(({ text, line }) => [text, line]),
      [
        [parts[0], 1],
        [parts[1], 5],
        [parts[2], 7],
        [parts[3], 8],
      ],
    );
    assert.equal(splitDocuments('%YAML 1.1\n---\na: 1\n').length, 1);
  });

  test('property: put together again is what it was', () => {
    const line = fc.constantFrom('---', '--- # x', '----', 'a: 1', '', ' ---', '%YAML 1.1', '...');
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom('\n', '\r\n'), (lines, end) => {
        const text = lines.join(end);
        assert.equal(
          splitDocuments(text)
            .map((one) => one.text)
            .join(''),
          text,
        );
      }),
    );
  });

  test('keeps what kubectl would read otherwise: octal numbers, words, versions, dates', () => {
    const text = 'a: 0644\nb: yes\nc: 1.10\nd: 2026-11-26\ne: ~\nf: 12:30:45\ng: "1.10"\nh: 0x1f\n';
    assert.equal(patched(text, { op: 'add', path: '/z', value: 1 }), `${text}z: 1\n`);
  });

  test('keeps comments, blank lines, and the indentation of lists', () => {
    const text = '# top\na:\n- 1 # one\n# two\n- 2\n\n# b\nb: x\n';
    assert.equal(patched(text, { op: 'replace', path: '/b', value: 'z' }), text.replace('x', 'z'));
    const indented = 'a:\n  - 1\nb: x\n';
    assert.equal(patched(indented, { op: 'remove', path: '/b' }), 'a:\n  - 1\n');
  });

  test('opens braces down to what changes, and no others', () => {
    assert.equal(
      patched('a: { b: [{ c: 1 }], d: { e: 2 } }\n', { op: 'add', path: '/a/b/0/x', value: 3 }),
      'a:\n  b:\n    - c: 1\n      x: 3\n  d: { e: 2 }\n',
    );
  });

  test('leaves a comment with the item that it is about', () => {
    const text = 'a:\n  # about b\n  - name: b\n';
    assert.equal(
      patched(text, { op: 'add', path: '/a/0', value: { name: 'x' } }),
      'a:\n  - name: x\n  # about b\n  - name: b\n',
    );
  });
});
