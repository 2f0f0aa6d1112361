/**
 * `remora install` and `uninstall` against a real API server, without controllers and pods: what is
 * written, in which words it is refused, and that nothing is left.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { EXIT_FOUND, EXIT_OK, EXIT_UNAVAILABLE } from '../../control-plane/src/cli/exit-codes.ts';
import { check } from '../../control-plane/src/cli/check.ts';
import { install } from '../../control-plane/src/cli/install.ts';
import { uninstall } from '../../control-plane/src/cli/uninstall.ts';
import type { Verb } from '../../control-plane/src/cli/verb.ts';
import type { Finding } from '../../control-plane/src/install/finding.ts';
import { type ScratchApiServer, startScratchApiServer } from './machine/api-server.ts';
import { skipWithoutApiServer } from './machine/places.ts';
import { everythingOfRemora, nothingIsLeft } from './support/left-behind.ts';

type Options = Parameters<Verb['run']>[1];

const NAMESPACE = 'remora-system';

describe('remora install on an API server', { skip: skipWithoutApiServer() }, () => {
  let server: ScratchApiServer;

  before(async () => {
    server = await startScratchApiServer('install');
    // Made by somebody else: nobody here would end a namespace that is deleted.
    await server.createNamespace(NAMESPACE);
    await server.createNamespace('default-account', {});
  });

  after(async () => {
    await server?.stop();
  });

  async function run(verb: Verb, options: Options = {}, env: Record<string, string> = {}) {
    const [out, err]: [string[], string[]] = [[], []];
    const io = {
      ...{ terminal: { write: () => true }, onInterrupt() {} },
      env: { KUBECONFIG: server.kubeconfigFile, ...env },
      out: (line: string) => void out.push(line),
      err: (line: string) => void err.push(line),
    };
    const code = await verb.run([], options, io);
    return { code, out: out.join('\n'), err: err.join('\n') };
  }

  const plain = { wait: false };

  test('says before what lacks, and changes nothing', async () => {
    const { code, out } = await run(check, { json: true });
    const findings = JSON.parse(out) as Finding[];
    assert.equal(code, EXIT_OK);
    assert.match(findings.at(-1)?.what ?? '', /not installed/);
    const texts = findings.map(({ level, what }) => `${level} ${what}`).join('\n');
    assert.match(texts, /^ok Kubernetes v1\.34/m);
    assert.match(texts, /^ok .* may install and uninstall Remora$/m);
    assert.deepEqual(await everythingOfRemora(server.kubectl), []);
  });

  test('creates everything, and done again it changes nothing', async () => {
    const first = await run(install, plain);
    assert.deepEqual([first.code, first.err], [EXIT_OK, '']);
    assert.match(first.out, /^customresourcedefinition\/trafficroutes\.remora\.dev created$/m);
    assert.match(first.out, /^deployment\/remora-control created$/m);
    const again = await run(install, plain);
    assert.doesNotMatch(again.out, / (created|changed)$/m);
    assert.equal(again.out.match(/ unchanged$/gm)?.length, first.out.match(/ created$/gm)?.length);
  });

  test('leaves a namespace that somebody made as it is', async () => {
    const labels = ['get', 'ns', NAMESPACE, '-o', 'jsonpath={.metadata.labels}'];
    assert.doesNotMatch(await server.kubectl(labels), /part-of|pod-security/);
  });

  test('takes away what a value no longer wants, and keeps what the leader wrote', async () => {
    const value = readFileSync(server.caFile).toString('base64');
    const patch = [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value }];
    const webhooks = ['validatingwebhookconfiguration', 'remora'];
    await server.kubectl(['patch', ...webhooks, '--type=json', '-p', JSON.stringify(patch)]);
    const { out } = await run(install, {
      ...plain,
      set: ['networkPolicy.enabled=false', 'replicas=3'],
    });
    assert.match(out, /^networkpolicy\/remora-control removed$/m);
    assert.match(out, /^deployment\/remora-control changed$/m);
    const replicas = ['get', 'deploy', '-n', NAMESPACE, '-o', 'jsonpath={.items[*].spec.replicas}'];
    assert.equal(await server.kubectl(replicas), '3');
    const bundle = ['-o', 'jsonpath={.webhooks[0].clientConfig.caBundle}'];
    assert.equal(await server.kubectl(['get', ...webhooks, ...bundle]), value);
  });

  test('is in one namespace only, and says where', async () => {
    const { code, err } = await run(install, { ...plain, namespace: 'elsewhere' });
    assert.equal(code, EXIT_FOUND);
    assert.match(err, /Remora is in namespace remora-system already/);
  });

  test('names the object, the verb and the role that lack, to whom may not', async () => {
    await server.kubectl(['create', 'serviceaccount', 'nobody', '-n', 'default-account']);
    const ask = ['create', 'token', 'nobody', '-n', 'default-account'];
    const token = (await server.kubectl(ask)).trim();
    const config = await server.kubectl(['config', 'view', '--raw', '--flatten', '-o', 'json']);
    const parsed = JSON.parse(config) as { users: { user: object }[] };
    parsed.users[0]!.user = { token };
    const file = join(server.folder, 'nobody.json');
    writeFileSync(file, JSON.stringify(parsed));
    const { code, err } = await run(install, { ...plain, kubeconfig: file });
    assert.equal(code, EXIT_UNAVAILABLE);
    assert.match(err, /RBAC must allow .* the verb "list" on "\w+" of .* in all namespaces/);
    const checked = await run(check, { kubeconfig: file });
    assert.equal(checked.code, EXIT_FOUND);
    assert.match(
      checked.out,
      /^✗ .* may not install Remora: RBAC lacks create, delete, list, patch/m,
    );
    assert.match(checked.out, /^! whether Remora is installed is not known: /m);
  });

  test('says after that nothing runs, since no kubelet does', async () => {
    const { code, out } = await run(check, {});
    assert.equal(code, EXIT_FOUND);
    assert.match(out, /^✗ 0 of 3 replicas are available$/m);
    assert.match(out, /^✗ nobody leads$/m);
    assert.match(out, /^✗ the API server does not trust namespaces\.inject\.remora\.dev, pods/m);
    assert.match(out, /^✓ the kinds are those of this version$/m);
  });

  test('finds kinds of another version', async () => {
    const path = '/spec/versions/0/additionalPrinterColumns/0/name';
    const patch = JSON.stringify([{ op: 'replace', path, value: 'Older' }]);
    await server.kubectl(['patch', 'crd', 'meshconfigs.remora.dev', '--type=json', '-p', patch]);
    assert.match((await run(check)).out, /^✗ meshconfigs\.remora\.dev are of another version/m);
    await run(install, plain);
    assert.match((await run(check)).out, /^✓ the kinds are those of this version$/m);
  });

  test('is kept where pods have sidecars or routes would go, until --yes', async () => {
    await server.kubectl([
      'delete',
      'mutatingwebhookconfiguration,validatingwebhookconfiguration',
      'remora',
    ]);
    await server.kubectl(['apply', '-f', '-'], JSON.stringify(injectedPod));
    await server.kubectl(['apply', '-f', '-'], JSON.stringify(route));
    const { code, err } = await run(uninstall);
    assert.equal(code, EXIT_FOUND);
    assert.match(err, /kubectl rollout restart deployment\/cart -n default-account/);
    assert.match(err, /1 TrafficRoute\. --keep-crds keeps them/);
    assert.notDeepEqual(await everythingOfRemora(server.kubectl), []);
  });

  test('leaves the kinds with --keep-crds, and then nothing', async () => {
    const kept = await run(uninstall, { keepCrds: true, yes: true });
    assert.deepEqual([kept.code, kept.err], [EXIT_OK, '']);
    const left = await everythingOfRemora(server.kubectl);
    assert.deepEqual(new Set(left.map((line) => line.split(' ')[0])), new Set(WITH_KINDS));
    assert.equal((await run(uninstall, { yes: true })).code, EXIT_OK);
    // What the API server makes of its kinds it takes away by itself, a moment later.
    await nothingIsLeft(server.kubectl);
    assert.match((await run(uninstall)).out, /Nothing of Remora/);
  });
});

const WITH_KINDS = ['APIService', 'CustomResourceDefinition', 'TrafficRoute'];

const injectedPod = {
  ...{ apiVersion: 'v1', kind: 'Pod' },
  metadata: {
    ...{ name: 'cart-5d-1', namespace: 'default-account' },
    labels: { 'pod-template-hash': '5d' },
    annotations: { 'remora.dev/injected': '0.0.9' },
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart-5d', uid: 'x', controller: true },
    ],
  },
  spec: {
    initContainers: [{ name: 'remora-proxy', image: 'x', restartPolicy: 'Always' }],
    containers: [{ name: 'app', image: 'x' }],
  },
};

const route = {
  ...{ apiVersion: 'remora.dev/v1alpha1', kind: 'TrafficRoute' },
  metadata: { name: 'one', namespace: 'default-account' },
  spec: { targetRef: { name: 'cart' }, rules: [{ backends: [{ service: 'cart' }] }] },
};
