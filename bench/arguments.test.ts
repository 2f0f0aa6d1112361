/** Claims about the command line of the benches. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPublishable, parseArguments } from './arguments.ts';

test('questions and options may come in any order', () => {
  const { questions, json, scale } = parseArguments(['hop', '--quick', 'memory', '--json']);
  assert.deepEqual(questions, ['hop', 'memory']);
  assert.equal(json, true);
  assert.equal(scale.quick, true);
});

test('a quick run still has the five rounds that a p99 ratio needs', () => {
  assert.ok(parseArguments(['--quick']).scale.rounds >= 5);
});

test('only a full run with all its rounds may be committed', () => {
  assert.equal(isPublishable(parseArguments([]).scale), true);
  assert.equal(isPublishable(parseArguments(['--quick', '--rounds', '9']).scale), false);
  assert.equal(isPublishable(parseArguments(['--rounds', '2']).scale), false);
});

test('nonsense is refused with what would be right', () => {
  assert.throws(() => parseArguments(['--rounds', '0']), /a whole number from 1/);
  assert.throws(() => parseArguments(['--loud']));
});
