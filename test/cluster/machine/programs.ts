/**
 * The programs that are built for a cluster, each from a Go module whose versions are committed.
 *
 * There is a folder under `go/` for every module: its `go.mod` says what is built and its `go.sum`
 * what that must be made of. Kubernetes asks for its own parts at v0.0.0, so its file replaces each
 * with the part's published twin. A program is built again when its module, its arguments or this
 * table changed, and only then; a program half built is never found.
 *
 * Called by `npm run cluster -- build` and by suites that need one program more.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isGoHere, isPackageLine, runGo } from '../../../scripts/go-command.ts';
import type { Progress } from '../../../scripts/progress.ts';
import { KUBE_VERSION, places } from './places.ts';
import { ProcessLock } from './process-lock.ts';

const BUILD_LIMIT_MS = 60 * 60_000;
const LOCK_POLL_MS = 1_000;
const modules = join(import.meta.dirname, 'go');

interface Program {
  /** Folder under `go/`. */
  readonly module: string;
  readonly package: string;
  readonly command?: readonly string[];
  readonly linkerFlags?: string;
  /** For programs that run where there is no C library. */
  readonly isStatic?: boolean;
}

/** Unset, clients see v0.0.0-master, and features are on that should not be. */
const KUBE_FLAGS = [
  ['gitVersion', KUBE_VERSION],
  ['gitMajor', '1'],
  ['gitMinor', KUBE_VERSION.split('.')[1]],
]
  .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
  .join(' ');

function kube(name: string): Program {
  const source = `k8s.io/kubernetes/cmd/${name}`;
  return { module: 'kubernetes', package: source, linkerFlags: KUBE_FLAGS };
}

const PROGRAMS = {
  'kube-apiserver': kube('kube-apiserver'),
  kubectl: kube('kubectl'),
  'kube-controller-manager': kube('kube-controller-manager'),
  'kube-scheduler': kube('kube-scheduler'),
  kubelet: kube('kubelet'),
  'kube-proxy': kube('kube-proxy'),
  coredns: { module: 'coredns', package: '.' },
  pause: { module: 'pause', package: '.', isStatic: true },
  helm: { module: 'helm', package: 'helm.sh/helm/v4/cmd/helm' },
  'echo-server': {
    module: 'echo',
    package: 'istio.io/istio/pkg/test/echo/cmd/server',
    isStatic: true,
  },
  'echo-client': {
    module: 'echo',
    package: 'istio.io/istio/pkg/test/echo/cmd/client',
    isStatic: true,
  },
  'prometheus-discovery': { module: 'discovery', package: '.' },
  'conformance.test': { module: 'conformance', package: '.', command: ['test', '-c'] },
} as const satisfies Readonly<Record<string, Program>>;

export type ProgramName = keyof typeof PROGRAMS;

export const PROGRAM_NAMES = Object.keys(PROGRAMS) as readonly ProgramName[];

/** What a cluster is made of, in the order in which others wait for it. */
export const CLUSTER_PROGRAMS = [
  'kube-apiserver',
  'kubectl',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'pause',
  'coredns',
] as const satisfies readonly ProgramName[];

export function isProgramName(name: string): name is ProgramName {
  return Object.hasOwn(PROGRAMS, name);
}

/** Those that are not built, or were built from something else than what stands here. */
export function unbuilt(names: readonly ProgramName[]): ProgramName[] {
  return names.filter((name) => !isFresh(name));
}

/** Builds what is not built. */
export async function buildPrograms(
  names: readonly ProgramName[],
  progress: Progress,
): Promise<void> {
  const wanted = unbuilt(names);
  if (wanted.length > 0 && !isGoHere()) {
    throw new Error(`${wanted.join(', ')}: not built, and there is no \`go\` to build it with`);
  }
  for (const name of wanted) await buildAlone(name, progress);
}

/** Two checkouts that want the same program wait for one another: together they take longer. */
async function buildAlone(name: ProgramName, progress: Progress): Promise<void> {
  const file = join(places.programs, `.${name}.lock`);
  let lock = ProcessLock.tryTake(file);
  for (; lock === null; lock = ProcessLock.tryTake(file)) {
    progress.detail(`${name}: another process builds it`);
    await sleep(LOCK_POLL_MS);
  }
  try {
    if (!isFresh(name)) await buildProgram(name, progress);
  } finally {
    lock.release();
  }
}

async function buildProgram(name: ProgramName, progress: Progress): Promise<void> {
  progress.step(`building ${name}`);
  const program: Program = PROGRAMS[name];
  mkdirSync(places.programs, { recursive: true });
  const file = join(places.programs, name);
  const unfinished = `${file}.${process.pid}`;
  let packages = 0;
  await runGo([...commandOf(program), '-v', '-o', unfinished, program.package], {
    cwd: join(modules, program.module),
    limitMs: BUILD_LIMIT_MS,
    env: program.isStatic === true ? { CGO_ENABLED: '0' } : {},
    onLine: (line) => {
      if (isPackageLine(line)) progress.detail(`${name}: ${++packages} packages compiled`);
    },
  });
  renameSync(unfinished, file);
  writeFileSync(stampFile(name), stampOf(name));
}

function commandOf(program: Program): string[] {
  const flags = `-s -w ${program.linkerFlags ?? ''}`.trim();
  const command = program.command ?? ['build'];
  return [...command, '-mod=readonly', '-buildvcs=false', '-ldflags', flags];
}

function isFresh(name: ProgramName): boolean {
  if (!existsSync(join(places.programs, name)) || !existsSync(stampFile(name))) return false;
  return readFileSync(stampFile(name), 'utf8') === stampOf(name);
}

function stampFile(name: ProgramName): string {
  return join(places.programs, `.${name}.sha256`);
}

function stampOf(name: ProgramName): string {
  const program: Program = PROGRAMS[name];
  const hash = createHash('sha256').update(JSON.stringify([program, commandOf(program)]));
  const folder = join(modules, program.module);
  for (const file of readdirSync(folder).sort()) hash.update(readFileSync(join(folder, file)));
  return hash.digest('hex');
}
