import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { apiVersionOf } from '../kube/resource.ts';
import { INSTALLED_KINDS, helmReleaseOf, resourceOf } from './installed.ts';
import { customKinds } from './kinds.ts';
import { manifests, ownNamespace } from './manifests.ts';
import { INSTALLED_BY } from './names.ts';
import { installValues } from './values.ts';

const release = { namespace: 'remora-system', version: '1.2.3' };
const everything = installValues.parse({ podMonitor: { enabled: true } });
const all = [ownNamespace(release), ...customKinds('1.2.3'), ...manifests(release, everything)];

describe('an installation', () => {
  test('has no object that uninstalling would not find', () => {
    const [[label, value]] = Object.entries(INSTALLED_BY) as [[string, string]];
    for (const object of all) {
      assert.equal(object.metadata.labels[label], value, object.kind);
      assert.ok(resourceOf(object), object.kind);
    }
  });

  test('is looked for by no kind that it does not have', () => {
    const had = new Set(all.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`));
    for (const resource of INSTALLED_KINDS) {
      assert.ok(had.has(`${apiVersionOf(resource)} ${resource.kind}`), resource.kind);
    }
  });

  test('goes webhooks first, its kinds and its namespace last', () => {
    const kinds = INSTALLED_KINDS.map(({ kind }) => kind);
    assert.match(kinds.slice(0, 2).join(), /^Mutating\w+,Validating\w+$/);
    assert.deepEqual(kinds.slice(-2), ['CustomResourceDefinition', 'Namespace']);
  });

  test('never says Pod Security of a namespace that its own pods would not pass', () => {
    const { labels } = ownNamespace(release).metadata;
    assert.equal(labels['pod-security.kubernetes.io/enforce'], 'restricted');
  });

  test("is Helm's where Helm says so, and is called as `helm` wants it", () => {
    const labels = { 'app.kubernetes.io/managed-by': 'Helm' };
    const annotations = {
      'meta.helm.sh/release-name': 'mesh',
      'meta.helm.sh/release-namespace': 'here',
    };
    const object = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'x', labels, annotations },
    };
    const resource = INSTALLED_KINDS[0]!;
    assert.equal(helmReleaseOf([{ resource, object }]), 'mesh -n here');
    assert.equal(
      helmReleaseOf([{ resource, object: { ...object, metadata: { name: 'x' } } }]),
      null,
    );
  });
});
