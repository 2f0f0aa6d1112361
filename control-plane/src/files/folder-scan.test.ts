import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FolderScan } from './folder-scan.ts';

const NOTHING: ReadonlySet<string> = new Set();

test('a scan reads a file that was hinted, whatever its time and size say', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'remora-scan-'));
  context.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'a.yaml');
  await writeFile(file, 'a: 1\n');
  const scan = new FolderScan(folder);
  await scan.changes(NOTHING);
  const { atime, mtime } = await stat(file);
  await utimes(file, atime, mtime);
  await scan.changes(NOTHING);

  await writeFile(file, 'a: 2\n');
  await utimes(file, atime, mtime);
  assert.deepEqual(await scan.changes(NOTHING), []);
  assert.deepEqual(await scan.changes(new Set(['a.yaml'])), [
    { file: 'a.yaml', text: 'a: 2\n', refused: null },
  ]);
  assert.deepEqual(await scan.changes(new Set(['a.yaml'])), []);
});

test('an unreadable folder within is reported, and what was in it stays', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'remora-scan-'));
  context.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'more'));
  await writeFile(join(folder, 'more', 'a.yaml'), 'a: 1\n');
  const scan = new FolderScan(folder);
  await scan.changes(NOTHING);

  await chmod(folder, 0o755);
  await chmod(join(folder, 'more'), 0);
  // Nothing is unreadable to root.
  const user = process.geteuid?.() ?? 1;
  if (user === 0) process.seteuid?.(65_534);
  const changes = await scan.changes(NOTHING).finally(() => process.seteuid?.(user));
  const told = changes.map(({ file, text, refused }) => [file, text, /EACCES/.test(refused ?? '')]);
  assert.deepEqual(told, [['more', '', true]]);

  await chmod(join(folder, 'more'), 0o755);
  assert.deepEqual(await scan.changes(NOTHING), [{ file: 'more', text: null, refused: null }]);
});
