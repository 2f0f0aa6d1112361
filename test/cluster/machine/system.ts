/**
 * Short commands of the system: run to their end, their output back, their complaint as an error.
 *
 * Used by the parts of the machine that set up networks, mounts and images, and by `kubectl.ts`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { programPath } from './places.ts';

const LIMIT_MS = 120_000;

export interface Ran {
  /** Null: it was killed. */
  readonly code: number | null;
  readonly output: string;
  /** On stderr. */
  readonly said: string;
}

/** Runs a program to its end, however that is. */
export async function runToEnd(program: string, args: readonly string[], stdin = ''): Promise<Ran> {
  const child = spawn(programPath(program), args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  child.stdin.on('error', () => undefined); // It ended without reading: its code says why.
  child.stdin.end(stdin);
  const [output, said, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, output, said };
}

/** Resolves with what it printed; rejects with what it said. */
export async function run(program: string, args: readonly string[], stdin = ''): Promise<string> {
  const { code, output, said } = await runToEnd(program, args, stdin);
  if (code === 0) return output;
  throw new Error(`${program} ${args.join(' ')}: ${code ?? 'killed'}: ${said.trim()}`);
}

/** The same where failure is an answer: for cleaning up what may be gone. */
export async function tryRun(
  program: string,
  args: readonly string[],
  stdin = '',
): Promise<string | null> {
  return await run(program, args, stdin).catch(() => null);
}
