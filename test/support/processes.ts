/**
 * Starts the project's programs as real processes, and ends exactly those.
 *
 * A program is ready when it prints its ready line, so no test sleeps and hopes. Its output is
 * kept, and the error carries it when it ends before it is ready. Every process is ended by its own
 * id, also when the test run itself ends early.
 *
 * Used by process-level tests. The command lines are those of docs/ARCHITECTURE.md.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PROXY_UID } from '@remora/api/mesh-names.ts';
import { within } from './waiting.ts';

const root = join(import.meta.dirname, '../..');
const LOG_LINES_MAX = 2_000;
const READY_LIMIT_MS = 15_000;
const running = new Set<ChildProcess>();

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What the ready line says: its other fields are addresses. */
type Ready = Readonly<Record<string, string>>;

export class Program {
  readonly name: string;
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  readonly #lines: string[] = [];
  readonly #ready: Promise<Ready>;

  /** `user`: whose process it is; left out: ours. */
  constructor(
    name: string,
    script: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
    user?: number,
  ) {
    this.name = name;
    const identity = user === undefined ? {} : { uid: user, gid: user };
    this.child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', join(root, script), ...args],
      {
        cwd: root,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        ...identity,
      },
    );
    running.add(this.child);
    this.exited = new Promise((resolve) => {
      this.child.once('exit', (code, signal) => {
        running.delete(this.child);
        resolve({ code, signal });
      });
    });
    this.#ready = new Promise((resolve) => {
      createInterface({ input: this.child.stdout! }).on('line', (line) => {
        this.#log(line);
        if (line.includes('"msg":"ready"')) resolve(JSON.parse(line));
      });
    });
    createInterface({ input: this.child.stderr! }).on('line', (line) => this.#log(line));
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** All it printed. */
  get logs(): string {
    return this.#lines.join('\n');
  }

  async ready(): Promise<Ready> {
    const ended = this.exited.then(({ code, signal }) => {
      throw new Error(`${this.name} ended (${code ?? signal}) before it was ready:\n${this.logs}`);
    });
    const ready = Promise.race([this.#ready, ended]);
    ended.catch(() => {}); // Its end after it was ready is no failure to start.
    return await within(ready, READY_LIMIT_MS, () => `${this.name} to be ready:\n${this.logs}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Asks it to end, waits, and insists after a while. */
  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    this.child.kill(signal);
    try {
      return await within(this.exited, 30_000, () => `${this.name} to end:\n${this.logs}`);
    } finally {
      this.child.kill('SIGKILL');
    }
  }

  #log(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > LOG_LINES_MAX) this.#lines.shift();
  }
}

export interface ProxyOptions {
  readonly name?: string;
  readonly namespace?: string;
  readonly workload?: string;
  /** Path of a snapshot file. */
  readonly snapshot?: string;
  /** URL of a control plane. */
  readonly control?: string;
  readonly lastGood?: string;
  /** The application behind the inbound listener; left out: no inbound role. */
  readonly app?: string;
  /** Of the application: `PORT/PATH` of its own metrics. */
  readonly appMetrics?: string;
  /** False: no outbound role. */
  readonly outbound?: boolean;
}

export class RunningProxy extends Program {
  /** Addresses, `127.0.0.1:PORT`; empty until ready. */
  outbound = '';
  inbound = '';
  admin = '';
  metrics = '';

  /** As `remora drain` does from a preStop hook. */
  async drain(): Promise<void> {
    const answer = await fetch(`http://${this.admin}/drain`, { method: 'POST' });
    if (answer.status !== 202) throw new Error(`drain: ${answer.status}`);
  }
}

/** Starts a proxy and waits until it is ready. The caller stops it. */
export async function startProxy(options: ProxyOptions = {}): Promise<RunningProxy> {
  const { name = 'client-0', namespace = 'shop', workload = 'client' } = options;
  const args = ['--name', name, '--namespace', namespace, '--workload', workload];
  args.push('--admin', '127.0.0.1:0', '--metrics', '127.0.0.1:0');
  if (options.outbound !== false) args.push('--outbound', '127.0.0.1:0');
  if (options.app !== undefined) args.push('--inbound', '127.0.0.1:0', '--app', options.app);
  if (options.appMetrics !== undefined) args.push('--app-metrics', options.appMetrics);
  if (options.control !== undefined) args.push('--control', options.control);
  if (options.snapshot !== undefined) args.push('--snapshot', options.snapshot);
  if (options.lastGood !== undefined) args.push('--last-good', options.lastGood);
  const proxy = new RunningProxy(name, 'proxy/src/main.ts', args, { REMORA_POISON: '1' });
  const ready = await proxy.ready();
  proxy.outbound = ready['outbound'] ?? '';
  proxy.inbound = ready['inbound'] ?? '';
  proxy.admin = ready['admin'] ?? '';
  proxy.metrics = ready['metrics'] ?? '';
  return proxy;
}

/**
 * Starts a proxy of connections that the kernel turns aside to it, as the user whose own it leaves
 * alone, in the network that we are in now. The caller waits until it is ready, and stops it.
 */
export function startInterceptingProxy(flags: readonly string[]): Program {
  const args = ['--name', 'web-0', '--namespace', 'shop', '--workload', 'web', '--intercept'];
  args.push(...flags);
  return new Program('proxy', 'proxy/src/main.ts', args, { REMORA_POISON: '1' }, PROXY_UID);
}

export interface ControlPlane {
  readonly program: Program;
  /** For `--control`. */
  readonly url: string;
}

/** Starts a control plane that reads this folder, and waits until it is ready. */
export async function startControlPlane(folder: string): Promise<ControlPlane> {
  const args = ['--folder', folder, '--listen', '127.0.0.1:0'];
  const program = new Program('control-plane', 'control-plane/src/main.ts', args);
  const ready = await program.ready();
  return { program, url: `http://${ready['listen']}` };
}
