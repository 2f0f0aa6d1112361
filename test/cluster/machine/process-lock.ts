/**
 * A lock that is held by a process, for what there is once per machine: the cluster, a build.
 *
 * A file with the id of its holder and with when that process began, since ids are used again. The
 * file of a process that is gone holds nobody up, so a run that was killed needs no cleaning.
 *
 * Called by `scripts/test-cluster.ts` and `programs.ts`.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Of `/proc/PID/stat`, counted after the name: in ticks since the machine started. */
const BEGAN_FIELD = 19;

export class ProcessLock {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** Null: somebody else has it. */
  static tryTake(file: string): ProcessLock | null {
    mkdirSync(dirname(file), { recursive: true });
    try {
      writeFileSync(file, identityOf(process.pid), { flag: 'wx' });
      return new ProcessLock(file);
    } catch {
      if (holderRuns(file)) return null;
      rmSync(file, { force: true });
      return ProcessLock.tryTake(file);
    }
  }

  release(): void {
    rmSync(this.#file, { force: true });
  }
}

function holderRuns(file: string): boolean {
  try {
    const holder = readFileSync(file, 'utf8');
    return holder === '' || holder === identityOf(Number(holder.split(' ')[0])); // Just made.
  } catch {
    return false;
  }
}

/** Throws where there is no such process. */
function identityOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[BEGAN_FIELD]}`;
}
