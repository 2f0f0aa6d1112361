/**
 * Claims about `rewrite.ts`: the Gateway API's table of prefix rewrites, and header edits.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HeaderEditsConfig, PathRewriteConfig } from '@remora/api/wire.ts';
import fc from 'fast-check';
import { headOf } from './head-fixture.ts';
import { encodeEdits, encodePathRewrite, encodeRewrite, rewritePath } from './rewrite.ts';

function rewritten(target: string, prefix: string, config: PathRewriteConfig): string {
  const head = headOf(target, target === '*' ? { method: 'OPTIONS' } : {});
  const rewrite = encodePathRewrite(config);
  const stem = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  const room = head.pathEnd - head.pathStart + rewrite.value.length;
  const out = Buffer.alloc(3 + room, '#');
  const end = rewritePath(out, 3, head, rewrite, stem.length);
  assert.equal(out.toString('latin1', 0, 3), '###');
  return out.toString('latin1', 3, end);
}

describe('replacing a prefix', () => {
  // The table of ReplacePrefixMatch in the Gateway API's HTTPPathModifier, all rows, then ours.
  const rows: readonly (readonly [path: string, prefix: string, value: string, wanted: string])[] =
    [
      ['/foo/bar', '/foo', '/xyz', '/xyz/bar'],
      ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'],
      ['/foo/bar', '/foo/', '/xyz', '/xyz/bar'],
      ['/foo/bar', '/foo/', '/xyz/', '/xyz/bar'],
      ['/foo', '/foo', '/xyz', '/xyz'],
      ['/foo/', '/foo', '/xyz', '/xyz/'],
      ['/foo/bar', '/foo', '', '/bar'],
      ['/foo/', '/foo', '', '/'],
      ['/foo', '/foo', '', '/'],
      ['/foo/', '/foo', '/', '/'],
      ['/foo', '/foo', '/', '/'],
      ['/foo/bar', '/foo', '/', '/bar'],
      ['/bar', '/', '/xyz', '/xyz/bar'],
      ['/', '/', '/xyz', '/xyz/'],
      ['/foo//bar?q=1', '/foo', '/xyz', '/xyz//bar'],
      ['/foo', '/foo', '/ü', '/%C3%BC'],
      ['*', '/', '/xyz', '*'],
    ];
  for (const [path, prefix, value, wanted] of rows) {
    test(`${path}, ${prefix} by "${value}" is ${wanted}`, () => {
      assert.equal(rewritten(path, prefix, { type: 'prefix', value }), wanted);
    });
  }
});

test('replacing the full path leaves nothing of the old one', () => {
  assert.equal(rewritten('/foo/bar?q', '/foo', { type: 'full', value: '/x/y' }), '/x/y');
  assert.equal(rewritten('/foo', '/foo', { type: 'full', value: '' }), '/');
});

test('a rewrite is encoded once, and what is not given stays null', () => {
  assert.deepEqual(encodeRewrite({ hostname: null, path: null }), { authority: null, path: null });
  const both = encodeRewrite({ hostname: 'new.host', path: { type: 'full', value: '/a b' } });
  assert.equal(both.authority?.toString(), 'new.host');
  assert.equal(both.path?.value.toString(), '/a%20b');
});

const none: HeaderEditsConfig = { set: [], add: [], remove: [] };

interface Encoded {
  readonly removes: readonly string[];
  readonly append: string;
}

function encoded(rule: HeaderEditsConfig | null, backend: HeaderEditsConfig | null): Encoded {
  const edits = encodeEdits(rule, backend);
  assert.ok(edits !== null);
  return {
    removes: edits.removes.map((name) => name.toString()).sort(),
    append: edits.append.toString(),
  };
}

describe('header edits', () => {
  test('that change nothing are null', () => {
    assert.equal(encodeEdits(null, null), null);
    assert.equal(encodeEdits(none, none), null);
  });

  test('set removes and appends, add only appends, remove only removes', () => {
    const rule = { set: [['X-A', '1']], add: [['x-b', 'ü']], remove: ['X-C'] } as const;
    assert.deepEqual(encoded(rule, null), {
      removes: ['x-a', 'x-c'],
      append: 'X-A: 1\r\nx-b: ü\r\n',
    });
  });

  test('of the backend act on what those of the rule gave', () => {
    const rule = { ...none, set: [['x-a', '1']], add: [['x-b', '2']] } as const;
    const backend = { ...none, set: [['X-A', '3']], remove: ['X-B'] } as const;
    assert.deepEqual(encoded(rule, backend), { removes: ['x-a', 'x-b'], append: 'X-A: 3\r\n' });
    const adds = { ...none, add: [['x-a', '3']] } as const;
    assert.deepEqual(encoded(rule, adds), {
      removes: ['x-a'],
      append: 'x-a: 1\r\nx-b: 2\r\nx-a: 3\r\n',
    });
  });
});

test('property: encoded edits do to a message what the edits do one after the other', () => {
  const name = fc.constantFrom('a', 'A', 'b', 'c');
  const pair = fc.tuple(name, fc.constantFrom('1', '2'));
  const edits = fc.record({
    set: fc.array(pair, { maxLength: 2 }),
    add: fc.array(pair, { maxLength: 2 }),
    remove: fc.array(name, { maxLength: 2 }),
  });
  fc.assert(
    fc.property(fc.array(pair), edits, edits, (message, rule, backend) => {
      const result = encodeEdits(rule, backend);
      const removes = new Set(result?.removes.map((bytes) => bytes.toString()));
      const appended = result?.append.toString().split('\r\n').slice(0, -1) ?? [];
      const got = message
        .filter(([field]) => !removes.has(field.toLowerCase()))
        .map(([field, value]) => `${field}: ${value}`)
        .concat(appended);
      assert.deepEqual(
        got,
        edited(edited(message, rule), backend).map((line) => line.join(': ')),
      );
    }),
  );
});

type Lines = readonly (readonly [name: string, value: string])[];

function edited(message: Lines, edits: HeaderEditsConfig): Lines {
  const without = (lines: Lines, name: string) =>
    lines.filter(([field]) => field.toLowerCase() !== name.toLowerCase());
  let lines = message;
  for (const [name, value] of edits.set) lines = [...without(lines, name), [name, value]];
  lines = [...lines, ...edits.add];
  for (const name of edits.remove) lines = without(lines, name);
  return lines;
}
