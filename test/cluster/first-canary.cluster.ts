/**
 * The pages that a newcomer follows, run as they stand: the first canary, and looking into a pod
 * when something is not as it should be. (`docs/install.md` is run by `chart.cluster.ts`.)
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { clusterKubectl, kubeconfigFile } from './machine/cluster.ts';
import { skipWithoutCluster } from './support/cluster.ts';
import { blocksOfPage, type DocWorld, docWorld } from './support/doc-commands.ts';
import { ensureRemora } from './support/remora.ts';

const PAGES = ['docs/first-canary.md', 'docs/troubleshooting.md'];
const NAMESPACE = 'shop';

describe('the pages of a newcomer', { skip: skipWithoutCluster() }, () => {
  let folder: string;
  let world: DocWorld;
  const printed: string[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'remora-first-canary-'));
    world = docWorld({ folder, kubeconfigFile });
    await clusterKubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found']);
    await ensureRemora();
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const page of PAGES) {
    for (const block of blocksOfPage(page)) {
      test(`${page}:${block.line}`, { skip: block.notRun ?? false }, async () => {
        printed.push(await world.run(block));
      });
    }
  }

  test('showed what the pages show: sidecars, both versions, and a share of a tenth', () => {
    const all = printed.join('\n');
    assert.match(all, /storefront-\S+ +2\/2/);
    assert.match(all, /v1: 1[5-9]\d/);
    assert.match(all, /catalog-v1 90%, catalog-v2 10%/);
    assert.match(all, /remora-init: IPv4: \d+ rules set/);
  });
});
