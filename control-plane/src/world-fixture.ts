/**
 * Small clusters, for tests: two namespaces, few names, so that everything meets everything.
 *
 * Only for tests.
 */
import assert from 'node:assert/strict';
import { type MeshObject, parseObject } from '@remora/api/config/objects.ts';
import fc from 'fast-check';
import { emptyWorld, foldWorld, type ObjectEvent, type World } from './world.ts';

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

const name = fc.constantFrom('cart', 'catalog', 'orders');
const namespace = fc.constantFrom('blog', 'shop');
const address = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::1');

const service = fc
  .record({
    name,
    namespace,
    clusterIPs: fc.uniqueArray(address, { maxLength: 2 }),
    appProtocol: fc.option(fc.constantFrom('http', 'tcp', 'grpc'), { nil: undefined }),
    app: name,
  })
  .map(({ appProtocol, app, ...made }) => {
    const ports = [{ port: 80, targetPort: 'web', appProtocol }];
    const spec = { clusterIPs: made.clusterIPs, selector: { app }, ports };
    return serviceNamed(made.name, spec, made.namespace);
  });

const pod = fc
  .record({ name, namespace, app: name, address, phase: fc.constantFrom('Running', 'Failed') })
  .map(({ phase, app, ...made }) => {
    const ports = [{ name: 'web', containerPort: 8080 }];
    const more = { namespace: made.namespace, labels: { app }, containers: [{ ports }] };
    const object = podNamed(made.name, [made.address], more) as { status: object };
    return { ...object, status: { ...object.status, phase } };
  });

const slice = fc.record({ name, namespace, of: name, address, ready: fc.boolean() }).map((made) => {
  const targetRef = { kind: 'Pod', name: made.name };
  const endpoints = [{ addresses: [made.address], conditions: { ready: made.ready }, targetRef }];
  return sliceNamed(made.name, made.of, { endpoints }, made.namespace);
});

const route = fc
  .record({ name, namespace, target: name, to: name })
  .map((made) =>
    routeNamed(made.name, made.target, { backends: [{ service: made.to }] }, made.namespace),
  );

const policy = fc.record({
  name,
  namespace,
  target: name,
  inFlight: fc.integer({ min: 1, max: 3 }),
});

const resiliencePolicy = policy.map(({ target, inFlight, ...metadata }) => {
  const spec = { targetRef: { name: target, namespace: 'shop' }, limits: { inFlight } };
  return { apiVersion: 'remora.dev/v1alpha1', kind: 'ResiliencePolicy', metadata, spec };
});

const mesh = fc.integer({ min: 1, max: 3 }).map((inFlight) => {
  const spec = { defaults: { limits: { inFlight } } };
  const metadata = { name: 'mesh' };
  return { apiVersion: 'remora.dev/v1alpha1', kind: 'MeshConfig', metadata, spec };
});

/** What a cluster may go through. */
export const clusterEvents: fc.Arbitrary<ObjectEvent[]> = fc.array(
  fc
    .tuple(
      fc.constantFrom<ObjectEvent['type']>('put', 'put', 'delete'),
      fc.oneof(service, pod, slice, route, resiliencePolicy, mesh),
    )
    .map(([type, value]) => ({ type, object: objectOf(value) })),
  { maxLength: 40 },
);
