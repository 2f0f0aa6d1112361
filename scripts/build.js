/**
 * `npm run build`: the bundles that a machine without this checkout runs, in `dist/`.
 *
 * One file per program, because a bundle starts three times faster than the modules it holds.
 * Packages that a program loads on first use stay chunks of their own. A build whose sources did
 * not change is skipped: the stamp is a hash of their contents, not of their dates, so a fresh
 * checkout of the same commit is a hit too. `--force` builds anyway.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from './pinned-node.js';

const PROGRAMS = [
  { name: 'remora-proxy', entry: 'proxy/src/main.ts', isSidecar: true },
  { name: 'remora-init', entry: 'proxy/src/interception/init.ts' },
  { name: 'remora', entry: 'control-plane/src/cli/main.ts' },
  { name: 'remora-control-plane', entry: 'control-plane/src/main.ts' },
];
const SOURCES = ['api/src', 'proxy/src', 'control-plane/src'];
const MANIFESTS = ['package-lock.json', 'scripts/build.js'];

/**
 * The runtime keeps a program's text, in two bytes a character as soon as one has no place in
 * Latin-1: an arrow in a comment cost each sidecar half a megabyte. So comments are left out, and
 * what is left is escaped.
 */
const latin1 = {
  name: 'latin1',
  renderChunk(code) {
    const escaped = (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
    return { code: code.replace(/[\u0100-\uffff]/g, escaped), map: null };
  },
};

const dist = join(root, 'dist');
const stampFile = join(dist, 'build.sha256');
const programs = PROGRAMS.filter((program) => existsSync(join(root, program.entry)));
const stamp = hashOfSources();

if (!process.argv.includes('--force') && isFresh()) {
  console.log(`dist/ is fresh (${programs.length} bundles)`);
} else {
  const startedAtMs = performance.now();
  mkdirSync(dist, { recursive: true });
  await Promise.all(programs.map(bundle));
  writeFileSync(stampFile, `${stamp}\n`);
  console.log(
    `${programs.length} bundles in ${Math.round(performance.now() - startedAtMs)} ms:`,
    programs.map((program) => `dist/${program.name}.mjs`).join(' '),
  );
}

async function bundle(program) {
  const build = await rolldown({
    input: { [program.name]: join(root, program.entry) },
    platform: 'node',
    cwd: root,
    // A package may declare fewer side effects than it has; ours are imported for what they export.
    treeshake: true,
    plugins: program.isSidecar === true ? [latin1] : [],
    onLog(level, log, handler) {
      if (log.code !== 'CIRCULAR_DEPENDENCY' || !log.message.includes('node_modules')) {
        handler(level, log);
      }
    },
  });
  await build.write({
    dir: dist,
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: `${program.name}-[name].mjs`,
    minify: { compress: true, mangle: false, codegen: false },
    comments: { legal: true, annotation: false, jsdoc: false },
    sourcemap: false,
  });
  await build.close();
}

function isFresh() {
  return (
    existsSync(stampFile) &&
    readFileSync(stampFile, 'utf8').trim() === stamp &&
    programs.every((program) => existsSync(join(dist, `${program.name}.mjs`)))
  );
}

function hashOfSources() {
  const hash = createHash('sha256');
  for (const file of [...SOURCES.flatMap(filesUnder), ...MANIFESTS]) {
    const path = join(root, file);
    if (existsSync(path)) hash.update(file).update('\0').update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

function filesUnder(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1))
    .sort();
}
