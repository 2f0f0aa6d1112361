import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

// Read when the module is loaded, and so set before.
const home = mkdtempSync(join(tmpdir(), 'remora-owner-'));
process.env['REMORA_CLUSTER'] = home;
const { claimCluster, otherOwner } = await import('./owner.ts');
const { RunLock } = await import('./run-lock.ts');

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

test('a run whose process is gone holds nobody up', () => {
  writeFileSync(join(home, 'run.pid'), '4194305'); // More than the kernel ever gives.
  const lock = RunLock.tryTake();
  assert.notEqual(lock, null);
  lock?.release();
});
