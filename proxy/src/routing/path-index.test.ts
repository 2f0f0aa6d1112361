/**
 * Claims about `path-index.ts`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HASH_START, hashByte, NOT_FOUND, type PathIndex, PathIndexBuilder } from './path-index.ts';

function indexOf(paths: readonly string[]): PathIndex {
  const builder = new PathIndexBuilder();
  paths.forEach((path, candidate) => {
    builder.add(Buffer.from(path), candidate);
  });
  const work = builder.build();
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

function hashOf(bytes: Uint8Array): number {
  return bytes.reduce(hashByte, HASH_START);
}

function candidatesOf(index: PathIndex, path: string): readonly number[] {
  const bytes = Buffer.from(`xx${path}yy`);
  const hash = hashOf(Buffer.from(path));
  const group = index.find(bytes, 2, bytes.length - 2, hash);
  return group === NOT_FOUND ? [] : [...index.candidates[group]!];
}

test('property: every path finds its own candidates, in order, and no other path finds any', () => {
  const path = fc.string({ unit: fc.constantFrom('/', 'a', 'b'), minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(path, { maxLength: 60 }), fc.array(path), (paths, probes) => {
      const index = indexOf(paths);
      for (const probe of [...paths, ...probes]) {
        const wanted = paths.flatMap((held, at) => (held === probe ? [at] : []));
        assert.deepEqual(candidatesOf(index, probe), wanted);
      }
      assert.equal(index.longest, Math.max(0, ...paths.map((held) => held.length)));
    }),
  );
});

test('paths whose hashes are equal are told apart by their bytes', () => {
  const index = indexOf(['/a', '/b']);
  const bytes = Buffer.from('/b');
  assert.equal(index.find(bytes, 0, 2, hashOf(Buffer.from('/a'))), NOT_FOUND);
  assert.equal(index.find(bytes, 0, 1, hashOf(bytes)), NOT_FOUND);
});

test('a path equal in name to a property of every object is only a path', () => {
  const index = indexOf(['/__proto__', '__proto__', '0']);
  assert.deepEqual(candidatesOf(index, '__proto__'), [1]);
  assert.deepEqual(candidatesOf(index, '0'), [2]);
  assert.deepEqual(candidatesOf(index, 'constructor'), []);
});
