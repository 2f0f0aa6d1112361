/**
 * Which cluster is meant where nobody said: the pod's own, else the one that kubectl would ask.
 *
 * Whoever sets KUBECONFIG means it, also in a pod; kubectl decides alike.
 *
 * Reads files and the environment that it is handed. Called by `main.ts` and by verbs.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import {
  type Environment,
  inClusterConfig,
  type KubeConfig,
  KubeConfigError,
} from './kube-config.ts';
import { readKubeconfig } from './kubeconfig-file.ts';

/** The pod's service account, else $KUBECONFIG, else ~/.kube/config. */
export function defaultKubeConfig(env: Environment = process.env, context?: string): KubeConfig {
  const inPod = (env['KUBERNETES_SERVICE_HOST'] ?? '') !== '';
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  if (inPod && named.length === 0 && context === undefined) return inClusterConfig({ env });
  const home = join(env['HOME'] ?? homedir(), '.kube', 'config');
  const files = named.length > 0 ? named : [home];
  const there = files.filter((file) => existsSync(file));
  if (there.length === 0) {
    throw new KubeConfigError(
      `No cluster is configured: this is no pod, and there is no ${files.join(', ')}. ` +
        'Set KUBECONFIG to a file that `kubectl` works with',
    );
  }
  return readKubeconfig(there, context);
}
