/**
 * The proxy of `remora proxy`: YAML to a snapshot file, and a child process that watches it.
 *
 * The file is replaced by a rename, so that the proxy never reads half of one. A mistake in the
 * YAML is reported, and what was good stays in the file.
 *
 * Owned by the verb `proxy`.
 */
import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ProcessGroup } from '../dev/process-group.ts';
import type { ProxyProgram } from '../dev/proxy-program.ts';
import { Reaper } from '../dev/reaper.ts';
import { FolderSource } from '../files/folder-source.ts';
import { outcomeOf, type Problem, problemLine } from '../files/problem.ts';
import { compileSnapshot } from '../snapshot.ts';
import { emptyWorld, foldWorld, type ObjectEvent, type World } from '../world.ts';
import type { Io } from './verb.ts';

/** A proxy that drains may take its time: its own bound is below this one. */
const DRAIN_MS = 30_000;

export interface FrontProxyOptions {
  readonly config: string;
  readonly program: ProxyProgram;
  readonly listen: string;
  readonly namespace: string;
  readonly service: string | undefined;
  readonly metrics: string | undefined;
  readonly admin: string | undefined;
}

export class FrontProxy {
  readonly #options: FrontProxyOptions;
  readonly #io: Io;
  readonly #folder = mkdtempSync(join(tmpdir(), 'remora-proxy-'));
  readonly #snapshot = join(this.#folder, 'snapshot.json');
  readonly #reaper = new Reaper();
  readonly #source: FolderSource;
  #world: World = emptyWorld;
  #group: ProcessGroup | undefined;

  constructor(options: FrontProxyOptions, io: Io) {
    this.#options = options;
    this.#io = io;
    this.#source = new FolderSource({
      folder: options.config,
      onEvents: (events) => this.#apply(events),
      onProblems: (problems) => this.#report(problems),
    });
  }

  /** Resolves when the proxy has ended, with the reason. */
  async run(): Promise<string> {
    await this.#source.start();
    this.#write();
    const { program } = this.#options;
    const group = new ProcessGroup(
      {
        command: [...program.command, ...proxyArguments(this.#options, this.#snapshot)],
        folder: process.cwd(),
        env: { ...process.env, ...program.env },
      },
      this.#reaper,
    );
    this.#group = group;
    createInterface({ input: group.stdout }).on('line', (line) => this.#tell(line));
    createInterface({ input: group.stderr }).on('line', (line) => this.#io.err(line));
    return group.ended;
  }

  async stop(): Promise<void> {
    await this.#group?.stop(DRAIN_MS);
  }

  kill(): void {
    this.#group?.kill();
  }

  async close(): Promise<void> {
    await this.#source.close();
    await this.#group?.stop();
    await this.#reaper.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #apply(events: readonly ObjectEvent[]): void {
    this.#world = foldWorld(this.#world, events);
    if (this.#group !== undefined) this.#write();
  }

  #write(): void {
    const snapshot = compileSnapshot(this.#world, this.#options.namespace);
    writeFileSync(`${this.#snapshot}.next`, JSON.stringify(snapshot));
    renameSync(`${this.#snapshot}.next`, this.#snapshot);
  }

  /** The ready line, in words; whatever else the proxy prints as it is. */
  #tell(line: string): void {
    const { service } = this.#options;
    const [, outbound] = /"msg":"ready".*"outbound":"([^"]+)"/.exec(line) ?? [];
    if (outbound === undefined) return this.#io.out(line);
    const goal = service === undefined ? 'the Service that a request names' : service;
    this.#io.out(`Ready: http://${outbound} leads to ${goal}; Ctrl-C ends it.`);
  }

  #report(problems: readonly Problem[]): void {
    const { config } = this.#options;
    const isFolder = statSync(config, { throwIfNoEntry: false })?.isDirectory() === true;
    for (const problem of problems) {
      this.#io.err(
        problemLine({ ...problem, file: isFolder ? join(config, problem.file) : config }),
      );
    }
    this.#io.err(outcomeOf(problems));
  }
}

function proxyArguments(options: FrontProxyOptions, snapshot: string): string[] {
  const { namespace, listen, service, metrics, admin } = options;
  const args = ['--name', 'remora-proxy', '--namespace', namespace, '--workload', 'remora-proxy'];
  args.push('--outbound', listen, '--snapshot', snapshot);
  if (service !== undefined) args.push('--front', service);
  if (metrics !== undefined) args.push('--metrics', metrics);
  if (admin !== undefined) args.push('--admin', admin);
  return args;
}
