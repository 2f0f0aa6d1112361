/**
 * Keeps the lock file complete for every platform: `npm ci` refuses one that lacks an optional
 * package of another platform, and `npm install` leaves those out that its registry did not have.
 *
 * Without arguments it adds what is missing, by name, exact version and platform; there is no hash
 * for a package that nobody here could download. `--check` only tells, and is a step of the gate.
 * Run after every change of the dependencies.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly license?: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const SYSTEMS = ['darwin', 'linux', 'win32', 'android', 'freebsd', 'openharmony'];
const PROCESSORS = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'wasm32'];
const EXACT = /^[0-9]+\.[0-9]+\.[0-9]+$/;

const file = join(import.meta.dirname, '..', 'package-lock.json');
const lock: { packages: Record<string, LockedPackage> } = JSON.parse(readFileSync(file, 'utf8'));
const missing = findMissing(lock.packages);

if (process.argv.includes('--check')) {
  for (const path of missing.keys()) console.log(`package-lock.json lacks ${path}`);
  console.log(`${missing.size} packages missing`);
  if (missing.size > 0) console.log('mend it with: node scripts/lock-file.ts');
  process.exitCode = missing.size === 0 ? 0 : 1;
} else {
  const all = Object.entries({ ...lock.packages, ...Object.fromEntries(missing) });
  all.sort(([a], [b]) => a.localeCompare(b, 'en'));
  const completed = { ...lock, packages: Object.fromEntries(all) };
  writeFileSync(file, `${JSON.stringify(completed, null, 2)}\n`);
  console.log(`${missing.size} packages added`);
}

function findMissing(packages: Readonly<Record<string, LockedPackage>>) {
  const found = new Map<string, LockedPackage>();
  for (const [parent, { dev, license, optionalDependencies = {} }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const path = `node_modules/${name}`;
      const nested = parent === '' ? path : `${parent}/${path}`;
      if (path in packages || nested in packages) continue;
      if (!EXACT.test(version)) throw new Error(`${name} is not pinned: ${version}`);
      found.set(path, entryOf(name, version, dev, license));
    }
  }
  return found;
}

function entryOf(
  name: string,
  version: string,
  dev: boolean | undefined,
  license: string | undefined,
): LockedPackage {
  const words = name.split(/[/-]/);
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = PROCESSORS.filter((processor) => words.includes(processor));
  if (cpu.length === 0) throw new Error(`${name}: for which platform?`);
  const libc = words.some((word) => word.startsWith('musl')) ? ['musl'] : ['glibc'];
  return {
    version,
    cpu,
    ...(dev === true ? { dev } : {}),
    ...(os[0] === 'linux' ? { libc } : {}),
    ...(license === undefined ? {} : { license }),
    optional: true,
    ...(os.length === 0 ? {} : { os }),
  };
}
