/**
 * One run at a time: there is one cluster per machine, and a second run would take down the first.
 *
 * A file with the id of the process that holds it. The file of a process that is gone holds nobody
 * up, so a run that was killed needs no cleaning.
 *
 * Called by `scripts/test-cluster.ts`.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { places } from './places.ts';

export class RunLock {
  /** Null: somebody else has it. */
  static tryTake(): RunLock | null {
    mkdirSync(dirname(places.lock), { recursive: true });
    try {
      writeFileSync(places.lock, String(process.pid), { flag: 'wx' });
      return new RunLock();
    } catch {
      if (holderRuns()) return null;
      rmSync(places.lock, { force: true });
      return RunLock.tryTake();
    }
  }

  release(): void {
    rmSync(places.lock, { force: true });
  }
}

function holderRuns(): boolean {
  try {
    const pid = readFileSync(places.lock, 'utf8');
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('test-cluster');
  } catch {
    return false;
  }
}
