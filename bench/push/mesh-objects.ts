/**
 * The mesh that `push` is asked about, as objects: Services of three pods each, spread over ten
 * namespaces, some with a route, and which of them each proxy uses.
 *
 * One pod of each Service has a proxy that is simulated; all have a sidecar in their spec. Every
 * proxy uses Service 0, ten use Service 1, and each uses ten in all: a change has many readers, or
 * few, or none.
 *
 * Pure: the same size gives the same mesh. Called by `mesh-cluster.ts` and the question.
 */
import type { KubeObject } from '../../control-plane/src/kube/kube-object.ts';

export interface MeshSize {
  readonly services: number;
  /** Of the first so many Services. */
  readonly routes: number;
}

/** A pod with a proxy, by the index of its Service. */
export interface ProxyPlan {
  readonly pod: string;
  readonly namespace: string;
  readonly workload: string;
  /** Indexes of Services. */
  readonly uses: readonly number[];
}

export const PODS_PER_SERVICE = 3;
export const USES = 10;
/** Of Service 1. */
export const NARROW = 10;
export const PORT = 80;
const TARGET_PORT = 8_080;
const NAMESPACES = 10;
const HASH = '5d8f7c9b64';
const BYTE = 256;

export const namespaces: readonly string[] = Array.from(
  { length: NAMESPACES },
  (_, at) => `team-${at}`,
);

export function serviceName(index: number): string {
  return `s${index}`;
}

export function namespaceOf(index: number): string {
  return namespaces[index % NAMESPACES]!;
}

export function podName(index: number, copy: number): string {
  return `${serviceName(index)}-${HASH}-p${copy}`;
}

export function podAddress(index: number, copy: number): string {
  const number = index * PODS_PER_SERVICE + copy + 1;
  return `10.244.${Math.floor(number / BYTE)}.${number % BYTE}`;
}

export function serviceOf(index: number): KubeObject & { readonly spec: object } {
  return {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: metadataOf(index, serviceName(index)) },
    spec: {
      selector: { app: serviceName(index) },
      ports: [{ name: 'http', port: PORT, targetPort: TARGET_PORT, appProtocol: 'http' }],
    },
  };
}

export function sliceOf(index: number): KubeObject {
  const { labels, ...metadata } = metadataOf(index, `${serviceName(index)}-x7x2q`);
  const endpoints = copies().map((copy) => ({
    addresses: [podAddress(index, copy)],
    conditions: { ready: true, serving: true, terminating: false },
    targetRef: { kind: 'Pod', name: podName(index, copy), namespace: namespaceOf(index) },
  }));
  return {
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
    metadata: {
      ...metadata,
      labels: { ...labels, 'kubernetes.io/service-name': serviceName(index) },
    },
    ...{ endpoints, ports: [{ name: 'http', port: TARGET_PORT, protocol: 'TCP' }] },
  } as KubeObject;
}

export function podsOf(index: number): readonly KubeObject[] {
  return copies().map((copy) => podOf(index, copy));
}

/** What kubelet would write: without it a pod has no address. */
export function podStatus(index: number, copy: number): object {
  const podIP = podAddress(index, copy);
  const conditions = [{ type: 'Ready', status: 'True' }];
  return { status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions } };
}

/** `weight` of a million goes to the Service itself, the rest to another of its namespace. */
export function routeOf(index: number, size: MeshSize, weight: number): KubeObject {
  const other = serviceName((index + NAMESPACES) % size.services);
  const backends = [
    { service: serviceName(index), port: PORT, weight },
    { service: other, port: PORT, weight: WEIGHTS - weight },
  ];
  return {
    ...{ apiVersion: 'remora.dev/v1alpha1', kind: 'TrafficRoute' },
    metadata: metadataOf(index, serviceName(index)),
    spec: {
      targetRef: { kind: 'Service', name: serviceName(index), port: PORT },
      rules: [{ name: 'split', backends }],
    },
  } as KubeObject;
}

export const WEIGHTS = 1_000_000;

/** The proxies of a mesh, one beside a pod of each Service. */
export function proxiesOf({ services }: MeshSize): readonly ProxyPlan[] {
  return Array.from({ length: services }, (_, index) => ({
    pod: podName(index, 0),
    namespace: namespaceOf(index),
    workload: serviceName(index),
    uses: usesOf(index, services),
  }));
}

function usesOf(index: number, services: number): readonly number[] {
  const uses = new Set(index < NARROW ? [0, 1] : [0]);
  // 131 is prime to the number of Services, so the steps come by all of them.
  for (let step = 0; uses.size < Math.min(USES, services); step++) {
    const next = (index * 7 + step * 131) % services;
    if (next !== 1 || services <= USES) uses.add(next);
  }
  return [...uses];
}

function podOf(index: number, copy: number): KubeObject {
  const name = serviceName(index);
  const { namespace, labels } = metadataOf(index, name);
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-${HASH}` };
  return {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: {
      ...{ name: podName(index, copy), namespace },
      labels: { ...labels, 'pod-template-hash': HASH },
      annotations: { 'remora.dev/injected': '0' },
      ownerReferences: [
        { ...owner, uid: `00000000-0000-4000-8000-${hex(index)}`, controller: true },
      ],
    },
    spec: {
      initContainers: [{ name: 'remora-proxy', image: 'remora', restartPolicy: 'Always' }],
      containers: [
        {
          ...{ name: 'app', image: 'app' },
          ports: [{ name: 'http', containerPort: TARGET_PORT }],
          readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
        },
      ],
    },
  } as KubeObject;
}

function hex(index: number): string {
  return index.toString(16).padStart(12, '0');
}

function metadataOf(index: number, name: string) {
  return { name, namespace: namespaceOf(index), labels: { app: serviceName(index) } };
}

function copies(): readonly number[] {
  return Array.from({ length: PODS_PER_SERVICE }, (_, copy) => copy);
}
