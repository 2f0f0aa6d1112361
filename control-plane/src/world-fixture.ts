/**
 * Objects of a cluster in few words, for tests.
 *
 * Only for tests.
 */
import assert from 'node:assert/strict';
import { type MeshObject, parseObject } from '@remora/api/config/objects.ts';
import { emptyWorld, foldWorld, type World } from './world.ts';

export function objectOf(value: object): MeshObject {
  const parsed = parseObject(value);
  assert.ok(parsed.is === 'object', JSON.stringify(parsed));
  return parsed.object;
}

export function worldWith(...objects: readonly object[]): World {
  const events = objects.map((object) => ({ type: 'put', object: objectOf(object) }) as const);
  return foldWorld(emptyWorld, events);
}

/** Besides, what stands in its spec. */
interface PodMade {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly metadata?: object;
  readonly hostNetwork?: boolean;
  readonly containers?: readonly object[];
  readonly initContainers?: readonly object[];
}

/** `spec` as in YAML; one TCP port 80 unless said. */
export function serviceNamed(name: string, spec: object = {}, namespace = 'shop'): object {
  const given = { selector: { app: name }, ports: [{ port: 80 }], ...spec };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec: given };
}

export function podNamed(
  name: string,
  addresses: readonly string[],
  { namespace = 'shop', labels = { app: name }, metadata, ...spec }: PodMade = {},
): object {
  const status = { phase: 'Running', podIPs: addresses.map((ip) => ({ ip })) };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels, ...metadata },
    spec: { containers: [{ name: 'app' }], ...spec },
    status,
  };
}

export const SIDECAR = { initContainers: [{ name: 'remora-proxy' }] } as const;

export function sliceNamed(name: string, service: string, spec: object, namespace = 'shop') {
  const labels = { 'kubernetes.io/service-name': service };
  const metadata = { name, namespace, labels };
  const given = { addressType: 'IPv4', ports: [{ port: 8080 }], ...spec };
  return { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, ...given };
}

export function routeNamed(name: string, target: string, rule: object = {}, namespace = 'shop') {
  const rules = [{ backends: [{ service: target }], ...rule }];
  const spec = { targetRef: { name: target, namespace: 'shop' }, rules };
  return {
    apiVersion: 'remora.dev/v1alpha1',
    kind: 'TrafficRoute',
    metadata: { name, namespace },
    spec,
  };
}
