/** Claims about `remora proxy`: one proxy before a server, from a file of the same YAML. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { until } from '../support/waiting.ts';

const root = join(import.meta.dirname, '../..');
const READY = /^Ready: (http:\S+) leads to web/;

function yaml(endpointPort: number | string, rule: string): string {
  return `
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { ports: [{ port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
endpoints: [{ addresses: [127.0.0.1] }]
ports: [{ port: ${endpointPort} }]
---
apiVersion: remora.dev/v1alpha1
kind: TrafficRoute
metadata: { name: web }
spec:
  targetRef: { name: web }
  rules: [${rule}]
`;
}

test('a lone proxy routes to given addresses; an edit or a mistake loses nothing', async (t) => {
  const server = createServer((request, response) => response.end(`hello ${request.url}`));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const folder = mkdtempSync(join(tmpdir(), 'remora-e2e-'));
  const file = join(folder, 'web.yaml');
  const all = '{ backends: [{ service: web }] }';
  writeFileSync(file, yaml(port, all));
  const args = ['proxy', '--config', file, '--listen', '127.0.0.1:0', '--service', 'web'];
  const child = spawn(process.execPath, ['control-plane/bin/remora.js', ...args], {
    cwd: root,
    env: { ...process.env, REMORA_SOURCES: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGTERM');
    await exited;
    server.close();
    rmSync(folder, { recursive: true });
  });
  const lines: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => lines.push(line));
  }
  await until(() => lines.some((line) => READY.test(line)), 'the proxy to be ready', 20_000);
  const url = READY.exec(lines.find((line) => READY.test(line)) ?? '')?.[1] ?? '';
  const get = async (path: string) => {
    const answer = await fetch(url + path, { redirect: 'manual' });
    return `${answer.status} ${await answer.text()}`;
  };

  assert.equal(await get('/x'), '200 hello /x');

  writeFileSync(file, yaml('nope', all));
  await until(() => lines.some((line) => /web\.yaml:12:.*nope/.test(line)), 'the mistake');
  assert.equal(await get('/x'), '200 hello /x');

  writeFileSync(file, yaml(port, '{ redirect: { path: { full: /new } } }'));
  await until(async () => (await get('/x')).startsWith('302'), 'the redirect');

  child.kill('SIGINT');
  assert.deepEqual(await exited, [0, null]);
});
