/** Claims about reading a CPU profile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topFunctions } from './profile.ts';

function node(id: number, functionName: string, url = '') {
  return { id, callFrame: { functionName, url, lineNumber: 9 } };
}

test('a function is shown with its share of the busy time, over all its call sites', () => {
  const nodes = [node(1, 'scan', 'file:///x/head.mjs'), node(2, '(idle)'), node(3, 'write')];
  const again = node(4, 'scan', 'file:///x/head.mjs');
  const profile = {
    nodes: [...nodes, again],
    samples: [1, 2, 3, 4],
    timeDeltas: [40, 1_000, 25, 35],
  };
  assert.deepEqual(topFunctions(profile, 5), [' 75.0%  scan  head.mjs:10', ' 25.0%  write']);
});

test('no more functions are shown than were asked for', () => {
  const profile = { nodes: [node(1, 'a'), node(2, 'b')], samples: [1, 2], timeDeltas: [1, 2] };
  assert.equal(topFunctions(profile, 1).length, 1);
});
