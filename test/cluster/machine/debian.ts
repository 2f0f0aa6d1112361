/**
 * What a cluster needs of the system, and how it is had on Debian.
 *
 * Looked for as programs and not as packages, so that any Linux which has them will do. Only what
 * is missing is installed, and where it cannot be the reason is said in one sentence: the caller
 * skips with it.
 *
 * Called by `build`. Other systems are told what to install.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { findProgram } from './places.ts';

/** Where Debian has the plugins by which containerd connects pods. */
export const CNI_FOLDER = '/usr/lib/cni';

/** What is run, and the package that brings it. */
const NEEDED: Readonly<Record<string, string>> = {
  etcd: 'etcd-server',
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  iptables: 'iptables',
  conntrack: 'conntrack',
  ip: 'iproute2',
  socat: 'socat',
  openssl: 'openssl',
  strip: 'binutils',
};

/** Packages that bring what is not here. */
export function missingPackages(): string[] {
  const missing = Object.entries(NEEDED).filter(([name]) => findProgram(name) === null);
  const packages = new Set(missing.map(([, from]) => from));
  if (!existsSync(`${CNI_FOLDER}/bridge`)) packages.add('containernetworking-plugins');
  return [...packages];
}

/** Installs them; says why where it cannot. */
export async function installMissingPackages(say: (line: string) => void): Promise<void> {
  const packages = missingPackages();
  if (packages.length === 0) return;
  if (findProgram('apt-get') === null || process.getuid?.() !== 0) {
    throw new Error(`install ${packages.join(' ')} first: only root on Debian has it done here`);
  }
  say(`installing ${packages.join(' ')}`);
  await apt(['update', '-q']);
  await apt(['install', '-qy', '--no-install-recommends', ...packages]);
}

async function apt(args: readonly string[]): Promise<void> {
  const child = spawn('apt-get', args, {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  if (code !== 0) throw new Error(`apt-get ${args[0]} failed (${code}): ${said.trim()}`);
}
