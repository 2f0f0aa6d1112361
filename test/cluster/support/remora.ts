/**
 * Remora in the cluster of a suite: installed once, and trusted before the first pod is made.
 *
 * The objects are those of an installation, applied as their owner, so that a second suite finds
 * them as they are and changes nothing. An image of the same name may hold other code than that
 * which runs, so its digest stands in the pod template: a new image is a rollout.
 *
 * Used by the suites that need the mesh. Not pure.
 */
import { CONTROL_NAMESPACE } from '@remora/api/mesh-names.ts';
import { manifests } from '../../../control-plane/src/install/manifests.ts';
import { installValues } from '../../../control-plane/src/install/values.ts';
import { CRD_FOLDER } from '../install-crds.ts';
import { clusterKubectl } from '../machine/cluster.ts';
import { imageDigest } from '../machine/containerd.ts';
import { manifestText } from '../machine/kubectl.ts';
import { places } from '../machine/places.ts';
import { type Cluster, clusterIn } from './cluster.ts';

export const SHOP_IMAGE = 'remora-shop:dev';
const REMORA_IMAGE = 'remora:dev';
const SERVER_SIDE = ['apply', '--server-side', '--force-conflicts', '--field-manager=suite'];
const INSTALL_LIMIT_MS = 120_000;

/** Resolves with a view of the control plane's namespace, once pods are injected. */
export async function ensureRemora(): Promise<Cluster> {
  const system = clusterIn(CONTROL_NAMESPACE);
  const metadata = { name: CONTROL_NAMESPACE };
  await system.apply({ apiVersion: 'v1', kind: 'Namespace', metadata });
  await clusterKubectl([...SERVER_SIDE, '-f', CRD_FOLDER]);
  await clusterKubectl(['wait', '--for=condition=Established', '-f', CRD_FOLDER]);
  await clusterKubectl([...SERVER_SIDE, '-f', '-'], await objects());
  await system.waitReady('deployment/remora-control', INSTALL_LIMIT_MS);
  await system.waitFor('the webhooks to be trusted', isTrusted, INSTALL_LIMIT_MS);
  return system;
}

async function objects(): Promise<string> {
  const values = installValues.parse({
    image: { repository: 'remora', tag: 'dev', pullPolicy: 'Never' },
    // A node of two cores, and the pods of all suites on it: with what is asked for by default the
    // last ones find no place, and a rollout waits for ever.
    resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '512Mi' } },
    injection: { defaults: { 'image-pull-policy': 'Never', 'cpu-request': '5m' } },
  });
  const digest = await imageDigest(places.state, REMORA_IMAGE);
  const release = { namespace: CONTROL_NAMESPACE, version: 'dev' };
  const installed = manifests(release, values).map((object) => {
    return object.kind === 'Deployment' ? withDigest(object, digest) : object;
  });
  return manifestText(installed);
}

function withDigest(deployment: object, digest: string): object {
  const copy = structuredClone(deployment) as {
    spec: { template: { metadata: { annotations: Record<string, string> } } };
  };
  copy.spec.template.metadata.annotations['remora.dev/test-image'] = digest;
  return copy;
}

/** Both kinds of webhooks answer: a pod that asks gets its sidecar, a wrong route its refusal. */
async function isTrusted(): Promise<boolean> {
  const asked = await clusterKubectl(
    ['create', '-n', 'default', '--dry-run=server', '-o', 'json', '-f', '-'],
    JSON.stringify(askingPod),
  );
  if (!asked.includes('remora.dev/injected')) return false;
  const create = ['create', '--dry-run=server', '-f', '-'];
  const refusal = await clusterKubectl(create, JSON.stringify(misnamedRoute)).catch(String);
  return refusal.includes('validate.remora.dev');
}

const askingPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'asking', annotations: { 'remora.dev/inject': 'enabled' } },
  spec: { containers: [{ name: 'app', image: SHOP_IMAGE }] },
};

const misnamedRoute = {
  apiVersion: 'remora.dev/v1alpha1',
  kind: 'TrafficRoute',
  metadata: { name: 'asking', namespace: 'default' },
  spec: {
    targetRef: { kind: 'Service', name: 'nobody', port: 80 },
    rules: [{ matches: [{ path: { regex: '(?=look-around)' } }] }],
  },
};
