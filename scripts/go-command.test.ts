import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { GoFailed, runGo } from './go-command.ts';

test('a Go that cannot be started leaves no timer behind', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const cwd = join(import.meta.dirname, 'no-such-folder');
  await assert.rejects(runGo(['version'], { cwd, limitMs: 60_000 }), GoFailed);
  assert.equal(timers(), before);
});
