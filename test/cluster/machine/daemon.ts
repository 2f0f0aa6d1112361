/**
 * One long-lived program of a cluster: started with a log file, found again by its recorded id.
 *
 * A program may live as long as this process (an API server for one test file) or go on after it
 * (`npm run cluster -- up`). The first kind is tied to us by the kernel, so that a test run that is
 * killed leaves nothing behind. The second kind is ended by the id in its file, and only where the
 * program of that id is still the one that was started: ids are used again.
 *
 * Called by `control.ts`, `containerd.ts`, `node.ts`, `cluster-dns.ts` and `cluster.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram, programPath } from './places.ts';

const LOG_LINES_SHOWN = 25;
const POLL_MS = 50;
const END_LIMIT_MS = 5_000;
/** A task's name, which the kernel cuts. */
const COMM_LENGTH = 15;

export interface DaemonOptions {
  /** Of its files. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Gets NAME.log and NAME.pid. */
  readonly folder: string;
  /** True: it goes on after this process. */
  readonly outlivesUs?: boolean;
}

export class Daemon {
  readonly pid: number;
  readonly #options: DaemonOptions;
  readonly #child: ChildProcess;

  constructor(options: DaemonOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true });
    const log = openSync(logFile(options), 'a');
    const command = commandOf(options);
    this.#child = spawn(command[0]!, command.slice(1), {
      cwd: options.folder,
      detached: options.outlivesUs === true,
      // No proxy and no certificate of this machine is any business of a cluster on it.
      env: { PATH: process.env['PATH'], HOME: options.folder },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#child.once('error', () => undefined); // Seen as a process without an id.
    this.pid = this.#child.pid ?? -1;
    if (options.outlivesUs !== true) return;
    this.#child.unref();
    writeFileSync(pidFile(options), `${this.pid} ${basename(options.program)}\n`);
  }

  get hasEnded(): boolean {
    const { exitCode, signalCode } = this.#child;
    return this.pid === -1 || exitCode !== null || signalCode !== null;
  }

  /** Polls until it does what makes it ready. Throws with the end of its log. */
  async ready(isReady: () => Promise<boolean>, limitMs: number): Promise<this> {
    const endAtMs = performance.now() + limitMs;
    for (;;) {
      if (await isReady().catch(() => false)) return this;
      const late = performance.now() > endAtMs;
      if (late || this.hasEnded) {
        const what = this.hasEnded ? 'ended' : `was not ready in ${limitMs} ms`;
        throw new Error(`${this.#options.name} ${what}; its log ends:\n${this.logTail()}`);
      }
      await sleep(POLL_MS);
    }
  }

  logTail(): string {
    return tailOf(logFile(this.#options));
  }

  /** Ends it at once: what it keeps is thrown away. */
  async kill(): Promise<void> {
    if (this.hasEnded) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }
}

/** Ends a program by the id in its file, if that is still the same program. */
export async function endRecorded(folder: string, name: string): Promise<void> {
  const file = pidFile({ folder, name });
  const recorded = readRecord(file);
  if (recorded !== null && isSame(recorded)) {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      trySignal(recorded.pid, signal);
      const endAtMs = performance.now() + END_LIMIT_MS;
      while (isSame(recorded) && performance.now() < endAtMs) await sleep(POLL_MS);
      if (!isSame(recorded)) break;
    }
  }
  rmSync(file, { force: true });
}

/** The id of a recorded program that runs; null: it does not. */
export function recordedPid(folder: string, name: string): number | null {
  const recorded = readRecord(pidFile({ folder, name }));
  return recorded !== null && isSame(recorded) ? recorded.pid : null;
}

export function tailOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n');
  } catch {
    return '(no log)';
  }
}

interface Recorded {
  readonly pid: number;
  readonly program: string;
}

function logFile({ folder, name }: Pick<DaemonOptions, 'folder' | 'name'>): string {
  return join(folder, `${name}.log`);
}

function pidFile({ folder, name }: Pick<DaemonOptions, 'folder' | 'name'>): string {
  return join(folder, `${name}.pid`);
}

function commandOf({ program, args, outlivesUs }: DaemonOptions): string[] {
  const tie = outlivesUs === true ? null : findProgram('setpriv');
  const ours = [programPath(program), ...args];
  return tie === null ? ours : [tie, '--pdeathsig', 'KILL', '--', ...ours];
}

function readRecord(file: string): Recorded | null {
  try {
    const [pid, program] = readFileSync(file, 'utf8').trim().split(' ');
    return { pid: Number(pid), program: program ?? '' };
  } catch {
    return null;
  }
}

function isSame({ pid, program }: Recorded): boolean {
  try {
    const comm = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
    const state = /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
    return comm === program.slice(0, COMM_LENGTH) && state !== 'Z';
  } catch {
    return false;
  }
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended between the look and the signal.
  }
}
