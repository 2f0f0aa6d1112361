/** Claims about `remora install` as a command: how what is typed reaches the objects. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';

const MAIN = join(import.meta.dirname, 'main.ts');

test('--set is given as often as wanted, and a value may have several lines', async () => {
  const sets = ['replicas=3', 'tolerations=- key: spot\n  operator: Exists\n- key: gpu'];
  const args = ['install', '--dry-run', ...sets.flatMap((set) => ['--set', set])];
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...args]);
  const objects = parseAllDocuments(stdout).map((document) => document.toJS());
  const { spec } = objects.find(({ kind }) => kind === 'Deployment');
  assert.equal(spec.replicas, 3);
  const tolerations = [{ key: 'spot', operator: 'Exists' }, { key: 'gpu' }];
  assert.deepEqual(spec.template.spec.tolerations, tolerations);
});
