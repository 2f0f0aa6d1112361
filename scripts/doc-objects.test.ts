/** The objects that a page shows are objects that Remora takes, without a word against them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseObject } from '@remora/api/config/objects.ts';
import { parseAllDocuments } from 'yaml';

const root = join(import.meta.dirname, '..');
const OURS = 'apiVersion: remora.dev/';
const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const shown = [...docs.map((name) => `docs/${name}`), 'README.md'].flatMap((page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const blocks = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = '']) => block);
  return blocks.filter((block) => block.includes(OURS)).map((block) => ({ page, block }));
});

describe('an object of remora.dev that a page shows', () => {
  test('is found where one is known to stand', () => {
    const pages = new Set(shown.map(({ page }) => page));
    for (const page of ['docs/config.md', 'docs/observe.md']) assert(pages.has(page), page);
  });

  for (const { page, block } of shown) {
    test(`is right in ${page}: ${block.trim().split('\n').slice(1, 3).join(' ')}`, () => {
      for (const document of parseAllDocuments(block)) {
        assert.deepEqual(document.errors, []);
        const value: unknown = document.toJS();
        const parsed = parseObject(value);
        assert(parsed.is === 'object', JSON.stringify(parsed));
        assert.deepEqual(parsed.warnings, []);
      }
    });
  }
});
