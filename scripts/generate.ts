/**
 * `npm run generate`: writes what is made from the code (CRDs, reference pages). With `--check` it
 * writes nothing, names the files that are stale and ends with 1.
 *
 * Run by people after a change of a schema or an error, and by `npm run ok`.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedFiles } from './generated-files.ts';

const root = join(import.meta.dirname, '..');
const files = generatedFiles();
const stale = [...files].filter(([path, text]) => textOf(join(root, path)) !== text);

if (process.argv.includes('--check')) {
  for (const [path] of stale) console.log(`${path} is stale: run npm run generate`);
  console.log(`${files.size} generated files, ${stale.length} stale`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const [path, text] of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    console.log(`wrote ${path}`);
  }
}

/** Null: there is no such file. */
function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
