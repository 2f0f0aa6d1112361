/**
 * Runs the commands of a page of the documentation, as a reader would type them: every fenced `sh`
 * block, in order, in one folder with the repository's charts and examples in it.
 *
 * A block that cannot be run says so, and why, in a comment on the line before it:
 * `<!-- not run: it needs a registry -->`. What a page must leave to its reader (the name of a
 * registry) is replaced by the suite that runs it. A block is one script and ends at its first
 * failure; what it exports is gone with it, as the shell of a reader who opens another window.
 *
 * Used by `*.cluster.ts`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { places } from '../machine/places.ts';

const root = join(import.meta.dirname, '../../..');
const LIMIT_MS = 300_000;

export interface DocBlock {
  /** Where its first command stands. */
  readonly line: number;
  readonly code: string;
  /** Null: it is run. */
  readonly notRun: string | null;
}

/** Every `sh` block of a page. */
export function docBlocks(page: string): DocBlock[] {
  const lines = page.split('\n');
  const blocks: DocBlock[] = [];
  for (let at = 0; at < lines.length; at++) {
    if (lines[at] !== '```sh') continue;
    const end = lines.indexOf('```', at);
    if (end === -1) throw new Error(`the block of line ${at + 1} has no end`);
    const [, notRun = null] = /^<!-- not run: (.+) -->$/.exec(lines[at - 1] ?? '') ?? [];
    blocks.push({ line: at + 2, code: lines.slice(at + 1, end).join('\n'), notRun });
    at = end;
  }
  return blocks;
}

export function blocksOfPage(file: string): DocBlock[] {
  return docBlocks(readFileSync(join(root, file), 'utf8'));
}

export interface DocWorld {
  /** Resolves with all it printed; rejects with that and its exit code. */
  run(block: DocBlock): Promise<string>;
  /** The same of what stands on no page. */
  type(code: string): Promise<string>;
}

export interface DocWorldOptions {
  /** Empty; whoever made it removes it. */
  readonly folder: string;
  readonly kubeconfigFile: string;
  /** Texts of the page, and what stands for them here. */
  readonly replace?: Readonly<Record<string, string>>;
}

/** `remora` is this checkout's; `kubectl` and `helm` are the cluster's. */
export function docWorld({ folder, kubeconfigFile, replace = {} }: DocWorldOptions): DocWorld {
  const programs = join(folder, '.programs');
  mkdirSync(programs, { recursive: true });
  const main = join(root, 'control-plane/src/cli/main.ts');
  const node = `exec "${process.execPath}" --disable-warning=ExperimentalWarning`;
  writeFileSync(join(programs, 'remora'), `#!/bin/sh\n${node} "${main}" "$@"\n`);
  chmodSync(join(programs, 'remora'), 0o755);
  for (const name of ['charts', 'examples']) symlinkSync(join(root, name), join(folder, name));
  const env = {
    HOME: folder,
    KUBECONFIG: kubeconfigFile,
    PATH: [programs, places.programs, process.env['PATH']].join(delimiter),
  };
  const run: DocWorld['run'] = async ({ code, line }) => {
    const script = Object.entries(replace).reduce((all, [from, to]) => {
      return all.replaceAll(from, to);
    }, code);
    const options = { cwd: folder, env, timeout: LIMIT_MS, killSignal: 'SIGKILL' } as const;
    const child = spawn('bash', ['-euo', 'pipefail', '-c', `exec 2>&1\n${script}`], options);
    const [output, [exit]] = await Promise.all([
      text(child.stdout),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    if (exit === 0) return output;
    throw new Error(`line ${line} ended with ${exit ?? 'a signal'}:\n${script}\n${output}`);
  };
  return { run, type: async (code) => await run({ line: 0, code, notRun: null }) };
}
