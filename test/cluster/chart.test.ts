/**
 * The chart in real Helm: it renders what `remora install` writes, refuses wrong values by their
 * path, and lives and dies on an API server as `remora install` and `uninstall` do.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { z } from 'zod';
import { EXIT_OK } from '../../control-plane/src/cli/exit-codes.ts';
import { install } from '../../control-plane/src/cli/install.ts';
import { uninstall } from '../../control-plane/src/cli/uninstall.ts';
import { access } from '../../control-plane/src/install/access.ts';
import { INSTALLED_KINDS } from '../../control-plane/src/install/installed.ts';
import { customKinds } from '../../control-plane/src/install/kinds.ts';
import { manifests } from '../../control-plane/src/install/manifests.ts';
import { readValues } from '../../control-plane/src/install/read-values.ts';
import type { installValues } from '../../control-plane/src/install/values.ts';
import { VERSION } from '../../control-plane/src/version.ts';
import { type ScratchApiServer, startScratchApiServer } from './machine/api-server.ts';
import { skipWithoutApiServer } from './machine/places.ts';
import { CHART, type Helm, helmFor, skipWithoutHelm, templateFlags } from './support/helm.ts';
import { nothingIsLeft } from './support/left-behind.ts';

type Values = z.input<typeof installValues>;

const NAMESPACE = 'remora-system';
const SETS: Readonly<Record<string, Values | object>> = {
  'the defaults': {},
  'what tests use': {
    image: { repository: 'remora', tag: 'dev', pullPolicy: 'Never' },
    injection: { defaults: { 'image-pull-policy': 'Never' } },
  },
  'everything that can be set': {
    image: { repository: 'registry.example:5000/mesh/remora@sha256', tag: 'ab12' },
    imagePullSecrets: [{ name: 'pull' }, { name: 'other' }],
    replicas: 5,
    resources: { limits: { memory: '1Gi', cpu: 2 } },
    priorityClassName: 'system-cluster-critical',
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }],
    injection: {
      defaults: { 'access-log-sample': '0.5', 'skip-outbound-ports': '25,3306', traces: 'none' },
      excludedNamespaces: ['kube-system', 'true', '123'],
    },
    podMonitor: { enabled: true, labels: { release: 'prometheus', odd: 'true' } },
  },
  'nothing but what must be': {
    resources: { requests: null, limits: null },
    injection: { excludedNamespaces: [] },
    crds: { install: false },
    podDisruptionBudget: { enabled: false },
    networkPolicy: { enabled: false },
  },
};

interface Named {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

function byName(objects: readonly unknown[]): Record<string, unknown> {
  const named = (objects as readonly Named[]).map((object) => {
    return [`${object.kind}/${object.metadata.name}`, JSON.parse(JSON.stringify(object))] as const;
  });
  assert.equal(new Set(named.map(([name]) => name)).size, named.length);
  return Object.fromEntries(named);
}

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** `get apps/deployments`, `update /secrets remora-authority`. */
function grants(rules: readonly Rule[]): Set<string> {
  const all = rules.flatMap(({ apiGroups = [], resources = [], resourceNames, verbs }) => {
    return verbs.flatMap((verb) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          (resourceNames ?? ['']).map((name) => `${verb} ${group}/${resource} ${name}`.trim()),
        ),
      ),
    );
  });
  return new Set(all.sort());
}

/** Labels and spec: neither identity nor time, nor what Helm writes of itself. */
function ownWords({ metadata, ...object }: Named & Record<string, unknown>) {
  const { labels = {}, name } = metadata as { name: string; labels?: Record<string, string> };
  const { 'app.kubernetes.io/managed-by': _, ...own } = labels;
  const spec = { ...(object['spec'] as Record<string, unknown> | undefined) };
  delete spec['clusterIP'];
  delete spec['clusterIPs'];
  return { ...object, status: undefined, spec, metadata: { name, labels: own } };
}

function parsed(text: string): unknown[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((object) => object !== null);
}

describe('the chart in Helm', { skip: skipWithoutHelm() }, () => {
  let folder: string;
  let helm: Helm;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'remora-chart-'));
    helm = helmFor(folder, null);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function template(values: unknown): Promise<string> {
    const file = join(folder, 'values.json');
    writeFileSync(file, JSON.stringify(values));
    return helm('template', 'remora', CHART, ...templateFlags(NAMESPACE), '-f', file);
  }

  test('has nothing that `helm lint --strict` finds', async () => {
    assert.match(await helm('lint', '--strict', CHART), /0 chart\(s\) failed/);
  });

  for (const [name, given] of Object.entries(SETS)) {
    test(`renders what \`remora install\` writes, with ${name}`, async () => {
      const file = JSON.stringify(given);
      const { values } = readValues({ file, sets: [], image: null });
      assert.ok(values !== null);
      const release = { namespace: NAMESPACE, version: VERSION };
      const crds = values.crds.install ? customKinds(VERSION) : [];
      const rendered = byName(parsed(await template(given)));
      assert.deepEqual(rendered, byName([...crds, ...manifests(release, values)]));
    });
  }

  test('marks the kinds that are to be kept, and nothing else', async () => {
    const marked = parsed(await template({ crds: { keep: true } })).filter((object) => {
      const { metadata } = object as { metadata: { annotations?: Record<string, string> } };
      return metadata.annotations?.['helm.sh/resource-policy'] === 'keep';
    });
    assert.deepEqual(
      new Set((marked as Named[]).map(({ kind }) => kind)),
      new Set(['CustomResourceDefinition']),
    );
    assert.equal(marked.length, customKinds('').length);
  });

  for (const [path, wrong] of [
    ['replicas', { replicas: 0 }],
    ['image', { image: { pulPolicy: 'Never' } }],
    ['image/pullPolicy', { image: { pullPolicy: 'Sometimes' } }],
    ['injection/excludedNamespaces', { injection: { excludedNamespaces: 'kube-system' } }],
    ['podMonitor/labels/a', { podMonitor: { labels: { a: 1 } } }],
    ['imagePullSecrets/0', { imagePullSecrets: [{}] }],
  ] as const) {
    test(`refuses a wrong value at ${path}, by its path`, async () => {
      await assert.rejects(template(wrong), (error: Error) => {
        const said = error.message.replaceAll('.', '/');
        return said.includes(path) && /schema/.test(said);
      });
    });
  }
});

const skip = skipWithoutApiServer() || skipWithoutHelm();

describe('the chart on an API server', { skip }, () => {
  let server: ScratchApiServer;
  let helm: Helm;

  before(async () => {
    server = await startScratchApiServer('chart-life');
    helm = helmFor(server.folder, server.kubeconfigFile);
    await server.createNamespace(NAMESPACE);
  });
  after(async () => {
    await server?.stop();
  });

  const at = ['-n', NAMESPACE];

  test('is accepted object by object, by a dry run of the server', async () => {
    for (const values of ['{}', JSON.stringify(SETS['what tests use'])]) {
      const file = join(server.folder, 'dry.json');
      writeFileSync(file, values);
      const text = await helm('template', 'remora', CHART, ...templateFlags(NAMESPACE), '-f', file);
      const out = await server.kubectl(['apply', '--dry-run=server', '-f', '-'], text);
      assert.equal(out.trim().split('\n').length, parsed(text).length, out);
    }
  });

  /** What an object says of itself, without what the server and the two tools add. */
  async function described(): Promise<Record<string, unknown>> {
    const kinds = INSTALLED_KINDS.filter(
      ({ kind }) => kind !== 'PodMonitor' && kind !== 'Namespace',
    );
    const names = kinds.map(({ plural, group }) => (group === '' ? plural : `${plural}.${group}`));
    const selector = ['-l', 'app.kubernetes.io/part-of=remora', '-A', '-o', 'json'];
    const text = await server.kubectl(['get', names.join(','), ...selector]);
    const { items } = JSON.parse(text) as { items: (Named & Record<string, unknown>)[] };
    return byName(items.map(ownWords));
  }

  test('makes the same objects as `remora install`', async () => {
    await helm('install', 'remora', CHART, ...at);
    const byHelm = await described();
    assert.equal(Object.keys(byHelm).length, 16);
    await helm('uninstall', 'remora', ...at);
    await nothingIsLeft(server.kubectl);
    const io = { env: { KUBECONFIG: server.kubeconfigFile }, out() {}, err: assert.fail };
    const world = { ...io, terminal: { write: () => true }, onInterrupt() {} };
    assert.equal(await install.run([], { wait: false }, world), EXIT_OK);
    assert.deepEqual(await described(), byHelm);
    await assert.rejects(helm('install', 'remora', CHART, ...at), /invalid ownership metadata/);
    assert.equal(await uninstall.run([], {}, world), EXIT_OK);
    await nothingIsLeft(server.kubectl);
  });

  test('lets the control plane do what access.ts says, and else what everybody may', async () => {
    await helm('install', 'remora', CHART, ...at);
    const ask = async (namespace: string, account: string) => {
      const review = {
        ...{ apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview' },
        spec: { namespace },
      };
      const as = ['--as', account, '--as-group', 'system:serviceaccounts'];
      const asEverybody = ['--as-group', 'system:authenticated'];
      const args = ['create', '--validate=false', '-o', 'json', '-f', '-', ...as, ...asEverybody];
      const { status } = JSON.parse(await server.kubectl(args, JSON.stringify(review)));
      assert.equal(status.incomplete, false);
      return grants(status.resourceRules);
    };
    const control = `system:serviceaccount:${NAMESPACE}:remora-control`;
    const everybody = await ask('default', 'system:serviceaccount:default:nobody');
    const rules = access({ namespace: NAMESPACE, version: VERSION });
    const ruled = (kind: string) => {
      return grants(rules.find((each) => each.kind === kind)?.['rules'] as Rule[]);
    };
    const clusterWide = ruled('ClusterRole');
    assert.deepEqual(await ask('default', control), new Set([...everybody, ...clusterWide].sort()));
    const own = [...everybody, ...clusterWide, ...ruled('Role')].sort();
    assert.deepEqual(await ask(NAMESPACE, control), new Set(own));
    await helm('uninstall', 'remora', ...at);
    await nothingIsLeft(server.kubectl);
  });

  test('is upgraded to another value, rolled back, and keeps what the leader wrote', async () => {
    await helm('install', 'remora', CHART, ...at);
    const webhooks = ['mutatingwebhookconfiguration', 'remora'];
    const value = Buffer.from('a certificate').toString('base64');
    const patch = [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value }];
    await server.kubectl(['patch', ...webhooks, '--type=json', '-p', JSON.stringify(patch)]);
    const data = ['patch', 'secret', 'remora-authority', ...at, '-p', '{"stringData":{"k":"v"}}'];
    await server.kubectl(data);

    await helm(
      'upgrade',
      'remora',
      CHART,
      ...at,
      '--set',
      'replicas=3,networkPolicy.enabled=false',
    );
    assert.equal(await ask('deploy', '{.items[*].spec.replicas}'), '3');
    assert.equal(await ask('networkpolicy', '{.items[*].metadata.name}'), '');
    await helm('rollback', 'remora', '1', ...at);
    assert.equal(await ask('deploy', '{.items[*].spec.replicas}'), '2');
    assert.equal(await ask('networkpolicy', '{.items[*].metadata.name}'), 'remora-control');
    const bundle = ['-o', 'jsonpath={.webhooks[0].clientConfig.caBundle}'];
    assert.equal(await server.kubectl(['get', ...webhooks, ...bundle]), value);
    assert.equal(await ask('secret', '{.items[?(@.type=="Opaque")].data.k}'), 'dg==');
  });

  async function ask(kind: string, path: string): Promise<string> {
    return await server.kubectl(['get', kind, ...at, '-o', `jsonpath=${path}`]);
  }

  test('upgrades its kinds, as a chart with a folder of them would not', async () => {
    const name = 'trafficroutes.remora.dev';
    const path = '/spec/versions/0/additionalPrinterColumns/0/name';
    const older = JSON.stringify([{ op: 'replace', path, value: 'Older' }]);
    await server.kubectl(['patch', 'crd', name, '--type=json', '-p', older]);
    await helm('upgrade', 'remora', CHART, ...at, '--force-conflicts');
    const column = 'jsonpath={.spec.versions[0].additionalPrinterColumns[0].name}';
    assert.equal(await server.kubectl(['get', 'crd', name, '-o', column]), 'Target');
  });

  test('leaves nothing when it goes', async () => {
    await helm('uninstall', 'remora', ...at);
    await nothingIsLeft(server.kubectl);
  });

  test('leaves its kinds and their objects with crds.keep, and takes them over again', async () => {
    await helm('install', 'remora', CHART, ...at, '--set', 'crds.keep=true');
    await helm('uninstall', 'remora', ...at);
    const kinds = await server.kubectl(['get', 'crd', '-o', 'name']);
    assert.equal(kinds.trim().split('\n').length, customKinds('').length);
    await helm('install', 'remora', CHART, ...at);
    await helm('uninstall', 'remora', ...at);
    await nothingIsLeft(server.kubectl);
  });
});
