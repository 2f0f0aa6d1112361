/** Claims about what is read from /proc, tried on this very process. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuNanosOf, memoryOf, wakeUpsOf } from './process-figures.ts';

const skip = process.platform !== 'linux' && 'needs /proc';

test('CPU time is within a tenth of what the process itself counts', { skip }, () => {
  const before = { own: process.cpuUsage(), read: cpuNanosOf(process.pid)! };
  const untilMs = performance.now() + 200;
  while (performance.now() < untilMs) Math.sqrt(performance.now());
  const own = process.cpuUsage(before.own);
  const ownNanos = (own.user + own.system) * 1000;
  const readNanos = cpuNanosOf(process.pid)! - before.read;
  const toleranceNanos = Math.max(ownNanos * 0.1, 15_000_000);
  assert.ok(Math.abs(readNanos - ownNanos) < toleranceNanos, `${readNanos} and ${ownNanos}`);
});

test('private memory is a part of what is resident', { skip }, () => {
  const memory = memoryOf(process.pid)!;
  assert.ok(memory.privateMb > 1 && memory.privateMb < memory.residentMb);
});

test('every sleep ends in a wake-up', { skip }, async () => {
  const before = wakeUpsOf(process.pid)!;
  for (let nap = 0; nap < 5; nap++) await new Promise((resolve) => setTimeout(resolve, 3));
  assert.ok(wakeUpsOf(process.pid)! - before >= 5);
});

test('a process that is gone has no figures, rather than zeroes', () => {
  const goneUnlessUnlucky = 2 ** 30;
  assert.equal(cpuNanosOf(goneUnlessUnlucky), null);
  assert.equal(wakeUpsOf(goneUnlessUnlucky), null);
  assert.equal(memoryOf(goneUnlessUnlucky), null);
});
