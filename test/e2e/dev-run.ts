/**
 * `remora dev` as a user starts it, and a look at the processes that it started.
 *
 * Goes through the door, `bin/remora.js`, with the output in a pipe: what is asserted is what is
 * printed. The processes are found by their parents, as `ps` tells them.
 *
 * Used by `dev-*.test.ts`.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { until } from '../support/waiting.ts';

const root = join(import.meta.dirname, '../..');
const READY_LIMIT_MS = 60_000;

export interface ProcessLine {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export class DevRun {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  readonly exitCode: Promise<number | null>;

  /** `options`: of the verb, such as `['--sample', '0']`. */
  constructor(folder: string, options: readonly string[] = []) {
    // From the sources: a test must judge what is written now, not what was bundled last.
    const verb = ['control-plane/bin/remora.js', 'dev', folder, ...options];
    this.child = spawn(process.execPath, verb, {
      cwd: root,
      env: { ...process.env, REMORA_SOURCES: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream !== null)
        createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    }
    this.exitCode = new Promise((resolve) => this.child.once('exit', (code) => resolve(code)));
  }

  /** The first line that matches, from now or before. */
  async line(pattern: RegExp, limitMs = READY_LIMIT_MS): Promise<string> {
    const find = () => this.lines.find((line) => pattern.test(line));
    try {
      await until(() => find() !== undefined, `a line like ${pattern}`, limitMs);
    } catch (error) {
      throw new Error(`${String(error)}; printed was:\n${this.lines.join('\n')}`);
    }
    return find() ?? '';
  }

  /** The address that follows a name in the list of places. */
  async place(name: string): Promise<string> {
    return (await this.line(new RegExp(`^${name}: `))).slice(name.length + 2);
  }

  /** Every process under the one that was started. */
  processes(): ProcessLine[] {
    const all = processTable();
    const found: ProcessLine[] = [];
    const parents = new Set([this.child.pid]);
    for (let before = -1; before !== found.length; ) {
      before = found.length;
      for (const line of all) {
        if (!parents.has(line.parent) || parents.has(line.pid)) continue;
        parents.add(line.pid);
        found.push(line);
      }
    }
    return found;
  }

  /** Another verb of the same program, beside this mesh: what it printed. */
  async verb(words: readonly string[]): Promise<string> {
    const program = ['control-plane/bin/remora.js', ...words];
    const env = { ...process.env, REMORA_SOURCES: '1', NO_COLOR: '1' };
    const { stdout } = await promisify(execFile)(process.execPath, program, { cwd: root, env });
    return stdout;
  }

  async end(): Promise<void> {
    this.child.kill('SIGINT');
    await this.exitCode;
  }
}

/** Those of the processes that still run. */
export function survivors(processes: readonly ProcessLine[]): ProcessLine[] {
  const now = new Map(processTable().map((line) => [line.pid, line.command]));
  return processes.filter(({ pid, command }) => now.get(pid) === command);
}

/** A copy of a folder of this project, removed after the test. */
export function temporaryCopy(folder: string, cleanUp: (end: () => void) => void): string {
  const copy = mkdtempSync(join(tmpdir(), 'remora-e2e-'));
  cpSync(join(root, folder), copy, { recursive: true });
  cleanUp(() => rmSync(copy, { recursive: true, force: true }));
  return copy;
}

/** A request through a sidecar's outbound listener, as a client with a proxy variable makes it. */
export function ask(
  door: string,
  url: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { hostname, port } = new URL(door);
  return new Promise((resolve, reject) => {
    const sent = request({
      hostname,
      port,
      path: url,
      headers: { host: new URL(url).host, ...fields },
    });
    sent.once('error', reject);
    sent.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const { statusCode = 0, headers } = response;
        resolve({ status: statusCode, headers, body: Buffer.concat(chunks).toString() });
      });
    });
    sent.end();
  });
}

/** Zombies have ended: they are left out. */
function processTable(): ProcessLine[] {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' });
  return text.split('\n').flatMap((line) => {
    const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (pid === undefined || command === undefined || state?.startsWith('Z')) return [];
    return [{ pid: Number(pid), parent: Number(parent), command }];
  });
}
