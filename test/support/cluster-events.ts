/**
 * What a small cluster may go through: two namespaces, few names and addresses, so that everything
 * meets everything.
 *
 * For the properties of the control plane's world and its compiler.
 */
import fc from 'fast-check';
import type { ObjectEvent } from '../../control-plane/src/world.ts';
import {
  objectOf,
  podNamed,
  routeNamed,
  serviceNamed,
  sliceNamed,
} from '../../control-plane/src/world-fixture.ts';

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
