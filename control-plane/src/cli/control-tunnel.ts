/**
 * The way from here to the pages of a control plane in a cluster: they listen on loopback of its
 * pods, so that whoever may forward a port there may ask, and nobody else.
 *
 * `kubectl port-forward`, one for each ready replica, on free ports, ended with the verb. Not a
 * tunnel of our own: kubectl brings every way of logging in along.
 *
 * Runs kubectl. Called by `also-in-cluster.ts` and `check-cluster.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ports } from '@remora/api/ports.ts';
import { controlPods, isPodReady } from '../install/rollout.ts';
import { findControlPlane } from '../install/installed.ts';
import { clientOf } from './cluster-option.ts';
import type { Io, Options } from './verb.ts';

const OPEN_MS = 10_000;
const ANSWER_MS = 3_000;
/** More than an installation may have. */
const REPLICAS_MAX = 8;

/** Runs `work` with options that lead to all ready replicas. Returns why it can't, else null. */
export async function throughCluster(
  options: Options,
  io: Io,
  work: (options: Options) => Promise<unknown>,
): Promise<string | null> {
  const replicas = await readyReplicas(options, io);
  if (typeof replicas === 'string') return replicas;
  const tunnels = new Tunnels(options);
  try {
    const urls = await tunnels.open(replicas);
    await work({ ...options, control: urls.join(',') });
    return null;
  } catch (error) {
    if (!(error instanceof TunnelError)) throw error;
    return error.message;
  } finally {
    tunnels.close();
  }
}

interface Replica {
  readonly namespace: string;
  readonly name: string;
}

class TunnelError extends Error {}

async function readyReplicas(options: Options, io: Io): Promise<readonly Replica[] | string> {
  const client = clientOf(options, io);
  if (client === null) return 'no cluster is configured';
  try {
    // Where nobody answers, whoever meant the mesh of this machine shall hear so soon.
    await client.serverVersion({ timeoutMs: ANSWER_MS });
    const found = await findControlPlane(client);
    if (found === null) return 'this cluster has no control plane of Remora';
    const { namespace } = found;
    const ready = (await controlPods(client, namespace)).filter(isPodReady);
    if (ready.length === 0) return `no control plane pod of namespace ${namespace} is ready`;
    return ready.slice(0, REPLICAS_MAX).map(({ metadata }) => ({ namespace, name: metadata.name }));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await client.close();
  }
}

class Tunnels {
  readonly #flags: readonly string[];
  readonly #children: ChildProcess[] = [];

  constructor({ kubeconfig, context }: Options) {
    this.#flags = [
      ...(typeof kubeconfig === 'string' ? [`--kubeconfig=${kubeconfig}`] : []),
      ...(typeof context === 'string' ? [`--context=${context}`] : []),
    ];
  }

  open(replicas: readonly Replica[]): Promise<readonly string[]> {
    return Promise.all(replicas.map((replica) => this.#openOne(replica)));
  }

  close(): void {
    for (const child of this.#children) child.kill();
  }

  #openOne({ namespace, name }: Replica): Promise<string> {
    const what = [`pod/${name}`, `:${ports.controlPages}`, '--address=127.0.0.1'];
    const args = ['port-forward', ...this.#flags, '-n', namespace, ...what];
    const child = spawn('kubectl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#children.push(child);
    let said = '';
    child.stderr.on('data', (piece: Buffer) => {
      said = `${said}${piece.toString()}`.slice(-500);
    });
    return new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new TunnelError(`kubectl port-forward: ${why}`));
      const timer = setTimeout(() => fail(`not open after ${OPEN_MS} ms`), OPEN_MS);
      child.once('error', ({ message }) => fail(`${message}: is kubectl installed?`));
      child.once('exit', () => fail(said.trim()));
      createInterface(child.stdout).on('line', (line) => {
        const [, port] = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
        if (port === undefined) return;
        clearTimeout(timer);
        resolve(`http://127.0.0.1:${port}`);
      });
    });
  }
}
