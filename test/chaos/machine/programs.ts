/**
 * Every process that a chaos run starts, so that none outlives it.
 *
 * Proxies are spawned with their output kept (its tail only) or, for one scenario, never read;
 * programs of our own are forked with a channel for orders. Each is ended by its own id, SIGKILL
 * after a grace. Used by every scenario, through its stage.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Reply, sleepMs } from './orders.ts';

const OUTPUT_KEPT = 64 * 1024;
const GRACE_MS = 2_000;
const POLL_MS = 5;
const READY_MS = 15_000;
const QUIET = '--disable-warning=ExperimentalWarning';

export interface SpawnOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Nobody reads what it writes to stderr: the pipe fills, and then blocks. */
  readonly unreadLog?: boolean;
}

export class Spawned {
  readonly name: string;
  readonly child: ChildProcess;
  #output = '';
  #ended = false;

  constructor(name: string, child: ChildProcess, options: SpawnOptions) {
    this.name = name;
    this.child = child;
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString('utf8')).slice(-OUTPUT_KEPT);
    };
    child.stdout?.on('data', keep);
    if (options.unreadLog !== true) child.stderr?.on('data', keep);
    child.on('error', (error) => {
      keep(Buffer.from(error.message));
      this.#ended = true;
    });
    child.on('close', () => {
      this.#ended = true;
    });
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  get output(): string {
    return this.#output;
  }

  /** Resolves when it has ended, or after a while. */
  async ended(limitMs: number): Promise<void> {
    const untilMs = performance.now() + limitMs;
    while (performance.now() < untilMs && !this.#ended) await sleepMs(POLL_MS);
  }

  /** Its ready line, as an object. */
  async ready(): Promise<Readonly<Record<string, string>>> {
    const untilMs = performance.now() + READY_MS;
    while (performance.now() < untilMs && !this.#ended) {
      const line = this.#output.split('\n').find((one) => one.includes('"msg":"ready"'));
      if (line !== undefined) return JSON.parse(line) as Record<string, string>;
      await sleepMs(POLL_MS);
    }
    throw new Error(`${this.name} is not ready: ${this.#output.trim()}`);
  }
}

/** A program of ours that takes orders. */
export class Ordered<Order, Answer> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  #last = 0;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (reply: Reply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if ('error' in reply) waiting?.reject(new Error(reply.error));
      else waiting?.resolve(reply.answer as Answer);
    });
    child.on('exit', (code, signal) => {
      const error = new Error(`a program of the harness ended: ${code ?? signal}`);
      for (const waiting of this.#waiting.values()) waiting.reject(error);
      this.#waiting.clear();
    });
  }

  ask<Given extends Answer>(order: Order): Promise<Given> {
    const waiting = Promise.withResolvers<Answer>();
    const id = ++this.#last;
    this.#waiting.set(id, waiting);
    this.#child.send({ id, order });
    return waiting.promise as Promise<Given>;
  }
}

export class Programs {
  readonly #living = new Set<ChildProcess>();
  #isClosed = false;

  spawn(name: string, command: readonly string[], options: SpawnOptions = {}): Spawned {
    const [program = '', ...rest] = command;
    const child = spawn(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    });
    this.#own(child);
    return new Spawned(name, child, options);
  }

  fork<Order, Answer>(file: URL): Ordered<Order, Answer> {
    const child = fork(file, {
      execArgv: [QUIET],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#own(child);
    return new Ordered(child);
  }

  async end(child: ChildProcess): Promise<void> {
    if (!this.#living.has(child)) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    await gone;
    clearTimeout(timer);
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.#living].map((child) => this.end(child)));
  }

  /** Ends all, and whatever a scenario that took too long would still start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.endAll();
  }

  /** For the moment when nothing may be awaited any more. */
  killAll(): void {
    for (const child of this.#living) child.kill('SIGKILL');
  }

  #own(child: ChildProcess): void {
    if (this.#isClosed) {
      child.kill('SIGKILL');
      throw new Error('the scene is over');
    }
    this.#living.add(child);
    child.on('exit', () => this.#living.delete(child));
    child.on('error', () => {
      if (child.pid === undefined) this.#living.delete(child);
    });
  }
}
