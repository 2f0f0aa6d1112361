/** Claims about reading the kernel's list of cores. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onCores, parseCoreList } from './cores.ts';

test('a list of cores may name ranges and single cores', () => {
  assert.deepEqual(parseCoreList('0-2,5'), [0, 1, 2, 5]);
  assert.deepEqual(parseCoreList('7'), [7]);
  assert.deepEqual(parseCoreList(''), []);
});

test('only a pinned machine starts commands through taskset', () => {
  const cores = { pinned: true, proxy: '0', load: '1,2', count: 3 };
  assert.deepEqual(onCores(['x'], cores, 'load'), ['taskset', '-c', '1,2', 'x']);
  assert.deepEqual(onCores(['x'], { ...cores, pinned: false }, 'load'), ['x']);
});
