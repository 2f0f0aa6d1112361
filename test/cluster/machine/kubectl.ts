/**
 * kubectl as a function: arguments in, its output back, and what it complained about as an error.
 *
 * The real kubectl, because half of what tests assert is what a user sees of it. Its cache is kept
 * in the cluster's own folder: it is filed under address and port, and with ports used again it
 * would answer with the kinds of a cluster that is gone.
 *
 * Used by everything that speaks to an API server of a test.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { programPath } from './places.ts';

const LIMIT_MS = 120_000;

/** Resolves with what it printed; rejects with what it said. `stdin` is for `apply -f -`. */
export type Kubectl = (args: readonly string[], stdin?: string) => Promise<string>;

/** kubectl's refusal. */
export class KubectlError extends Error {
  readonly stderr: string;
  readonly code: number | null;
  constructor(args: readonly string[], code: number | null, stderr: string) {
    super(`kubectl ${args.join(' ')}: ${code ?? 'killed'}: ${stderr.trim()}`);
    this.stderr = stderr;
    this.code = code;
  }
}

export function kubectlFor(kubeconfigFile: string, cacheFolder: string): Kubectl {
  return async (args, stdin) => {
    const flags = ['--kubeconfig', kubeconfigFile, '--cache-dir', cacheFolder];
    const child = spawn(programPath('kubectl'), [...flags, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    child.stdin.on('error', () => undefined); // It ended without reading: its code says why.
    child.stdin.end(stdin ?? '');
    const [output, said, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    if (code === 0) return output;
    throw new KubectlError(args, code, said);
  };
}
