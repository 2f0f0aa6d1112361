import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

// Read when the module is loaded, and so set before.
const home = mkdtempSync(join(tmpdir(), 'remora-owner-'));
process.env['REMORA_CLUSTER'] = home;
const { claimCluster, otherOwner } = await import('./owner.ts');
const { ProcessLock } = await import('./process-lock.ts');

after(() => rmSync(home, { recursive: true, force: true }));

test('a cluster is claimed by one, and a second claim fails with whose it is', () => {
  assert.equal(otherOwner(), null);
  claimCluster();
  assert.equal(otherOwner(), null);
  assert.throws(claimCluster, /of this checkout/);

  const owner = { checkout: '/somewhere/else', since: '2026-01-01' };
  writeFileSync(join(home, 'state/owner.json'), JSON.stringify(owner));
  assert.equal(otherOwner(), '/somewhere/else since 2026-01-01');
  assert.throws(claimCluster, /of \/somewhere\/else/);
});

test('a lock is held by one process, and by nobody when that process is gone', () => {
  const file = join(home, 'lock');
  const lock = ProcessLock.tryTake(file);
  assert.notEqual(lock, null);
  assert.equal(ProcessLock.tryTake(file), null);
  lock?.release();
  assert.notEqual(ProcessLock.tryTake(file), null);

  writeFileSync(file, '4194305 7'); // More than the kernel ever gives.
  assert.notEqual(ProcessLock.tryTake(file), null);
  writeFileSync(file, `${process.pid} 7`); // Ours, but it began at another time.
  assert.notEqual(ProcessLock.tryTake(file), null);
});
