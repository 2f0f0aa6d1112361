/**
 * Runs Go, the way that every build of somebody else's program here needs it.
 *
 * The output comes back as text and each line of progress goes to whoever wants it. What failed is
 * said without the name of the place from which modules come: that is the machine's own affair.
 *
 * Called by `jaeger-build.ts` and by the cluster's `programs.ts`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

const LINES_KEPT = 8;
/** For the compilers: they live for seconds, and collecting is a twentieth of what they do. */
const COMPILER_GOGC = '400';

export interface GoOptions {
  readonly cwd: string;
  readonly limitMs: number;
  readonly env?: NodeJS.ProcessEnv;
  /** Hears each line that Go says while it works. */
  readonly onLine?: (line: string) => void;
}

/** What Go said in vain; for people. */
export class GoFailed extends Error {}

export function isGoHere(): boolean {
  return spawnSync('go', ['version']).status === 0;
}

/** Whether a line of `go build -v` names a package that is now compiled. */
export function isPackageLine(line: string): boolean {
  return /^[\w.-]+(\/\S+)*$/.test(line);
}

/** Resolves with what it printed. Rejects with GoFailed. */
export async function runGo(args: readonly string[], options: GoOptions): Promise<string> {
  const mine = { GOGC: COMPILER_GOGC, ...process.env };
  const env = { ...mine, GOFLAGS: '', GOWORK: 'off', ...options.env };
  const child = spawn('go', args, { cwd: options.cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = setTimeout(() => child.kill(), options.limitMs);
  const last: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    options.onLine?.(line);
    last.push(line);
    if (last.length > LINES_KEPT) last.shift();
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const end = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', (error) => reject(new GoFailed(error.message)));
  });
  const code = await end.finally(() => clearTimeout(stop));
  if (code === 0) return output;
  // `-json` puts its error into the output.
  throw new GoFailed(withoutRegistry([...last, output].join('\n').trim()));
}

function withoutRegistry(text: string): string {
  const said = spawnSync('go', ['env', 'GOPROXY', 'GOSUMDB'], { encoding: 'utf8' }).stdout;
  const hosts = (said ?? '').match(/[\w-]+(\.[\w-]+)+(:\d+)?/g) ?? [];
  let clean = text.replace(/https?:\/\/[^\s"/]+/g, 'the registry');
  for (const host of hosts) clean = clean.replaceAll(host, 'the registry');
  return clean;
}
