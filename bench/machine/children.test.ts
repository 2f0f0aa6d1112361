/** Claims about the processes that a benchmark starts. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Children } from './children.ts';

const node = process.execPath;

test('a process that ignores SIGTERM is gone after endAll all the same', async () => {
  const children = new Children();
  const script = 'process.on("SIGTERM",()=>{});console.log("up");setInterval(()=>{},1000)';
  const child = children.start('stubborn', [node, '-e', script]);
  await once(child.process.stdout!, 'data');
  await children.endAll();
  assert.equal(child.process.signalCode, 'SIGKILL');
  assert.throws(() => process.kill(child.pid, 0));
});

test('a command that fails is an error that quotes its stderr', async () => {
  const children = new Children();
  const command = [node, '-e', 'console.error("the reason");process.exit(3)'];
  await assert.rejects(
    children.run('failing', command, 10_000),
    /failing: exit code 3: the reason/,
  );
});

test('a command that takes too long is ended', async () => {
  const children = new Children();
  const command = [node, '-e', 'setInterval(()=>{},1000)'];
  await assert.rejects(children.run('endless', command, 300), /endless: SIGTERM/);
});

test('a program that does not exist is an error, not a wait for ever', async () => {
  const children = new Children();
  await assert.rejects(children.run('absent', ['no-such-program-here'], 5_000), /absent/);
});
