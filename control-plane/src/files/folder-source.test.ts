import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { FolderSource } from './folder-source.ts';
import type { Problem } from './problem.ts';

const waitMsMax = 5_000;
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function service(name: string, port = 80): string {
  const head = `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }`;
  return `${head}\nspec: { ports: [ { port: ${port} } ] }\n`;
}

class Watched {
  readonly folder: string;
  readonly seen: string[] = [];
  problems: readonly Problem[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  async until(holds: () => boolean): Promise<number> {
    const startedAtMs = performance.now();
    while (!holds()) {
      const tookMs = performance.now() - startedAtMs;
      if (tookMs > waitMsMax) assert.fail(`nothing in time; seen: ${this.seen.join(', ')}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return performance.now() - startedAtMs;
  }
}

async function watched(files: Readonly<Record<string, string>>, only = ''): Promise<Watched> {
  const folder = await mkdtemp(join(tmpdir(), 'remora-files-'));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const result = new Watched(folder);
  const source = new FolderSource({
    folder: join(folder, only),
    onEvents: (events) => {
      for (const { type, object } of events) {
        result.seen.push(`${type} ${object.metadata.name} ${object.metadata.generation}`);
      }
    },
    onProblems: (problems) => {
      result.problems = problems;
    },
  });
  await source.start();
  ends.push(() => source.close());
  return result;
}

describe('a folder', () => {
  test('is read whole before it has started, without dev.yaml and hidden files', async () => {
    const { seen } = await watched({
      'a.yaml': service('a'),
      'b.yml': service('b'),
      'dev.yaml': service('dev'),
      '.hidden.yaml': service('hidden'),
      'notes.txt': service('notes'),
    });
    assert.deepEqual(seen, ['put a 1', 'put b 1']);
  });

  test('tells of a file written in place well within a second', async () => {
    const folder = await watched({ 'a.yaml': service('a') });
    await writeFile(folder.file('a.yaml'), service('a', 81));
    const tookMs = await folder.until(() => folder.seen.includes('put a 2'));
    assert.ok(tookMs < 1_000, `${tookMs} ms`);
  });

  test('tells of a file that an editor replaces by renaming another over it', async () => {
    const folder = await watched({ 'a.yaml': service('a') });
    for (let generation = 2; generation <= 4; generation++) {
      await writeFile(folder.file('.a.yaml.swp'), service('a', 80 + generation));
      await rename(folder.file('.a.yaml.swp'), folder.file('a.yaml'));
      await folder.until(() => folder.seen.includes(`put a ${generation}`));
    }
  });

  test('tells of files in a folder that is made later, and of their end', async () => {
    const folder = await watched({});
    await mkdir(folder.file('more'));
    await writeFile(folder.file('more/b.yaml'), service('b'));
    await folder.until(() => folder.seen.includes('put b 1'));
    await rm(folder.file('more'), { recursive: true });
    await folder.until(() => folder.seen.includes('delete b 1'));
  });

  test('can be one file, replaced as editors do', async () => {
    const file = await watched({ 'a.yaml': service('a'), 'b.yaml': service('b') }, 'a.yaml');
    assert.deepEqual(file.seen, ['put a 1']);
    await writeFile(file.file('new'), service('a', 81));
    await rename(file.file('new'), file.file('a.yaml'));
    await file.until(() => file.seen.includes('put a 2'));
  });

  test('reports a mistake and takes the report back once it is mended', async () => {
    const folder = await watched({ 'a.yaml': service('a') });
    await writeFile(folder.file('a.yaml'), service('a').replace('80', 'eighty'));
    await folder.until(() => folder.problems.length === 1);
    assert.equal(folder.problems[0]?.file, 'a.yaml');
    await writeFile(folder.file('a.yaml'), service('a', 81));
    await folder.until(() => folder.problems.length === 0 && folder.seen.includes('put a 2'));
    assert.deepEqual(folder.seen, ['put a 1', 'put a 2']);
  });

  test('that was away and is back unchanged is no problem any more, and lost nothing', async () => {
    const folder = await watched({ 'a.yaml': service('a') });
    await rename(folder.folder, `${folder.folder}.away`);
    await folder.until(() => folder.problems.length === 1);
    await rename(`${folder.folder}.away`, folder.folder);
    await folder.until(() => folder.problems.length === 0);
    assert.deepEqual(folder.seen, ['put a 1']);
  });

  test('must exist', async () => {
    await assert.rejects(watched({}, 'nothing-here'), /ENOENT/);
  });
});
