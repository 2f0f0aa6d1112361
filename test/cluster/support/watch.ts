/**
 * When something became so: the instant at which the API server told it, to a few milliseconds.
 *
 * Polling with kubectl tells it half a second late, and the times in objects are whole seconds.
 *
 * Used by suites that measure how long something takes. Not pure.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { kubeconfigFile } from '../machine/cluster.ts';
import { programPath } from '../machine/places.ts';

const LIMIT_MS = 120_000;

/** Resolves with the epoch when a line of `kubectl get ... -w` holds. */
export async function whenTold(
  namespace: string,
  args: readonly string[],
  holds: (line: string) => boolean,
): Promise<number> {
  const flags = ['--kubeconfig', kubeconfigFile, '-n', namespace, 'get', '-w', ...args];
  const child = spawn(programPath('kubectl'), flags, {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LIMIT_MS,
  });
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (holds(line)) return Date.now();
    }
  } finally {
    child.kill();
  }
  throw new Error(`kubectl get ${args.join(' ')} never told what was waited for`);
}
