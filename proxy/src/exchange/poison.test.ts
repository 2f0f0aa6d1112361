import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poison } from './poison.ts';

test('a poisoned field throws with its name when it is read or written', () => {
  const field = poison<{ value: number }>('downstream');
  const used = /downstream\.value was used after/;
  assert.throws(() => field.value, used);
  assert.throws(() => {
    field.value = 1;
  }, used);
});
