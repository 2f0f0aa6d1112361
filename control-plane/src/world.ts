/**
 * Everything the control plane knows, as one immutable value: objects, and the local instances.
 *
 * `desired/` is a function of a World and of nothing else, so the same files always give the same
 * configuration. The indexes are made anew with each world: patching them would be a second place
 * that knows what belongs to what, for a saving of milliseconds.
 *
 * Pure. Folded by `control-plane.ts` from the events of `files/` and from the dev runner.
 */
import type {
  EndpointSlice,
  HttpRoute,
  MeshConfig,
  MeshObject,
  ReferenceGrant,
  ResiliencePolicy,
  Service,
  TrafficRoute,
} from '@remora/api/config/objects.ts';
import type { ParentRef } from '@remora/api/config/http-route.ts';
import { compareText } from './compare-text.ts';

/** Which object is meant: all that its key and its name in messages need. */
export interface ObjectIdentity {
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string };
}

export interface ObjectEvent {
  readonly type: 'put' | 'delete';
  readonly object: MeshObject;
}

/** An application process with its sidecar, on this machine. */
export interface LocalInstance {
  readonly name: string;
  readonly namespace: string;
  readonly workload: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly address: string;
  /** Of the sidecar: one inbound port stands for every port of the application. */
  readonly inboundPort: number;
  readonly ready: boolean;
}

export interface World {
  /** By `kind/namespace/name`. */
  readonly objects: ReadonlyMap<string, MeshObject>;
  readonly instances: readonly LocalInstance[];
  /** These by `namespace/name` of the Service. */
  readonly services: ReadonlyMap<string, Service>;
  readonly slicesOf: ReadonlyMap<string, readonly EndpointSlice[]>;
  readonly routesOf: ReadonlyMap<string, readonly TrafficRoute[]>;
  /** A route of several Services is in the list of each. */
  readonly httpRoutesOf: ReadonlyMap<string, readonly HttpRoute[]>;
  readonly policiesOf: ReadonlyMap<string, readonly ResiliencePolicy[]>;
  readonly mesh: MeshConfig | null;
  /** By the namespace that grants. */
  readonly grantsOf: ReadonlyMap<string, readonly ReferenceGrant[]>;
  /** By `namespace/label=value` of the first entry of their selector. */
  readonly servicesSelecting: ReadonlyMap<string, readonly Service[]>;
  /** By `namespace/label=value`. */
  readonly instancesLabelled: ReadonlyMap<string, readonly LocalInstance[]>;
}

export const emptyWorld: World = indexed(new Map(), []);

export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

export function foldWorld(world: World, events: readonly ObjectEvent[]): World {
  const objects = new Map(world.objects);
  for (const { type, object } of events) {
    if (type === 'put') objects.set(objectKey(object), object);
    else objects.delete(objectKey(object));
  }
  return indexed(objects, world.instances);
}

export function withInstances(world: World, instances: readonly LocalInstance[]): World {
  const labelled = instancesLabelled(instances);
  return { ...world, instances, instancesLabelled: labelled };
}

export function objectKey({ kind, metadata }: ObjectIdentity): string {
  return `${kind}/${metadata.namespace}/${metadata.name}`;
}

/** The word of an object in messages: `TrafficRoute shop/catalog`. */
export function objectName({ kind, metadata }: ObjectIdentity): string {
  const { namespace, name } = metadata;
  return namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

export function serviceKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

/** Where both Services and instances are looked up by a label. */
export function labelKey(namespace: string, name: string, value: string): string {
  return `${namespace}/${name}=${value}`;
}

/** By the first label of its selector; the others are compared. Null: it selects nothing. */
export function selectorKey({ metadata, spec }: Service): string | null {
  const [first] = Object.entries(spec.selector ?? {});
  return first === undefined ? null : labelKey(metadata.namespace, ...first);
}

/** The Service that a route or policy is attached to. */
export function targetKey({ metadata, spec }: TrafficRoute | ResiliencePolicy): string {
  return serviceKey(spec.targetRef.namespace ?? metadata.namespace, spec.targetRef.name);
}

/** The Service that an HTTPRoute's parentRef means; null: another kind, which is not ours. */
export function parentKey({ metadata }: HttpRoute, ref: ParentRef): string | null {
  if (ref.kind !== 'Service' || !isCoreGroup(ref.group)) return null;
  return serviceKey(ref.namespace ?? metadata.namespace, ref.name);
}

/** Its name is empty; some write it out. */
export function isCoreGroup(group: string | undefined): boolean {
  return group === '' || group === 'core';
}

function indexed(
  objects: ReadonlyMap<string, MeshObject>,
  instances: readonly LocalInstance[],
): World {
  const services = new Map<string, Service>();
  const servicesSelecting = new Map<string, Service[]>();
  const slicesOf = new Map<string, EndpointSlice[]>();
  const routesOf = new Map<string, TrafficRoute[]>();
  const httpRoutesOf = new Map<string, HttpRoute[]>();
  const policiesOf = new Map<string, ResiliencePolicy[]>();
  const grantsOf = new Map<string, ReferenceGrant[]>();
  let mesh: MeshConfig | null = null;
  // In the order of names, so that files read in another order give the same configuration.
  for (const [, object] of [...objects].sort(([a], [b]) => compareText(a, b))) {
    const { namespace, name } = object.metadata;
    if (object.kind === 'Service') {
      services.set(serviceKey(namespace, name), object);
      const key = selectorKey(object);
      if (key !== null) append(servicesSelecting, key, object);
    } else if (object.kind === 'EndpointSlice') {
      const service = object.metadata.labels?.[SERVICE_NAME_LABEL];
      if (service !== undefined) append(slicesOf, serviceKey(namespace, service), object);
    } else if (object.kind === 'TrafficRoute') {
      append(routesOf, targetKey(object), object);
    } else if (object.kind === 'HTTPRoute') {
      const keys = object.spec.parentRefs.map((ref) => parentKey(object, ref));
      for (const key of new Set(keys)) if (key !== null) append(httpRoutesOf, key, object);
    } else if (object.kind === 'ReferenceGrant') {
      append(grantsOf, namespace, object);
    } else if (object.kind === 'ResiliencePolicy') {
      append(policiesOf, targetKey(object), object);
    } else if (object.kind === 'MeshConfig') {
      mesh ??= object;
    }
  }
  const labelled = instancesLabelled(instances);
  return {
    objects,
    instances,
    services,
    servicesSelecting,
    slicesOf,
    routesOf,
    httpRoutesOf,
    policiesOf,
    mesh,
    grantsOf,
    instancesLabelled: labelled,
  };
}

function instancesLabelled(instances: readonly LocalInstance[]): Map<string, LocalInstance[]> {
  const labelled = new Map<string, LocalInstance[]>();
  for (const instance of instances) {
    for (const [label, value] of Object.entries(instance.labels)) {
      append(labelled, labelKey(instance.namespace, label, value), instance);
    }
  }
  return labelled;
}

function append<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
