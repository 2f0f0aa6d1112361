/** docs/install.md lists every value of an installation, no other, and every right. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { access } from '@remora/control-plane/install/access.ts';
import { inputSchema, type Schema } from '@remora/control-plane/install/crd-schema.ts';
import { installValues } from '@remora/control-plane/install/values.ts';

const page = readFileSync(join(import.meta.dirname, '../docs/install.md'), 'utf8');

function leaves(schema: Schema, path: string): string[] {
  if (schema.properties === undefined || path === 'resources') return [path];
  return Object.entries(schema.properties).flatMap(([name, field]) => {
    return leaves(field, path === '' ? name : `${path}.${name}`);
  });
}

test('the table of values has every value that can be set, in their order', () => {
  const table = page.slice(page.indexOf('| value |'), page.indexOf('## Pod Security'));
  const rows = [...table.matchAll(/^\| `([\w.]+)` \|/gm)].map(([, path]) => path);
  assert.deepEqual(rows, leaves(inputSchema(installValues), ''));
});

test('the tables of rights name every resource that the control plane may touch', () => {
  const rights = page.slice(page.indexOf('## What each right is for')).toLowerCase();
  for (const object of access({ namespace: 'x', version: 'x' })) {
    const rules = (object['rules'] ?? []) as readonly { readonly resources: readonly string[] }[];
    for (const resource of rules.flatMap(({ resources }) => resources)) {
      const word = resource.replace(/\/status$/, '').replace(/^\w+webhook/, 'webhook ');
      assert.ok(rights.includes(word.replace(/s$/, '')), resource);
    }
  }
});
