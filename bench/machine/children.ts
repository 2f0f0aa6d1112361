/**
 * Every process that a benchmark starts, so that none outlives it.
 *
 * Each is ended by its own id, never by name: SIGTERM, and SIGKILL when it has not gone within two
 * seconds. `endAll` runs at the end, on an error, on SIGINT and SIGTERM, and when the whole run
 * exceeds its time. What a child writes to stderr is kept (its tail only) for the error message.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const GRACE_MS = 2_000;
const STDERR_KEPT = 4_000;

export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly process: ChildProcess;
  /** The tail of its stderr. */
  errors(): string;
  hasEnded(): boolean;
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
}

export class Children {
  readonly #living = new Set<Child>();

  start(name: string, command: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
    const [program = '', ...rest] = command;
    const process_ = spawn(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    let tail = '';
    process_.stderr.on('data', (chunk: Buffer) => {
      tail = (tail + chunk.toString('utf8')).slice(-STDERR_KEPT);
    });
    let ended = false;
    const child: Child = {
      name,
      pid: process_.pid ?? -1,
      process: process_,
      errors: () => tail,
      hasEnded: () => ended,
    };
    this.#living.add(child);
    process_.on('error', (error) => {
      tail += error.message;
      ended = true;
      this.#living.delete(child);
    });
    process_.on('exit', () => {
      ended = true;
      this.#living.delete(child);
    });
    return child;
  }

  /** Runs a command to its end; throws with its stderr when it fails or takes too long. */
  async run(name: string, command: readonly string[], timeoutMs: number): Promise<RunResult> {
    const child = this.start(name, command);
    let stdout = '';
    child.process.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8');
    });
    const timer = setTimeout(() => void this.end(child), timeoutMs);
    try {
      await once(child.process, 'close');
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
    if (child.process.exitCode !== 0) {
      const how = child.process.signalCode ?? `exit code ${child.process.exitCode}`;
      throw new Error(`${name}: ${how}: ${child.errors().trim() || stdout.trim()}`);
    }
    return { stdout, stderr: child.errors() };
  }

  async end(child: Child): Promise<void> {
    if (child.hasEnded() || child.pid < 0) return;
    const gone = once(child.process, 'exit');
    child.process.kill('SIGTERM');
    const timer = setTimeout(() => child.process.kill('SIGKILL'), GRACE_MS);
    await gone;
    clearTimeout(timer);
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.#living].map((child) => this.end(child)));
  }

  /** For the moment when nothing may be awaited any more. */
  killAll(): void {
    for (const child of this.#living) child.process.kill('SIGKILL');
  }
}
