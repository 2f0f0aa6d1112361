/**
 * What is in Remora's image, and how it is started. Everything of both planes, in one image.
 *
 * Node, the bundles, and the two programs by which the init step redirects connections. iptables is
 * there twice: a kernel may know its rules in the new form or in the old one, and mixing them on a
 * pod that already has some is a way to lose traffic. No shell: what a container without one cannot
 * be made to do is a long list.
 *
 * Called by `scripts/image.ts` and the cluster's `images.ts`. `Dockerfile` beside this file runs
 * the same code. Tests: `remora-root.test.ts`.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PROXY_UID } from '../../api/src/mesh-names.ts';
import type { ImageConfig } from './archive.ts';
import type { RootFolder } from './root-folder.ts';

/** An image that takes a node longer to fetch than a pod to start is one that people notice. */
export const IMAGE_BYTES_MAX = 180_000_000;

export const remoraImage = {
  entrypoint: ['/usr/local/bin/node'],
  env: {
    PATH: '/usr/local/bin:/usr/sbin:/usr/bin',
    NODE_ENV: 'production',
    // The old form takes a lock in a folder that a read-only root cannot have.
    XTABLES_LOCKFILE: '/tmp/xtables.lock',
  },
  user: `${PROXY_UID}:${PROXY_UID}`,
  workingFolder: '/remora',
} as const satisfies ImageConfig;

const dist = join(import.meta.dirname, '../../dist');

/** The names under which both forms of iptables are called; each is one program. */
const XTABLES = { 'xtables-nft-multi': 'nft', 'xtables-legacy-multi': 'legacy' } as const;
const FAMILIES = ['iptables', 'ip6tables'];
const VERBS = ['', '-save', '-restore'];

/** Puts it together, with the bundles of `dist/`. */
export function fillRemoraRoot(image: RootFolder): void {
  image.program(process.execPath, '/usr/local/bin/node', { strip: true });
  addUser(image);
  addIptables(image);
  const bundles = readdirSync(dist).filter((name) => name.endsWith('.mjs'));
  if (bundles.length === 0) throw new Error('dist/ has no bundles: npm run build');
  for (const name of bundles) image.copy(join(dist, name), `/remora/${name}`);
}

/** Node asks for the user's name and home in places where nobody would expect it. */
function addUser(image: RootFolder): void {
  const entry = (name: string, id: number, home: string) =>
    `${name}:x:${id}:${id}::${home}:/nonexistent\n`;
  image.text('/etc/passwd', entry('root', 0, '/') + entry('remora', PROXY_UID, '/remora'));
  image.text('/etc/group', `root:x:0:\nremora:x:${PROXY_UID}:\n`);
}

function addIptables(image: RootFolder): void {
  for (const [program, form] of Object.entries(XTABLES)) {
    image.program(`/usr/sbin/${program}`, `/usr/sbin/${program}`);
    for (const family of FAMILIES) {
      for (const verb of VERBS) image.link(`/usr/sbin/${family}-${form}${verb}`, program);
    }
  }
  for (const family of FAMILIES) {
    for (const verb of VERBS) image.link(`/usr/sbin/${family}${verb}`, 'xtables-nft-multi');
  }
  const modules = xtablesFolder();
  image.copy(modules, modules);
}

/** Where iptables loads the words of its rules from. */
function xtablesFolder(): string {
  const libraries = '/usr/lib';
  const folder = readdirSync(libraries)
    .map((name) => join(libraries, name, 'xtables'))
    .find((path) => exists(path));
  if (folder === undefined) throw new Error('iptables has no modules here: install iptables');
  return folder;
}

function exists(path: string): boolean {
  try {
    return readdirSync(path).length > 0;
  } catch {
    return false;
  }
}
