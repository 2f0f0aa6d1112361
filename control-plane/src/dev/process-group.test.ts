/** Claims about ending processes, made with real ones: whatever way the end comes, none is left. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ProcessGroup, plainWords } from './process-group.ts';
import { Reaper } from './reaper.ts';

/** Ignores what it is asked, and has a child that does so too; prints both ids. */
const STUBBORN = `trap '' TERM INT HUP; sleep 60 & echo $$ $!; wait; sleep 60`;
const REPORTED_MS_MAX = 10_000;

describe('a process group', () => {
  test('is ended with all that it started, though it ignores the polite signal', async () => {
    const reaper = new Reaper();
    const group = new ProcessGroup(spec(STUBBORN), reaper);
    const pids = await printedPids(group.stdout);
    await group.stop(200);
    await reaper.close();
    assert.deepEqual(pids.filter(isAlive), []);
  });

  test('takes along what its leader leaves behind', async () => {
    const reaper = new Reaper();
    const group = new ProcessGroup(spec('sleep 60 & echo $! $!; exit 3'), reaper);
    const pids = await printedPids(group.stdout);
    assert.equal(await group.ended, 'exit code 3');
    await waitUntilGone(pids);
    await reaper.close();
  });

  test('says why a command cannot start', async () => {
    const reaper = new Reaper();
    const group = new ProcessGroup({ command: ['/no/such/file'], folder: '/', env: {} }, reaper);
    assert.match(await group.ended, /ENOENT/);
    await group.stop();
    await reaper.close();
  });
});

describe('a command', () => {
  test('is started without a shell only where a shell would change nothing', () => {
    assert.deepEqual(plainWords(' node  web.js --port=1'), ['node', 'web.js', '--port=1']);
    for (const command of [
      'A=1 node web.js',
      'a && b',
      'echo $HOME',
      "echo 'a b'",
      'a; b',
      'ls *',
    ]) {
      assert.equal(plainWords(command), null, command);
    }
  });
});

describe('the reaper', () => {
  test('ends every group when the runner is killed without warning', async () => {
    const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
    const program = `
      const { Reaper } = await import(${JSON.stringify(here('reaper.ts'))});
      const { ProcessGroup } = await import(${JSON.stringify(here('process-group.ts'))});
      const reaper = new Reaper();
      const env = process.env;
      const gone = new ProcessGroup({ command: 'exit 0', folder: '/', env }, reaper);
      await gone.ended;
      const group = new ProcessGroup(
        { command: ${JSON.stringify(STUBBORN)}, folder: '/', env }, reaper);
      group.stdout.pipe(process.stdout);
    `;
    const runner = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pids = await printedPids(runner.stdout);
    runner.kill('SIGKILL');
    await once(runner, 'exit');
    await waitUntilGone(pids);
  });
});

function spec(command: string) {
  return { command, folder: '/', env: process.env };
}

async function printedPids(stream: NodeJS.ReadableStream): Promise<number[]> {
  const [chunk] = await once(stream, 'data');
  const pids = String(chunk).trim().split(' ').map(Number);
  assert.equal(pids.length, 2);
  return pids;
}

async function waitUntilGone(pids: readonly number[]): Promise<void> {
  const deadlineMs = performance.now() + REPORTED_MS_MAX;
  while (pids.some(isAlive)) {
    assert.ok(performance.now() < deadlineMs, `still there: ${pids.filter(isAlive).join(', ')}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
