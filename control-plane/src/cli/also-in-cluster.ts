/**
 * Gives a verb that asks a control plane by its URL a way to one in a cluster.
 *
 * With `--cluster` it goes there; without, only where nobody named a control plane, none listens on
 * this machine, and the cluster that kubectl would ask has one.
 *
 * Called by `main.ts`, around each verb that looks.
 */
import { connect } from 'node:net';
import { ports } from '@remora/api/ports.ts';
import { KubeConfigError } from '../kube/kube-config.ts';
import { KUBE_OPTIONS, kubeConfigOf } from './cluster-option.ts';
import { throughCluster } from './control-tunnel.ts';
import { EXIT_UNAVAILABLE, type ExitCode } from './exit-codes.ts';
import type { Io, Options, Verb } from './verb.ts';

const LISTENS_MS = 500;

export function alsoInCluster(verb: Verb): Verb {
  return {
    ...verb,
    options: [
      ...verb.options,
      ['--cluster', 'ask the control plane of the cluster, by kubectl port-forward'],
      ...KUBE_OPTIONS,
    ],
    async run(args, options, io) {
      const isAsked = options['cluster'] === true;
      if (!isAsked && !(await mayBeInCluster(options, io)))
        return await verb.run(args, options, io);
      let code: ExitCode = EXIT_UNAVAILABLE;
      const why = await throughCluster(options, io, async (through) => {
        code = await verb.run(args, through, io);
      });
      if (why === null) return code;
      if (!isAsked) return await verb.run(args, options, io);
      io.err(`${why}.`);
      io.err('`remora check --cluster` tells what is wrong with the one in your cluster.');
      return EXIT_UNAVAILABLE;
    },
  };
}

async function mayBeInCluster(options: Options, io: Io): Promise<boolean> {
  if (options['control'] !== undefined || (io.env['REMORA_CONTROL'] ?? '') !== '') return false;
  if (await listensHere()) return false;
  try {
    kubeConfigOf(options, io);
    return true;
  } catch (error) {
    if (error instanceof KubeConfigError) return false;
    throw error;
  }
}

function listensHere(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: ports.control, timeout: LISTENS_MS });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
