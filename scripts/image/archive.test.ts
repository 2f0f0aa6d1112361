import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fullName, writeImageArchive } from './archive.ts';

const LONG = `${'deep/'.repeat(30)}${'n'.repeat(90)}`;
const skip = spawnSync('tar', ['--version']).status !== 0 && 'there is no tar here';

describe('an image archive', { skip }, () => {
  let folder: string;
  let rootFolder: string;
  let archive: string;
  let unpacked: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'remora-archive-'));
    rootFolder = join(folder, 'root');
    mkdirSync(join(rootFolder, 'tmp'), { recursive: true });
    chmodSync(join(rootFolder, 'tmp'), 0o1777);
    writeFileSync(join(rootFolder, 'run'), 'x'.repeat(513), { mode: 0o755 });
    symlinkSync('run', join(rootFolder, 'link'));
    mkdirSync(join(rootFolder, LONG, '..'), { recursive: true });
    writeFileSync(join(rootFolder, LONG), 'found');
    archive = write('first.tar');
    unpacked = join(folder, 'unpacked');
    mkdirSync(unpacked);
    execFileSync('tar', ['-xf', archive, '-C', unpacked]);
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  function write(name: string): string {
    const file = join(folder, name);
    const config = { entrypoint: ['/run'], env: { A: 'b' }, user: '7:8', workingFolder: '/tmp' };
    writeImageArchive({ ...config, name: 'thing:1', rootFolder }, file);
    return file;
  }

  /** A page of the archive, reached by its digest, which must be true. */
  function blob({ digest, size }: { digest: string; size: number }): Buffer {
    const data = readFileSync(join(unpacked, 'blobs', digest.replace(':', '/')));
    assert.equal(digest, `sha256:${createHash('sha256').update(data).digest('hex')}`);
    assert.equal(size, data.length);
    return data;
  }

  test('leads by true digests from its name to how it starts and to its files', () => {
    const index = JSON.parse(readFileSync(join(unpacked, 'index.json'), 'utf8')).manifests[0];
    assert.equal(index.annotations['io.containerd.image.name'], 'docker.io/library/thing:1');
    const manifest = JSON.parse(blob(index).toString());
    const config = JSON.parse(blob(manifest.config).toString());
    assert.deepEqual(config.config, {
      ...{ Entrypoint: ['/run'], Env: ['A=b'], User: '7:8', WorkingDir: '/tmp' },
    });
    assert.deepEqual(config.rootfs.diff_ids, [manifest.layers[0].digest]);
    blob(manifest.layers[0]);
  });

  test('holds files, links, modes and long paths as the real tar reads them', () => {
    const index = JSON.parse(readFileSync(join(unpacked, 'index.json'), 'utf8')).manifests[0];
    const layer = blob(JSON.parse(blob(index).toString()).layers[0]);
    const listed = execFileSync('tar', ['-tvf', '-', '--numeric-owner'], { input: layer });
    const lines = listed.toString().trimEnd().split('\n');
    const line = (end: string) => lines.find((one) => one.endsWith(end)) ?? assert.fail(end);
    assert.match(line('00 run'), /^-rwxr-xr-x 0\/0 +513 /);
    assert.match(line(' link -> run'), /^l/);
    assert.match(line(' tmp/'), /^drwxrwxrwt 0\/0 /);
    const text = execFileSync('tar', ['-xOf', '-', LONG], { input: layer });
    assert.equal(text.toString(), 'found');
  });

  test('is the same to the byte for the same files, whatever their dates', () => {
    utimesSync(join(rootFolder, 'run'), 1, 1);
    assert.ok(readFileSync(archive).equals(readFileSync(write('second.tar'))));
  });
});

test('a name without a host is the usual registry, and one with a host is left alone', () => {
  assert.equal(fullName('remora:dev'), 'docker.io/library/remora:dev');
  assert.equal(fullName('remora/pause:1'), 'docker.io/remora/pause:1');
  assert.equal(fullName('example.com/a/b:1'), 'example.com/a/b:1');
  assert.equal(fullName('localhost:5000/b:1'), 'localhost:5000/b:1');
});
