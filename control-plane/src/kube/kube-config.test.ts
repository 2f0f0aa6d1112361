import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ManualClock } from '../clock.ts';
import * as limits from '../limits.ts';
import { defaultKubeConfig } from './find-config.ts';
import { inClusterConfig } from './kube-config.ts';
import { readKubeconfig } from './kubeconfig-file.ts';
import { TokenFile } from './token-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'remora-kubeconfig-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Parts {
  readonly cluster?: object;
  readonly user?: object;
  readonly current?: string;
  readonly name?: string;
}

/** YAML reads JSON. */
function written(file: string, { cluster, user, current = 'dev', name = 'dev' }: Parts): string {
  const path = join(folder, file);
  const config = {
    'current-context': current,
    clusters: [{ name: 'c', cluster: { server: 'https://api:6443', ...cluster } }],
    users: [{ name: 'u', user: user ?? { token: 'secret' } }],
    contexts: [{ name, context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

describe('a kubeconfig', () => {
  test('gives server, token and namespace of its current context', () => {
    const file = written('plain', {});
    const { server, token, namespace, as } = readKubeconfig(file);
    assert.equal(server, 'https://api:6443');
    assert.equal(token?.current(), 'secret');
    assert.equal(namespace, 'shop');
    assert.equal(as, `user u of ${file}`);
  });

  test('gives certificates that it holds, and those whose file it names from its own place', () => {
    writeFileSync(join(folder, 'ca.pem'), 'CA');
    const data = (text: string) => Buffer.from(text).toString('base64');
    const config = readKubeconfig(
      written('certificates', {
        cluster: { 'certificate-authority': 'ca.pem' },
        user: { 'client-certificate-data': data('CERT'), 'client-key-data': data('KEY') },
      }),
    );
    assert.deepEqual(
      [config.caPem, config.clientCertPem, config.clientKeyPem, config.token],
      ['CA', 'CERT', 'KEY', null],
    );
  });

  test('refuses what Remora will not do, and says what to do instead', () => {
    const refused: [Parts, RegExp][] = [
      [{ user: { exec: { command: 'aws' } } }, /runs no credential plugins: use a client/],
      [{ user: { 'auth-provider': { name: 'gcp' } } }, /no credential plugins/],
      [{ user: { username: 'a', password: 'b' } }, /take no passwords/],
      [{ user: { 'client-certificate-data': 'QQ==' } }, /its key come together/],
      [{ cluster: { 'insecure-skip-tls-verify': true } }, /certificate-authority-data instead/],
      [{ cluster: { server: 'http://10.0.0.1:8080' } }, /is not https/],
      [{ cluster: { server: 'nonsense' } }, /is not https/],
      [{ cluster: { 'certificate-authority': 'nowhere.pem' } }, /cannot be read/],
      [{ current: '' }, /no current context.*use-context/],
      [{ current: 'prod' }, /no context "prod"; there are: dev/],
    ];
    for (const [parts, why] of refused) {
      assert.throws(() => readKubeconfig(written('refused', parts)), why);
    }
    assert.throws(() => readKubeconfig(join(folder, 'missing')), /cannot be read/);
  });

  test('of several files takes what the first one that has it says', () => {
    const first = written('first', { user: { token: 'first' } });
    const other = written('other', { user: { token: 'other' }, name: 'prod', current: 'prod' });
    assert.equal(readKubeconfig([first, other]).token?.current(), 'first');
    assert.equal(readKubeconfig([first, other], 'prod').namespace, 'shop');
  });
});

describe('where the cluster is', () => {
  const pod = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };

  test('is what the pod mounts', () => {
    const mount = join(folder, 'mount');
    mkdirSync(mount);
    for (const name of ['token', 'ca.crt', 'namespace']) writeFileSync(join(mount, name), name);
    const config = inClusterConfig({ env: pod, folder: mount });
    assert.equal(config.server, 'https://[fd00::1]:443');
    assert.equal(config.token?.current(), 'token');
    assert.equal(config.caPem, 'ca.crt');
    assert.equal(config.namespace, 'namespace');
  });

  test('is told to be missing, and what to do', () => {
    assert.throws(() => inClusterConfig({ env: {} }), /This is no pod/);
    const mount = join(folder, 'none');
    assert.throws(
      () => inClusterConfig({ env: pod, folder: mount }),
      /automountServiceAccountToken/,
    );
    assert.throws(() => defaultKubeConfig({ HOME: folder }), /Set KUBECONFIG/);
  });

  test('is the file that KUBECONFIG names, also in a pod', () => {
    const KUBECONFIG = written('named', {});
    assert.equal(defaultKubeConfig({ ...pod, KUBECONFIG }).server, 'https://api:6443');
  });
});

describe('a token in a file', () => {
  test('is read again after a minute, and at once where it was refused', () => {
    const file = join(folder, 'token');
    const clock = new ManualClock();
    writeFileSync(file, 'one\n');
    const token = new TokenFile(file, clock);
    assert.equal(token.current(), 'one');
    writeFileSync(file, 'two');
    clock.advanceMs(limits.kubeTokenAgeMsMax - 1);
    assert.equal(token.current(), 'one');
    clock.advanceMs(1);
    assert.equal(token.current(), 'two');
    writeFileSync(file, 'three');
    assert.equal(token.renew('two'), true);
    assert.equal(token.current(), 'three');
    assert.equal(token.renew('three'), false);
  });

  test('stays what it was while the file is away', () => {
    const file = join(folder, 'away');
    const clock = new ManualClock();
    writeFileSync(file, 'one');
    const token = new TokenFile(file, clock);
    token.current();
    rmSync(file);
    clock.advanceMs(limits.kubeTokenAgeMsMax);
    assert.equal(token.current(), 'one');
  });
});
