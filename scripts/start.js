/**
 * `npm start`: the example shop as a mesh of real processes on this machine.
 *
 * Builds the bundles first when they are missing or stale, because a sidecar starts three times
 * faster from one; where building is not possible the sources run as they are. Then it goes through
 * the same door as `npx remora`. Plain JavaScript: any Node from 20 on must be able to run this.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedEnvironment, pinnedNode, root } from './pinned-node.js';

process.chdir(root);
const build = join(root, 'scripts', 'build.js');
if (!isBuilt()) {
  console.log('There are no bundles: starting from the sources.');
  process.env.REMORA_SOURCES = '1';
}
const [folder = 'examples/shop', ...flags] = process.argv.slice(2);
process.argv.splice(2, process.argv.length, 'dev', folder, ...flags);
await import('../control-plane/bin/remora.js');

function isBuilt() {
  if (!existsSync(build)) return false;
  const node = pinnedNode();
  const built = spawnSync(node, [build], { env: pinnedEnvironment(node), stdio: 'inherit' });
  return built.status === 0;
}
