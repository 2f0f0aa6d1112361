/** Claims about the verbs: what they print and with which code they end, with a world handed in. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { startControlPlane } from '../control-plane.ts';
import { silentLog } from '../log.ts';
import { check } from './check.ts';
import { EXIT_FOUND, EXIT_OK, EXIT_UNAVAILABLE, EXIT_USAGE } from './exit-codes.ts';
import { proxy } from './proxy.ts';
import { routes } from './routes.ts';
import { status } from './status.ts';
import type { Verb } from './verb.ts';

const SERVICE = `
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { ports: [{ port: 80 }] }
`;
const ROUTE = `---
apiVersion: remora.dev/v1alpha1
kind: TrafficRoute
metadata: { name: web }
spec:
  targetRef: { name: web }
  rules:
    - name: alice
      matches: [{ method: GET, path: { prefix: /x }, headers: [{ name: x-user, exact: alice }] }]
      backends: [{ service: web }]
`;

const HTTP_ROUTE = `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: web }
spec:
  parentRefs: [{ group: '', kind: Service, name: web }]
  rules:
    - filters: [{ type: CORS }]
    - matches: [{ path: { value: /y } }]
      backendRefs: [{ name: web, port: 80 }]
`;

function folderWith(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'remora-verbs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

async function run(verb: Verb, args: readonly string[], options: Record<string, string> = {}) {
  const lines: string[] = [];
  const keep = (line: string) => void lines.push(line);
  const io = { terminal: { write: () => true }, env: {}, out: keep, err: keep, onInterrupt() {} };
  return { code: await verb.run(args, options, io), text: lines.join('\n') };
}

async function meshOf(t: TestContext, text: string): Promise<Record<string, string>> {
  const folder = folderWith(t, { 'web.yaml': text });
  const listen = { host: '127.0.0.1', port: 0 };
  const control = await startControlPlane({ folder, listen, log: silentLog });
  t.after(() => control.close());
  return { control: control.url };
}

describe('remora check', () => {
  test('ends with 0 where there is no mistake', async (t) => {
    const { code, text } = await run(check, [folderWith(t, { 'web.yaml': SERVICE + ROUTE })]);
    assert.deepEqual([code, /2 objects, no mistakes/.test(text)], [EXIT_OK, true], text);
  });

  test('ends with 1 and names file, line and field of a mistake', async (t) => {
    const folder = folderWith(t, { 'web.yaml': SERVICE.replace('80', 'http') });
    const { code, text } = await run(check, [folder]);
    assert.equal(code, EXIT_FOUND);
    assert.match(text, /web\.yaml:5:\d+: Service default\/web spec\.ports\[0\]\.port/);
  });

  test('names one file as it was named', async (t) => {
    const folder = folderWith(t, { 'web.yaml': SERVICE.replace('80', 'http') });
    const { text } = await run(check, [join(folder, 'web.yaml')]);
    assert(text.startsWith(`${join(folder, 'web.yaml')}:5:`), text);
  });

  test('finds a rule that nothing can serve, as the hint of its 500 says', async (t) => {
    const idle = ROUTE.replace('{ service: web }', '{ service: web, weight: 0 }');
    const { code, text } = await run(check, [folderWith(t, { 'web.yaml': SERVICE + idle })]);
    assert.equal(code, EXIT_FOUND);
    assert.match(text, /TrafficRoute default\/web: rules\[0\]: every backend has weight 0/);
  });

  test('finds a reference that leads nowhere', async (t) => {
    const folder = folderWith(t, {
      'web.yaml': SERVICE + ROUTE.replace('{ service: web }', '{ service: wbe }'),
    });
    const { code, text } = await run(check, [folder]);
    assert.deepEqual(
      [code, /TrafficRoute default\/web: .*wbe/.test(text)],
      [EXIT_FOUND, true],
      text,
    );
  });

  test('finds what is wrong in a part of an HTTPRoute, as its status would say', async (t) => {
    const folder = folderWith(t, { 'web.yaml': SERVICE + HTTP_ROUTE });
    const { code, text } = await run(check, [folder]);
    assert.equal(code, EXIT_FOUND);
    assert.match(text, /HTTPRoute default\/web: Dropped Rule: rules\[0\]\.filters: .*"CORS"/);
  });

  test('reads dev.yaml too', async (t) => {
    const folder = folderWith(t, { 'web.yaml': SERVICE, 'dev.yaml': 'workloads: { web: {} }' });
    assert.match((await run(check, [folder])).text, /dev\.yaml:1:\d+: workloads\.web\.command/);
  });

  test('is used wrongly with a folder that is not there', async () => {
    assert.equal((await run(check, ['no-such-folder'])).code, EXIT_USAGE);
  });
});

describe('remora routes and remora status', () => {
  test('say what each rule matches and where it goes', async (t) => {
    const { code, text } = await run(routes, [], await meshOf(t, SERVICE + ROUTE));
    assert.equal(code, EXIT_OK);
    assert.match(text, /alice: GET \/x… header x-user=alice → web/);
  });

  test('say the same of an HTTPRoute', async (t) => {
    const { code, text } = await run(routes, [], await meshOf(t, SERVICE + HTTP_ROUTE));
    assert.equal(code, EXIT_FOUND);
    assert.match(text, /^default\/web, for default\/web: no proxy uses it yet$/m);
    assert.match(text, /^ {2}1: \/y… → web$/m);
  });

  test('end with 1 and say why when a route cannot be served', async (t) => {
    const mesh = await meshOf(t, ROUTE);
    for (const verb of [routes, status]) {
      const { code, text } = await run(verb, [], mesh);
      assert.deepEqual([code, /✗ .*no Service default\/web/.test(text)], [EXIT_FOUND, true], text);
    }
  });

  test('say what to type when there is no control plane', async () => {
    const { code, text } = await run(status, [], { control: 'http://127.0.0.1:1' });
    assert.equal(code, EXIT_UNAVAILABLE);
    assert.match(text, /Start a mesh with `remora dev FOLDER`/);
  });
});

describe('remora proxy', () => {
  test('is used wrongly without a configuration', async () => {
    assert.equal((await run(proxy, [])).code, EXIT_USAGE);
    assert.equal((await run(proxy, [], { config: 'no-such-file' })).code, EXIT_USAGE);
  });
});
