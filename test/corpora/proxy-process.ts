/**
 * A real proxy process in its inbound role, in front of an upstream of the suite's own.
 *
 * Starts and ends processes; used by the socket suites only.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = join(import.meta.dirname, '../../proxy/src/main.ts');
const START_TIMEOUT_MS = 15_000;

/** After the answers that are expected: time for one too many. */
const GRACE_MS = 15;
/** Nothing is expected (any more), or it does not come. */
const QUIET_MS = 60;
const ANSWER_TIMEOUT_MS = 2_000;

const FINAL_ANSWER = /HTTP\/1\.[01] [2-5][0-9][0-9] /g;

export interface Exchange {
  /** All that the proxy answered. */
  readonly answer: Buffer;
  /** The proxy ended the connection. */
  readonly closed: boolean;
}

export class ProxyProcess {
  readonly #child: ChildProcess;
  readonly port: number;
  stderr = '';

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    child.stderr?.on('data', (part: Buffer) => {
      this.stderr = (this.stderr + part.toString()).slice(-4_000);
    });
  }

  static async start(upstreamPort: number): Promise<ProxyProcess> {
    const flags = [
      ...['--name', 'corpora-0', '--namespace', 'test', '--workload', 'corpora'],
      ...['--inbound', '127.0.0.1:0', '--app', `127.0.0.1:${upstreamPort}`],
      ...['--admin', '127.0.0.1:0', '--metrics', '127.0.0.1:0'],
    ];
    const child = spawn(process.execPath, [MAIN, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
    let stderr = '';
    child.stderr?.on('data', (part: Buffer) => {
      stderr += part.toString();
    });
    for await (const line of createInterface({ input: child.stdout! })) {
      const message = JSON.parse(line) as { msg?: string; inbound?: string };
      if (message.msg !== 'ready') continue;
      clearTimeout(timer);
      child.stdout?.resume();
      return new ProxyProcess(child, Number(message.inbound?.split(':').at(-1)));
    }
    clearTimeout(timer);
    throw new Error(`the proxy did not become ready:\n${stderr}`);
  }

  isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async stop(): Promise<void> {
    if (!this.isRunning()) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** Sends the bytes on a connection of their own; hears `expected` answers and a little more. */
  exchange(bytes: Buffer, expected: number): Promise<Exchange> {
    return new Promise((resolve) => {
      const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true });
      let answer = Buffer.alloc(0);
      let closed = false;
      let timer = setTimeout(() => socket.destroy(), expected > 0 ? ANSWER_TIMEOUT_MS : QUIET_MS);
      socket.on('data', (part: Buffer) => {
        answer = Buffer.concat([answer, part]);
        const heard = answer.toString('latin1').match(FINAL_ANSWER)?.length ?? 0;
        clearTimeout(timer);
        timer = setTimeout(
          () => socket.destroy(),
          heard >= expected ? GRACE_MS : ANSWER_TIMEOUT_MS,
        );
      });
      socket.on('error', () => {
        closed = true;
      });
      socket.on('end', () => {
        closed = true;
        socket.destroy();
      });
      socket.on('close', () => {
        clearTimeout(timer);
        resolve({ answer, closed });
      });
      socket.write(bytes);
    });
  }
}
