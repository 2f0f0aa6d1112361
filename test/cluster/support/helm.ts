/**
 * Helm as a function: arguments in, its output back, and what it complained about as an error.
 *
 * The real one, with a home of its own, so that no repository or plugin of the machine is in play.
 *
 * Used by the tests of the chart.
 */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram, KUBE_VERSION, programPath } from '../machine/places.ts';

export const CHART = join(import.meta.dirname, '../../../charts/remora');
const LIMIT_MS = 300_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

export type Helm = (...args: string[]) => Promise<string>;

/** False: it is here. */
export function skipWithoutHelm(): string | false {
  return findProgram('helm') === null && 'no helm here: `npm run cluster -- build helm`';
}

/** `kubeconfigFile` null: it asks no cluster. */
export function helmFor(folder: string, kubeconfigFile: string | null): Helm {
  const home = join(folder, 'helm-home');
  mkdirSync(home, { recursive: true });
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    KUBECONFIG: kubeconfigFile ?? join(home, 'none'),
  };
  return async (...args) => {
    const options = { env, timeout: LIMIT_MS, maxBuffer: OUTPUT_BYTES_MAX };
    const { stdout } = await promisify(execFile)(programPath('helm'), args, options);
    return stdout;
  };
}

export function templateFlags(namespace: string): string[] {
  return ['-n', namespace, '--kube-version', KUBE_VERSION];
}
