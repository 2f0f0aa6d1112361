import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { docBlocks, docWorld } from './doc-commands.ts';

const PAGE = `# Page

\`\`\`sh
echo one > file
ls charts | head -1
\`\`\`

<!-- not run: it needs a registry -->
\`\`\`sh
docker push
\`\`\`

\`\`\`yaml
no: command
\`\`\`

\`\`\`sh
cat file; false
echo never
\`\`\`
`;

test('the commands of a page run in order, in one folder, each block until it fails', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'remora-doc-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [first, second, third, ...more] = docBlocks(PAGE);
  assert.ok(first && second && third && more.length === 0);
  assert.deepEqual([first.line, second.notRun], [4, 'it needs a registry']);
  const world = docWorld({ folder, kubeconfigFile: '/none', replace: { one: 'two' } });
  assert.match(await world.run(first), /^remora$/m);
  await assert.rejects(world.run(third), (error: Error) => {
    return /line 18 ended with 1/.test(error.message) && /\ntwo\n$/.test(error.message);
  });
});
