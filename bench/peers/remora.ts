/**
 * Remora as an outbound sidecar: the built bundle when there is one, else its sources.
 *
 * Configured by a snapshot file, as a restarted sidecar is by its last-good one, so that a hop is
 * measured without a control plane; `questions/table.ts` attaches one to swap snapshots.
 */
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Children } from '../machine/children.ts';
import { onCores } from '../machine/cores.ts';
import { freePorts } from '../machine/free-ports.ts';
import { snapshotOf } from '../remora-config.ts';
import type { RouteTable } from '../route-table.ts';
import { probeOf } from './envoy.ts';
import { proxyNodeEnvironment, proxyNodeFlags } from '@remora/api/runtime.ts';
import { awaitAnswer, type Peer, type Place, type Running, startPeer } from './peer.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const BUNDLE = join(ROOT, 'dist', 'remora-proxy.mjs');
const BUILD = join(ROOT, 'scripts', 'build.js');
const BUILD_TIMEOUT_MS = 60_000;
const SOURCE = join(ROOT, 'proxy', 'src', 'main.ts');
const READY_POLL_MS = 2;

export interface RemoraOptions {
  /** For Node, before the program. */
  readonly nodeFlags?: readonly string[];
  /** For the proxy, beside those that every run has. */
  readonly flags?: readonly string[];
  /** Where several are compared: what is different about this one. */
  readonly name?: string;
  /** Its configuration, in a file that somebody rewrites meanwhile. Left out: the table's. */
  readonly snapshot?: string;
  /** The address of a control plane; without it the snapshot is all there is. */
  readonly control?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Its log goes into a pipe that somebody just reads, as a container's does. */
  readonly hasLogReader?: true;
}

/** `$0` is the cores of the reader. Not this process's: what it does with a log costs the load. */
const WITH_LOG_READER = 'exec "$@" 2> >(exec taskset -c "$0" cat > /dev/null)';

/**
 * What to start. The bundle, made anew if its sources changed: the modules it holds start slower
 * and hold more memory, since Node keeps what strips their types.
 */
export async function buildRemora(
  children: Children,
  say: (text: string) => void,
): Promise<string> {
  try {
    await children.run('build', [process.execPath, BUILD], BUILD_TIMEOUT_MS);
    if (existsSync(BUNDLE)) return BUNDLE;
  } catch (error) {
    say((error as Error).message);
  }
  say('no bundle: Remora runs from its sources, which costs memory and start-up time');
  return SOURCE;
}

export function remora(options: RemoraOptions = {}): Peer {
  const peer = { name: options.name ?? 'Remora', flavor: 'full' } as const;
  return {
    ...peer,
    missing: () => null,
    start(place: Place, table: RouteTable): Promise<Running> {
      const source = sourceOf(options.snapshot ?? writeSnapshot(place, table), options.control);
      return startPeer(peer, place, probeOf(table), (port) => [
        ...commandFor(place, source, options),
        ...['--outbound', `127.0.0.1:${port}`, '--metrics', '127.0.0.1:0'],
      ]);
    },
  };
}

/**
 * Milliseconds from spawning until `/ready` answers 200, with a last-good snapshot and a control
 * plane that is down: the start that must not fail. That it serves by then is checked.
 */
export async function measureStart(place: Place, table: RouteTable): Promise<number> {
  const [outbound = 0, metrics = 0, nobody = 0] = await freePorts(3);
  const source = sourceOf(writeSnapshot(place, table), `http://127.0.0.1:${nobody}`);
  const command = [
    ...commandFor(place, source, {}),
    ...['--outbound', `127.0.0.1:${outbound}`, '--metrics', `127.0.0.1:${metrics}`],
  ];
  const startedAtMs = performance.now();
  const child = place.children.start('Remora', onCores(command, place.cores, 'proxy'));
  child.process.stdout?.resume();
  await awaitAnswer(child, metrics, '/ready', READY_POLL_MS);
  const startMs = performance.now() - startedAtMs;
  await awaitAnswer(child, outbound, probeOf(table));
  await place.children.end(child);
  return startMs;
}

function writeSnapshot(place: Place, table: RouteTable): string {
  const file = join(mkdtempSync(join(place.folder, 'remora-')), 'snapshot.json');
  writeFileSync(file, JSON.stringify(snapshotOf(table)));
  return file;
}

/** A file that is all there is, or one to start from until a control plane says more. */
function sourceOf(snapshot: string, control: string | undefined): readonly string[] {
  if (control === undefined) return ['--snapshot', snapshot];
  return ['--last-good', snapshot, '--control', control];
}

function commandFor(
  place: Place,
  source: readonly string[],
  { nodeFlags = [], flags = [], environment = {}, hasLogReader }: RemoraOptions,
): readonly string[] {
  // As a sidecar is started; `env` replaces itself by the program, so the pid is the proxy's.
  const variables = { ...proxyNodeEnvironment, ...environment };
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const command = [
    ...['env', ...settings, process.execPath, ...proxyNodeFlags, ...nodeFlags, place.remora],
    ...['--name', 'bench-0', '--namespace', 'shop', '--workload', 'storefront'],
    ...['--admin', '127.0.0.1:0', ...source, ...flags],
  ];
  if (hasLogReader !== true || !place.cores.pinned) return command;
  return ['bash', '-c', WITH_LOG_READER, place.cores.load, ...command];
}
