import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyPatch } from '../desired/json-patch-fixture.ts';
import type { AdmissionAnswer, AdmissionRequest } from '../webhook/admission.ts';
import { admitPods } from './admit.ts';
import type { Mode } from './injection.ts';

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    generateName: 'cart-6d4b75cb6d-',
    labels: { app: 'cart', 'pod-template-hash': '6d4b75cb6d' },
    ownerReferences: [{ kind: 'ReplicaSet', name: 'cart-6d4b75cb6d', controller: true }],
  },
  spec: { containers: [{ name: 'cart', image: 'cart' }], volumes: [{ name: 'a', emptyDir: {} }] },
};
const INSTALLATION = {
  ...{ version: '0.1.0', image: 'remora:0.1.0', namespace: 'remora-system', authority: 'PEM' },
  defaults: {},
};

async function admit(
  object: unknown,
  parts: Partial<AdmissionRequest> = {},
  mode: Mode | null = 'enabled',
) {
  const judge = admitPods({ installation: () => INSTALLATION, modeOf: () => mode });
  return await judge({
    uid: '1',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    ...{ namespace: 'shop', name: '', operation: 'CREATE', object, oldObject: null, dryRun: false },
    ...parts,
  });
}

function pathsOf({ patch = [] }: AdmissionAnswer): string[] {
  return patch.map(({ op, path }) => `${op} ${path}`);
}

function withMetadata(metadata: object): object {
  return { ...POD, metadata: { ...POD.metadata, ...metadata } };
}

describe('the mutating judgement', () => {
  test('adds only what is new, and moves nothing', async () => {
    assert.deepEqual(pathsOf(await admit(POD)), [
      'add /metadata/annotations',
      'add /spec/containers/0/lifecycle',
      'add /spec/volumes/1',
      'add /spec/volumes/2',
      'add /spec/initContainers',
    ]);

    const full = { ...POD, spec: { ...POD.spec, initContainers: [{ name: 'migrate' }] } };
    assert.deepEqual(
      pathsOf(await admit(full)).filter((path) => path.includes('initContainers')),
      ['add /spec/initContainers/0', 'add /spec/initContainers/1'],
    );
  });

  test('names the workload by who owns the pod', async () => {
    const { patch } = await admit(POD);
    assert.match(JSON.stringify(patch), /"--workload=cart"/);
  });

  test('leaves alone what it injected itself', async () => {
    const { patch = [] } = await admit(POD);
    assert.deepEqual(await admit(applyPatch(POD, patch)), { allowed: true });
  });

  test('asks the pod first, as label or annotation, and then its namespace', async () => {
    const isInjected = async (pod: object, mode: Mode | null) =>
      pathsOf(await admit(pod, {}, mode)).length > 0;
    const enabled = { 'remora.dev/inject': 'enabled' };
    const disabled = { 'remora.dev/inject': 'disabled' };
    assert.equal(await isInjected(POD, null), false);
    assert.equal(await isInjected(POD, 'disabled'), false);
    assert.equal(await isInjected(withMetadata({ labels: enabled }), null), true);
    assert.equal(await isInjected(withMetadata({ annotations: enabled }), 'disabled'), true);
    assert.equal(await isInjected(withMetadata({ labels: disabled }), 'enabled'), false);
  });

  test('refuses with place, reason and remedy, in one line', async () => {
    const answer = await admit({ ...POD, spec: { ...POD.spec, hostNetwork: true } });
    assert.deepEqual([answer.allowed, answer.code, answer.patch], [false, 422, undefined]);
    assert.match(answer.message ?? '', /^remora: spec\.hostNetwork: .*\. Remove hostNetwork/);
  });

  test('asks nothing of a pod that wants no sidecar', async () => {
    const pod = withMetadata({
      annotations: { 'remora.dev/inject': 'disabled', 'remora.dev/slow': 'x' },
    });
    assert.deepEqual(await admit({ ...pod, spec: { ...POD.spec, hostNetwork: true } }), {
      allowed: true,
    });
  });

  test('lets through what is not a new pod', async () => {
    for (const parts of [
      { operation: 'UPDATE' },
      { subResource: 'eviction' },
      { kind: { group: 'apps', version: 'v1', kind: 'Deployment' } },
    ] as const) {
      assert.deepEqual(await admit(POD, parts), { allowed: true });
    }
  });

  test("leaves the mirror of kubelet's own pod alone", async () => {
    const annotations = { 'kubernetes.io/config.mirror': 'x' };
    assert.deepEqual(await admit(withMetadata({ annotations })), { allowed: true });
  });

  test('refuses what has not the shape of a pod, and does not fall over it', async () => {
    for (const pod of [null, 5, {}, { spec: { containers: 'x' } }, { metadata: 7, spec: {} }]) {
      assert.equal((await admit(pod)).allowed, false, JSON.stringify(pod));
    }
  });
});
