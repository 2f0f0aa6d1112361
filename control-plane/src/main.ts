/**
 * The control plane as a process: flags, environment, signals, exit codes, and nothing else.
 *
 * Logs go to stderr; stdout carries one line, `ready`, for whoever started it. What only a cluster
 * needs is loaded there alone.
 *
 * `--folder DIR --listen 127.0.0.1:PORT`, or `--cluster` in a pod (see charts/remora).
 */
import { readFile } from 'node:fs/promises';
import { stdout } from 'node:process';
import { parseArgs } from 'node:util';
import { TOKEN_FILE } from '@remora/api/mesh-names.ts';
import pino from 'pino';
import { startControlPlane } from './control-plane.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const USAGE =
  'Usage: --folder DIR --listen 127.0.0.1:PORT (port 0: any that is free)\n' +
  '   or: --cluster --image IMAGE [--default NAME=VALUE ...] [--host ::], with POD_NAME, ' +
  'POD_NAMESPACE, POD_IP and SERVICE_ACCOUNT in the environment';

const log = pino({ base: null }, pino.destination({ fd: 2, sync: true }));
const flags = readFlags();
if (typeof flags === 'string') {
  log.error({ usage: USAGE }, flags);
  process.exitCode = EXIT_USAGE;
} else {
  await run(flags);
}

interface FolderFlags {
  readonly is: 'folder';
  readonly folder: string;
  readonly listen: { readonly host: string; readonly port: number };
}

interface ClusterFlags {
  readonly is: 'cluster';
  readonly image: string;
  readonly host: string;
  readonly injectionDefaults: Readonly<Record<string, string>>;
}

function readFlags(): FolderFlags | ClusterFlags | string {
  try {
    const options = {
      folder: { type: 'string' },
      listen: { type: 'string' },
      cluster: { type: 'boolean' },
      image: { type: 'string' },
      host: { type: 'string' },
      default: { type: 'string', multiple: true },
    } as const;
    const given = parseArgs({ options }).values;
    if (given.cluster === true) {
      if (given.image === undefined) return '--image is missing: of the sidecars';
      const injectionDefaults = pairsOf(given.default ?? []);
      return { is: 'cluster', image: given.image, host: given.host ?? '::', injectionDefaults };
    }
    const { folder } = given;
    if (folder === undefined) return '--folder is missing';
    const [, host, port] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(given.listen ?? '') ?? [];
    if (host === undefined) return '--listen must be an address and a port';
    return { is: 'folder', folder, listen: { host, port: Number(port) } };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function pairsOf(texts: readonly string[]): Record<string, string> {
  const pairs = texts.map((text): [string, string] => {
    const at = text.indexOf('=');
    if (at < 1) throw new Error(`--default must be NAME=VALUE, not ${text}`);
    return [text.slice(0, at), text.slice(at + 1)];
  });
  return Object.fromEntries(pairs);
}

async function run(given: FolderFlags | ClusterFlags): Promise<void> {
  try {
    const running = given.is === 'folder' ? await runFolder(given) : await runCluster(given);
    stdout.write(`${JSON.stringify({ msg: 'ready', listen: running.listen })}\n`);
    const end = () => void running.close().then(() => process.exit(0));
    process.once('SIGTERM', end);
    process.once('SIGINT', end);
  } catch (error) {
    log.error({ error: error instanceof Error ? error.message : error }, 'cannot start');
    process.exitCode = EXIT_FAILED;
  }
}

async function runFolder({ folder, listen }: FolderFlags) {
  const controlPlane = await startControlPlane({ folder, listen, log });
  return { listen: new URL(controlPlane.url).host, close: () => controlPlane.close() };
}

async function runCluster({ image, host, injectionDefaults }: ClusterFlags) {
  const { startCluster } = await import('./cluster.ts');
  const { defaultKubeConfig } = await import('./kube/find-config.ts');
  const cluster = await startCluster({
    kube: defaultKubeConfig(),
    pod: {
      namespace: environment('POD_NAMESPACE'),
      name: environment('POD_NAME'),
      address: environment('POD_IP'),
    },
    serviceAccount: environment('SERVICE_ACCOUNT'),
    version: environment('REMORA_VERSION'),
    image,
    injectionDefaults,
    token: async () => (await readFile(TOKEN_FILE, 'utf8')).trim(),
    host,
    log,
  });
  return { listen: host, close: () => cluster.close() };
}

function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(`${name} is missing in the environment: the chart sets it from the pod`);
  }
  return value;
}
