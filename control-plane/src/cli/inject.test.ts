/** Claims about `remora inject`: what it prints, what it tells, and with which code it ends. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { EXIT_FOUND, EXIT_OK, EXIT_USAGE } from './exit-codes.ts';
import { inject } from './inject.ts';

const POD = `apiVersion: v1
kind: Pod
metadata: { name: one }
spec: { containers: [{ name: app, image: app }] }
`;
const HOST = POD.replace('spec: {', 'spec: { hostNetwork: true,');
const CONFIG = '# Kept.\napiVersion: v1\nkind: ConfigMap\nmetadata: {name:   x}\n';
const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

function folderWith(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'remora-inject-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

async function run(options: Readonly<Record<string, string>>, stdin = '') {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await inject.run([], options, {
    ...{ terminal: { write: () => true }, env: {}, onInterrupt() {} },
    input: async () => stdin,
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('remora inject', () => {
  test('prints a file with its sidecars, and tells on the side what it did', async (t) => {
    const folder = folderWith(t, { 'a.yaml': `${CONFIG}---\n${POD}`, 'ca.pem': PEM });
    const file = join(folder, 'a.yaml');
    const options = { file, controlCa: join(folder, 'ca.pem'), image: 'mine:1' };
    const { code, out, err } = await run({ ...options, controlNamespace: 'mesh' });
    assert.deepEqual([code, err], [EXIT_OK, 'Pod one: injected']);
    assert.ok(out.startsWith(`${CONFIG}---\n`), out);
    assert.match(out, /image: mine:1/);
    assert.match(out, /https:\/\/remora-control\.mesh\.svc:15410/);
    assert.match(out, /MIIB/);
  });

  test('prints a folder as one stream, and standard input too', async (t) => {
    const folder = folderWith(t, { 'a/b.yaml': POD, 'a/c/d.yml': CONFIG, 'ca.pem': PEM });
    const controlCa = join(folder, 'ca.pem');
    const { code, out } = await run({ file: join(folder, 'a'), controlCa });
    assert.equal(code, EXIT_OK);
    assert.match(out, /emptyDir: \{\}\n---\n# Kept\./);
    const piped = await run({ file: '-', controlCa }, POD);
    assert.deepEqual([piped.code, /remora-proxy/.test(piped.out)], [EXIT_OK, true]);
  });

  test('prints nothing where one object is refused, and ends with 1', async (t) => {
    const folder = folderWith(t, { 'm/a.yaml': POD, 'm/b.yaml': HOST, 'ca.pem': PEM });
    const file = join(folder, 'm');
    const { code, out, err } = await run({ file, controlCa: join(folder, 'ca.pem') });
    assert.deepEqual([code, out], [EXIT_FOUND, '']);
    assert.match(err, /m\/b\.yaml:4:\d+: Pod one spec\.hostNetwork: /);
  });

  test('names the line of what is not YAML', async (t) => {
    const folder = folderWith(t, { 'a.yaml': `${POD}---\na: b\nc: d: e\n`, 'ca.pem': PEM });
    const file = join(folder, 'a.yaml');
    const { code, err } = await run({ file, controlCa: join(folder, 'ca.pem') });
    assert.equal(code, EXIT_FOUND);
    assert.match(err, /a\.yaml:7:1: not YAML/);
  });

  test('is used wrongly without a file, an authority, or with what is neither', async (t) => {
    const folder = folderWith(t, { 'a.yaml': POD, 'ca.pem': PEM });
    const [file, controlCa] = [join(folder, 'a.yaml'), join(folder, 'ca.pem')];
    assert.equal((await run({ controlCa })).code, EXIT_USAGE);
    assert.match((await run({ file })).err, /--control-ca/);
    assert.equal((await run({ file, controlCa: file })).code, EXIT_USAGE);
    assert.equal((await run({ file: join(folder, 'none'), controlCa })).code, EXIT_USAGE);
  });
});
