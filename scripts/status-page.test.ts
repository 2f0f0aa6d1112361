import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { statusSchema } from '@remora/control-plane/install/crd-status.ts';

const root = join(import.meta.dirname, '..');
const textOf = (path: string) => readFileSync(join(root, path), 'utf8');
const page = textOf('docs/status.md');

test('docs/status.md has every reason that a condition can have, and no other', () => {
  const sources = ['conditions', 'policy-conditions'].map((name) => {
    return textOf(`control-plane/src/desired/${name}.ts`);
  });
  const given = [...sources.join('').matchAll(/reason: '(\w+)'/g)].map(([, reason]) => reason);
  const [, table = ''] = page.split('| reason |');
  const rows = table.split('\n').filter((line) => line.startsWith('| `'));
  const told = rows.flatMap((row) => {
    const [, cell = ''] = row.split('|');
    return [...cell.matchAll(/`(\w+)`/g)].map(([, reason]) => reason);
  });
  assert.deepEqual([...new Set(told)].sort(), [...new Set(given)].sort());
});

test('docs/status.md names no field that a status does not have', () => {
  const schema = JSON.stringify(statusSchema({ isCounted: true, hasWeights: true }));
  for (const [, path = ''] of page.matchAll(/`status\.([\w.]+)`/g)) {
    for (const name of path.split('.')) assert.ok(schema.includes(`"${name}":{`), path);
  }
});
