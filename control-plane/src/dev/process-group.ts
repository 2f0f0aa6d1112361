/**
 * A child process and everything it starts, ended together.
 *
 * Each child leads a process group of its own, so that a shell, its command and what that forks all
 * get the signal, and a terminal's Ctrl-C reaches only the runner, which ends them in order. What
 * happens when the runner itself is killed is in `reaper.ts`.
 *
 * Called by `instance.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Reaper } from './reaper.ts';

/** Between the request to end and the order to. */
const GRACE_MS = 2_000;
/** How long a group may take to vanish once it was killed. */
const REAP_MS = 2_000;
const POLL_MS = 20;

export interface ChildSpec {
  readonly command: string | readonly string[];
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export class ProcessGroup {
  readonly pid: number | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Why it ended: `exit code 1`, `signal SIGKILL`, or why it never began. */
  readonly ended: Promise<string>;

  constructor(spec: ChildSpec, reaper: Reaper) {
    const child = start(spec);
    this.pid = child.pid;
    if (child.stdout === null || child.stderr === null) throw new Error('child without output');
    this.stdout = child.stdout;
    this.stderr = child.stderr;
    const pid = child.pid;
    if (pid !== undefined) reaper.watch(pid);
    this.ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => {
        if (pid !== undefined) {
          // What the leader left behind goes with it.
          signalGroup(pid, 'SIGKILL');
          reaper.forget(pid);
        }
        resolve(signal === null ? `exit code ${code}` : `signal ${signal}`);
      });
    });
  }

  kill(): void {
    if (this.pid !== undefined) signalGroup(this.pid, 'SIGKILL');
  }

  /** Asks, waits, kills; resolves when no process of the group is left. */
  async stop(graceMs: number = GRACE_MS): Promise<void> {
    const pid = this.pid;
    if (pid === undefined) return;
    signalGroup(pid, 'SIGTERM');
    const impatience = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs);
    await this.ended;
    clearTimeout(impatience);
    for (let waitedMs = 0; isGroupAlive(pid) && waitedMs < REAP_MS; waitedMs += POLL_MS) {
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
  }
}

function start(spec: ChildSpec): ChildProcess {
  const options = {
    cwd: spec.folder,
    env: spec.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'] satisfies ('ignore' | 'pipe')[],
  };
  const words = typeof spec.command === 'string' ? plainWords(spec.command) : spec.command;
  if (words === null) return spawn(String(spec.command), { ...options, shell: true });
  const [program = '', ...args] = words;
  return spawn(program, args, options);
}

/** The words of a command that needs no shell: one process less. Null: a shell must read it. */
export function plainWords(command: string): string[] | null {
  const words = command.trim().split(/ +/);
  const isPlain = words.every((word) => /^[\w@%+=:,./-]+$/.test(word));
  return isPlain && words[0]?.includes('=') === false ? words : null;
}

function isGroupAlive(pid: number): boolean {
  return signalGroup(pid, 0);
}

/** Whether there was somebody to tell. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}
