/**
 * `npm run image`: Remora's container image as an OCI archive, without a container engine.
 *
 * `node scripts/image.ts --out FILE` writes an archive that `ctr images import`, `skopeo` and
 * `podman load` take. `--root FOLDER` writes the files alone, which is how `image/Dockerfile` makes
 * the same image with an engine. `--name` names it. Exit codes: 1 where it is too large.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeImageArchive } from './image/archive.ts';
import { fillRemoraRoot, IMAGE_BYTES_MAX, remoraImage } from './image/remora-root.ts';
import { RootFolder } from './image/root-folder.ts';

const root = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'remora:dev' },
    out: { type: 'string' },
    root: { type: 'string' },
  },
});

execFileSync(process.execPath, [join(root, 'scripts/build.js')], { stdio: 'inherit' });
const rootFolder = values.root ?? join(root, 'dist/image');
fillRemoraRoot(new RootFolder(rootFolder));
console.log(`the files are in ${rootFolder}`);
if (values.root === undefined) {
  const file = values.out ?? join(root, 'dist/remora-image.tar');
  const bytes = writeImageArchive({ ...remoraImage, name: values.name, rootFolder }, file);
  console.log(`${values.name}: ${(bytes / 1e6).toFixed(1)} MB in ${file}`);
  if (bytes > IMAGE_BYTES_MAX) {
    console.error(`too large: ${IMAGE_BYTES_MAX / 1e6} MB are allowed`);
    process.exitCode = 1;
  }
}
