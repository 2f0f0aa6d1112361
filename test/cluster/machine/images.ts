/**
 * The images that suites ask for by name: what each holds, and its archive.
 *
 * Archives are made anew each time: it takes a second or two, and a stale image costs an hour. The
 * programs inside are what takes long, and those are kept. Names that others' manifests ask for are
 * kept to the letter, since there is no registry that could be asked for them.
 *
 * Called by `cluster.ts` (the pause image), `npm run cluster -- image NAME` and `test:cluster`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ImageConfig, writeImageArchive } from '../../../scripts/image/archive.ts';
import { fillRemoraRoot, remoraImage } from '../../../scripts/image/remora-root.ts';
import { RootFolder } from '../../../scripts/image/root-folder.ts';
import { buildJaeger, findJaeger } from '../../../scripts/jaeger-build.ts';
import type { Progress } from '../../../scripts/progress.ts';
import { PAUSE_IMAGE } from './containerd.ts';
import { makeCertificates } from './pki.ts';
import { places, programPath } from './places.ts';
import { buildPrograms } from './programs.ts';

interface Recipe extends ImageConfig {
  readonly name: string;
  /** Makes the programs that are in it. */
  readonly prepare?: (progress: Progress) => Promise<unknown>;
  readonly fill: (image: RootFolder) => void | Promise<void>;
}

const root = join(import.meta.dirname, '../../..');
const NODE = '/usr/local/bin/node';
const env = { PATH: '/usr/local/bin:/usr/sbin:/usr/bin' };
/** The user of whoever needs to be nobody. */
const NOBODY = '65532:65532';

const RECIPES = {
  remora: {
    ...remoraImage,
    name: 'remora:dev',
    prepare: async () => bundle(),
    fill: fillRemoraRoot,
  },
  shop: {
    ...{ name: 'remora-shop:dev', entrypoint: [NODE], workingFolder: '/shop', env, user: NOBODY },
    fill: (image) => {
      image.program(process.execPath, NODE, { strip: true });
      image.copy(join(root, 'examples/shop/apps'), '/shop');
    },
  },
  jaeger: {
    ...{ name: 'remora-jaeger:dev', entrypoint: ['/usr/local/bin/jaeger'], user: NOBODY },
    // Without arguments it keeps traces in memory, and would listen on loopback.
    env: { ...env, JAEGER_LISTEN_HOST: '0.0.0.0' },
    prepare: async (progress) =>
      await buildJaeger((packages) => progress.detail(`jaeger: ${packages} packages compiled`)),
    fill: (image) => image.program(findJaeger()!, '/usr/local/bin/jaeger'),
  },
  /** What the Gateway API's conformance suite has answer its requests. */
  echo: {
    name: 'registry.k8s.io/gateway-api/echo-advanced:v1.5.1',
    ...{ entrypoint: ['/usr/local/bin/server'], env },
    prepare: async (progress) => await buildPrograms(['echo-server', 'echo-client'], progress),
    fill: addEcho,
  },
  pause: {
    ...{ name: PAUSE_IMAGE, entrypoint: ['/pause'], user: NOBODY },
    fill: (image) => image.program(programPath('pause'), '/pause'),
  },
} as const satisfies Readonly<Record<string, Recipe>>;

export type ImageName = keyof typeof RECIPES;

export const IMAGE_NAMES = Object.keys(RECIPES) as readonly ImageName[];

export function isImageName(name: string): name is ImageName {
  return Object.hasOwn(RECIPES, name);
}

/** Makes an image, hands its archive over, and leaves nothing of it. */
export async function withImage(
  name: ImageName,
  progress: Progress,
  use: (archive: string) => Promise<void>,
): Promise<{ readonly reference: string; readonly bytes: number }> {
  const recipe: Recipe = RECIPES[name];
  await recipe.prepare?.(progress);
  mkdirSync(places.images, { recursive: true });
  // Another checkout may be making its own image of this name.
  const folder = mkdtempSync(join(places.images, `${name}-`));
  try {
    const image = new RootFolder(join(folder, 'root'));
    await recipe.fill(image);
    const archive = join(folder, 'image.tar');
    const bytes = writeImageArchive({ ...recipe, rootFolder: image.path }, archive);
    await use(archive);
    return { reference: recipe.name, bytes };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function bundle(): void {
  execFileSync(process.execPath, [join(root, 'scripts/build.js')], { stdio: 'inherit' });
}

/** The server wants a certificate even where nobody speaks TLS to it. */
async function addEcho(image: RootFolder): Promise<void> {
  for (const name of ['server', 'client']) {
    image.program(programPath(`echo-${name}`), `/usr/local/bin/${name}`);
  }
  const pki = `${image.path}-pki`;
  await makeCertificates(pki, [{ name: 'echo', user: 'echo', alternativeNames: ['DNS:echo'] }]);
  image.copy(join(pki, 'echo.crt'), '/cert.crt');
  image.copy(join(pki, 'echo.key'), '/cert.key');
}
