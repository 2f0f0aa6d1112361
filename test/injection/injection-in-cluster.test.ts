/**
 * A real API server takes every pod that injection makes, and keeps every field of it.
 *
 * A field that it does not know is an error (strict validation), and one that a feature gate drops
 * is missed in the answer: both would otherwise show as a sidecar that is not one.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseYaml, splitDocuments } from '../../control-plane/src/inject/yaml-text.ts';
import { podPlaces } from '../../control-plane/src/inject/pod-places.ts';
import { type ApiServer, startApiServer } from '../cluster/machine/api-server.ts';
import { skipWithoutApiServer } from '../cluster/machine/places.ts';
import { caseFolders, readCase } from './injection-case.ts';

/** Workloads of the case, as they came out. */
function workloadsIn(folder: string): object[] {
  const text = readFileSync(join(folder, 'out.yaml'), 'utf8');
  return splitDocuments(text).flatMap((one) => {
    const parsed = parseYaml(one.text);
    if (parsed.is !== 'value') return [];
    const { items = [parsed.value] } = (parsed.value ?? {}) as { readonly items?: unknown[] };
    return items.filter((item) => podPlaces(item).length > 0) as object[];
  });
}

/** Everything that was sent is in what came back; the server adds its defaults. */
function assertKept(sent: unknown, kept: unknown, path: string): void {
  if (typeof sent !== 'object' || sent === null) {
    // Quantities come back in their shortest spelling.
    if (!/\.resources\./.test(path)) assert.equal(kept, sent, path);
    return;
  }
  assert.ok(typeof kept === 'object' && kept !== null, `${path} was dropped`);
  for (const [name, value] of Object.entries(sent)) {
    assertKept(value, (kept as Readonly<Record<string, unknown>>)[name], `${path}.${name}`);
  }
}

describe('a real API server', { skip: skipWithoutApiServer() }, () => {
  let folder: string;
  let server: ApiServer;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'remora-injection-'));
    server = await startApiServer(folder);
    await server.createNamespace('shop');
  });

  after(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const each of caseFolders()) {
    const { name } = readCase(each);
    const workloads = workloadsIn(each);
    if (workloads.length === 0) continue; // All of it is refused.
    test(`takes what came out of ${name}, and keeps every field`, async () => {
      for (const sent of workloads) {
        const command = ['create', '-f', '-', '--dry-run=server', '-o', 'json'];
        const kept: unknown = JSON.parse(await server.kubectl(command, JSON.stringify(sent)));
        assertKept(sent, kept, '');
      }
    });
  }
});
