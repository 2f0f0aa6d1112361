/**
 * The two planes together, each a real process: an edit of a YAML file becomes the real split.
 *
 * No mesh is started here, only what the promise is about: the folder, the control plane, one proxy
 * that uses the Service and one that does not.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startLoad } from '../support/load.ts';
import { type Origin, response, startOrigin } from '../support/origin.ts';
import {
  type ControlPlane,
  type RunningProxy,
  startControlPlane,
  startProxy,
} from '../support/processes.ts';
import { connectRaw, get } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';

const LIVE_MS_MAX = 1_000;

function service(name: string, origin?: Origin): string {
  const meta = (more: string) => `metadata: { name: ${name}, namespace: shop${more} }`;
  const lines = ['apiVersion: v1', 'kind: Service', meta(''), 'spec:', '  ports: [{ port: 80 }]'];
  if (origin === undefined) return lines.join('\n');
  const label = `, labels: { kubernetes.io/service-name: ${name} }`;
  const slice = [
    'apiVersion: discovery.k8s.io/v1',
    'kind: EndpointSlice',
    meta(label),
    'addressType: IPv4',
    `ports: [{ port: ${origin.port} }]`,
    'endpoints: [{ addresses: [127.0.0.1], conditions: { ready: true } }]',
  ];
  return [...lines, '---', ...slice].join('\n');
}

function route(v1: number | string, v2: number): string {
  return [
    'apiVersion: remora.dev/v1alpha1',
    'kind: TrafficRoute',
    'metadata: { name: catalog, namespace: shop }',
    'spec:',
    '  targetRef: { name: catalog }',
    '  rules:',
    '    - backends:',
    `        - { service: catalog-v1, weight: ${v1} }`,
    `        - { service: catalog-v2, weight: ${v2} }`,
    '',
  ].join('\n');
}

describe('a weight in a YAML file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'remora-folder-'));
  const file = join(folder, 'route.yaml');
  let origins: Origin[];
  let plane: ControlPlane;
  let proxy: RunningProxy;

  before(async () => {
    origins = await Promise.all([startOrigin(), startOrigin()]);
    origins.forEach((origin, at) => {
      origin.answer = ({ connection }) => connection.send(response({ body: `v${at + 1}` }));
    });
    const services = [
      service('catalog'),
      service('catalog-v1', origins[0]),
      service('catalog-v2', origins[1]),
    ];
    writeFileSync(join(folder, 'services.yaml'), services.join('\n---\n'));
    writeFileSync(file, route(100, 0));
    plane = await startControlPlane(folder);
    proxy = await startProxy({ control: plane.url });
  });
  after(async () => {
    await proxy?.stop();
    await plane?.program.stop();
    await Promise.all(origins.map(async (origin) => await origin.close()));
  });

  async function asked(): Promise<string> {
    const client = await connectRaw(proxy.outbound);
    const answer = await client.ask(get('http://catalog/'));
    client.close();
    return String(answer.body);
  }

  test('moves the real split within a second, and no request fails', async () => {
    const load = startLoad({
      addresses: [proxy.outbound],
      clients: 4,
      request: get('http://catalog/'),
    });
    await until(() => load.answered > 100, 'the load to run');
    assert.equal(await asked(), 'v1');
    writeFileSync(file, route(0, 100));
    await until(async () => (await asked()) === 'v2', 'the new weight', LIVE_MS_MAX);
    const before = origins[0]!.requests.length;
    const answered = load.answered;
    await until(() => load.answered > answered + 100, 'the load to go on');
    const result = await load.stop();
    assert.equal(origins[0]!.requests.length, before);
    assert.deepEqual(result.lost, []);
    assert.deepEqual([...result.answers.keys()], ['200']);
  });

  test('that is a mistake is reported with its file, and the last good one stays', async () => {
    writeFileSync(file, route('lots', 0));
    await until(() => plane.program.logs.includes('route.yaml'), 'the report');
    assert.match(plane.program.logs, /weight/);
    assert.equal(await asked(), 'v2');
    writeFileSync(file, route(100, 0));
    await until(async () => (await asked()) === 'v1', 'the mended file', LIVE_MS_MAX);
  });
});
