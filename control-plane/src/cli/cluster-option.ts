/**
 * Which cluster a verb asks, in kubectl's words: `--kubeconfig`, `--context`, $KUBECONFIG.
 *
 * Called by the verbs that speak to an API server.
 */
import { KubeClient } from '../kube/client.ts';
import { defaultKubeConfig } from '../kube/find-config.ts';
import { KubeConfigError } from '../kube/kube-config.ts';
import { KubeError } from '../kube/kube-error.ts';
import { VERSION } from '../version.ts';
import { EXIT_UNAVAILABLE, EXIT_USAGE, type ExitCode } from './exit-codes.ts';
import type { Io, Options } from './verb.ts';

export const KUBE_OPTIONS = [
  ['--kubeconfig <file>', 'which clusters there are (default: $KUBECONFIG, else ~/.kube/config)'],
  ['--context <name>', 'which of them (default: the current one)'],
] as const;

/** Null: none is configured, which was told. */
export function clientOf(options: Options, io: Io): KubeClient | null {
  try {
    return new KubeClient(kubeConfigOf(options, io), { userAgent: `remora-cli/${VERSION}` });
  } catch (error) {
    if (!(error instanceof KubeConfigError)) throw error;
    io.err(`${error.message}.`);
    return null;
  }
}

export function kubeConfigOf({ kubeconfig, context }: Options, { env }: Pick<Io, 'env'>) {
  const named = typeof kubeconfig === 'string' ? { ...env, KUBECONFIG: kubeconfig } : env;
  return defaultKubeConfig(named, typeof context === 'string' ? context : undefined);
}

/** Runs with a client that is closed afterwards; what the API server refuses is told. */
export async function withCluster(
  options: Options,
  io: Io,
  work: (client: KubeClient) => Promise<ExitCode>,
): Promise<ExitCode> {
  const client = clientOf(options, io);
  if (client === null) return EXIT_USAGE;
  try {
    return await work(client);
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    io.err(`${error.message}.`);
    return EXIT_UNAVAILABLE;
  } finally {
    await client.close();
  }
}
