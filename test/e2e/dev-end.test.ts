/** Claims about the end of a local mesh: whoever is killed, and however, no process is left. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { until } from '../support/waiting.ts';
import { DevRun, type ProcessLine, survivors } from './dev-run.ts';

const END_LIMIT_MS = 15_000;
const APP = `require('node:http').createServer((q, a) => a.end('hello')).listen(process.env.PORT)`;
const WEB = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`;

describe('the end of a local mesh', () => {
  test('comes for every process when the runner is killed without warning', async (t) => {
    const { run, processes } = await startedWeb(t);
    const runner = processes.find(({ parent }) => parent === run.child.pid);
    assert.ok(runner, 'no runner was found');
    process.kill(runner.pid, 'SIGKILL');
    await untilGone(processes);
  });

  test('comes for every process when the command itself is killed without warning', async (t) => {
    const { run, processes } = await startedWeb(t);
    run.child.kill('SIGKILL');
    await untilGone(processes);
  });

  test('comes on SIGTERM as on Ctrl-C', async (t) => {
    const { run, processes } = await startedWeb(t);
    run.child.kill('SIGTERM');
    assert.equal(await run.exitCode, 0);
    assert.deepEqual(survivors(processes), []);
  });
});

/** One application that ignores SIGTERM, behind its sidecar. */
async function startedWeb(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'remora-e2e-'));
  writeFileSync(join(folder, 'web.cjs'), `process.on('SIGTERM', () => {}); ${APP}`);
  writeFileSync(join(folder, 'web.yaml'), WEB);
  writeFileSync(join(folder, 'dev.yaml'), 'workloads: { web: { command: node web.cjs } }\n');
  const run = new DevRun(folder);
  t.after(async () => {
    await run.end();
    rmSync(folder, { recursive: true, force: true });
  });
  await run.line(/^ready: 1 instances/);
  const processes = run.processes();
  assert.ok(processes.length >= 4, processes.map(({ command }) => command).join('\n'));
  return { run, processes };
}

async function untilGone(processes: readonly ProcessLine[]): Promise<void> {
  await until(() => survivors(processes).length === 0, 'all processes to end', END_LIMIT_MS);
}
