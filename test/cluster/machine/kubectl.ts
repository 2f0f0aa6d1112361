/**
 * kubectl as a function: arguments in, its output back, and what it complained about as an error.
 *
 * The real kubectl, because half of what tests assert is what a user sees of it. Its cache is kept
 * in the cluster's own folder: it is filed under address and port, and with ports used again it
 * would answer with the kinds of a cluster that is gone.
 *
 * Used by everything that speaks to an API server of a test.
 */
import { runToEnd } from './system.ts';

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
    const { code, output, said } = await runToEnd('kubectl', [...flags, ...args], stdin);
    if (code === 0) return output;
    throw new KubectlError(args, code, said);
  };
}

/** Objects as text for `apply -f -`. */
export function manifestText(objects: readonly object[]): string {
  return objects.map((object) => JSON.stringify(object)).join('\n---\n');
}
