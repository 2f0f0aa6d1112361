import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { until } from '../../support/waiting.ts';
import { Daemon, endRecorded, recordedPid } from './daemon.ts';
import { findProgram } from './places.ts';

const skip = process.platform !== 'linux' && 'process ids are looked up in /proc';

describe('a daemon', { skip }, () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'remora-daemon-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function start(name: string, outlivesUs: boolean): Daemon {
    return new Daemon({ name, program: 'sleep', args: ['60'], folder, outlivesUs });
  }

  test('that outlives us is found by its record, and ended by it', async () => {
    const { pid } = start('lasting', true);
    await until(() => recordedPid(folder, 'lasting') === pid, 'its record to be true');
    await endRecorded(folder, 'lasting');
    assert.equal(existsSync(`/proc/${pid}`) && isRunning(pid), false);
    assert.equal(existsSync(join(folder, 'lasting.pid')), false);
  });

  test('whose id has been given to another program is not ended', async () => {
    const bystander = spawn('sleep', ['60']);
    writeFileSync(join(folder, 'gone.pid'), `${bystander.pid} etcd\n`);
    await endRecorded(folder, 'gone');
    assert.equal(bystander.signalCode, null);
    assert.ok(isRunning(bystander.pid!));
    bystander.kill('SIGKILL');
  });

  test('that ends before it is ready fails with the end of its log', async () => {
    const daemon = new Daemon({ name: 'failing', program: 'sleep', args: ['never'], folder });
    await assert.rejects(
      daemon.ready(async () => false, 10_000),
      /failing ended; its log ends:\n.*never/,
    );
  });

  const noTie = findProgram('setpriv') === null && 'there is no setpriv here';
  test('that belongs to us ends when we are killed', { skip: noTie }, async () => {
    const code = `
      import { Daemon } from ${JSON.stringify(join(import.meta.dirname, 'daemon.ts'))};
      const options = { name: 'tied', program: 'sleep', args: ['60'], folder: process.argv[1] };
      console.log(new Daemon(options).pid);
      setInterval(() => {}, 1e6);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', code, folder]);
    const pid = await new Promise<number>((resolve) => {
      parent.stdout.once('data', (line: Buffer) => resolve(Number(line)));
    });
    assert.ok(isRunning(pid));
    parent.kill('SIGKILL');
    await until(() => !isRunning(pid), 'the daemon to end');
  });
});

function isRunning(pid: number): boolean {
  try {
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
