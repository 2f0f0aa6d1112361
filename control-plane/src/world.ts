/**
 * Everything the control plane knows, as one immutable value: objects, and the local instances.
 *
 * `desired/` is a function of a World and of nothing else, so the same objects always give the same
 * configuration. What belongs to what is said once, in `reindex`; folding one by one gives what
 * folding all at once gives, which a test holds.
 *
 * Pure. Folded by `control-plane.ts` from the events of `files/` or the API server, and from the
 * dev runner.
 */
import { isDeepStrictEqual } from 'node:util';
import type {
  EndpointSlice,
  MeshConfig,
  MeshObject,
  Namespace,
  Pod,
  ResiliencePolicy,
  Service,
  TrafficRoute,
} from '@remora/api/config/objects.ts';
import { podWorkload } from './desired/pod-workload.ts';
import { ListsDraft, MapDraft } from './world-index.ts';

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

export interface Lookup<V> {
  get(key: string): V | undefined;
}

/**
 * What `desired/` may ask of a world: by key only, so that what was asked can be noted and asked
 * again of the next world.
 */
export interface Facts {
  /** By `kind/namespace/name`. */
  readonly objects: Lookup<MeshObject>;
  /** These by `namespace/name`, of the Service or their own. */
  readonly services: Lookup<Service>;
  readonly slicesOf: Lookup<readonly EndpointSlice[]>;
  readonly routesOf: Lookup<readonly TrafficRoute[]>;
  readonly policiesOf: Lookup<readonly ResiliencePolicy[]>;
  readonly pods: Lookup<Pod>;
  /** By `namespace/label=value` of the first entry of their selector. */
  readonly servicesSelecting: Lookup<readonly Service[]>;
  /** By address: a cluster address of the Service; of a pod its own, and none of its node's. */
  readonly servicesAt: Lookup<readonly Service[]>;
  readonly podsAt: Lookup<readonly Pod[]>;
  /** By `namespace/workload`. */
  readonly podsOf: Lookup<readonly Pod[]>;
  readonly instancesOf: Lookup<readonly LocalInstance[]>;
  /** By `namespace/label=value`. */
  readonly instancesLabelled: Lookup<readonly LocalInstance[]>;
  /** By `MESH`: there is one; of several the first name counts. */
  readonly meshConfigs: Lookup<readonly MeshConfig[]>;
}

type Whole<F> = {
  readonly [N in keyof F]: F[N] extends Lookup<infer V> ? ReadonlyMap<string, V> : never;
};

export interface World extends Whole<Facts> {
  readonly instances: readonly LocalInstance[];
  readonly namespaces: ReadonlyMap<string, Namespace>;
}

const MESH = '';

export const emptyWorld: World = {
  objects: new Map(),
  services: new Map(),
  slicesOf: new Map(),
  routesOf: new Map(),
  policiesOf: new Map(),
  pods: new Map(),
  servicesSelecting: new Map(),
  servicesAt: new Map(),
  podsAt: new Map(),
  podsOf: new Map(),
  instancesOf: new Map(),
  instancesLabelled: new Map(),
  meshConfigs: new Map(),
  namespaces: new Map(),
  instances: [],
};

export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

/** The same world where the events change nothing, as a heartbeat of a pod does. */
export function foldWorld(world: World, events: readonly ObjectEvent[]): World {
  const objects = new MapDraft(world.objects);
  const draft = draftOf(world);
  for (const { type, object } of events) {
    const key = objectKey(object);
    const before = objects.get(key);
    if (type === 'put' && isDeepStrictEqual(before, object)) continue;
    if (before !== undefined) reindex(draft, before, 'delete');
    if (type === 'put') {
      reindex(draft, object, 'set');
      objects.set(key, object);
    } else if (before !== undefined) {
      objects.delete(key);
    }
  }
  if (objects.done === world.objects) return world;
  return { ...world, ...doneOf(draft), objects: objects.done };
}

export function withInstances(world: World, instances: readonly LocalInstance[]): World {
  const labelled = new Map<string, LocalInstance[]>();
  const ofWorkload = new Map<string, LocalInstance[]>();
  for (const instance of instances) {
    const { namespace, workload, labels } = instance;
    append(ofWorkload, workloadKey(namespace, workload), instance);
    for (const [label, value] of Object.entries(labels)) {
      append(labelled, labelKey(namespace, label, value), instance);
    }
  }
  return { ...world, instances, instancesLabelled: labelled, instancesOf: ofWorkload };
}

export function meshOf(facts: Facts): MeshConfig | null {
  return facts.meshConfigs.get(MESH)?.[0] ?? null;
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

export function podKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

export function workloadKey(namespace: string, workload: string): string {
  return `${namespace}/${workload}`;
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

/** Of both families; none where it has no address of its own: headless, or outside the cluster. */
export function clusterAddresses({ spec }: Service): readonly string[] {
  const all = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]);
  return spec.type === 'ExternalName' ? [] : all.filter((each) => each !== '' && each !== 'None');
}

/** A pod that has ended keeps its address in its status, while another may have it. */
export function isLive({ status }: Pod): boolean {
  return status.phase !== 'Succeeded' && status.phase !== 'Failed';
}

function draftOf(world: World) {
  return {
    services: new MapDraft(world.services),
    slicesOf: new ListsDraft(world.slicesOf),
    routesOf: new ListsDraft(world.routesOf),
    policiesOf: new ListsDraft(world.policiesOf),
    pods: new MapDraft(world.pods),
    servicesSelecting: new ListsDraft(world.servicesSelecting),
    servicesAt: new ListsDraft(world.servicesAt),
    podsAt: new ListsDraft(world.podsAt),
    podsOf: new ListsDraft(world.podsOf),
    meshConfigs: new ListsDraft(world.meshConfigs),
    namespaces: new MapDraft(world.namespaces),
  };
}

type Draft = ReturnType<typeof draftOf>;
type Done = { readonly [N in keyof Draft]: Draft[N]['done'] };

function doneOf(draft: Draft): Done {
  const done = Object.entries(draft).map(([name, { done }]) => [name, done]);
  return Object.fromEntries(done) as Done;
}

/** Under which keys an object is found, said once for its coming and its going. */
function reindex(draft: Draft, object: MeshObject, change: 'set' | 'delete'): void {
  const { namespace, name } = object.metadata;
  switch (object.kind) {
    case 'Service': {
      draft.services[change](serviceKey(namespace, name), object);
      const key = selectorKey(object);
      if (key !== null) draft.servicesSelecting[change](key, object);
      for (const at of new Set(clusterAddresses(object))) draft.servicesAt[change](at, object);
      return;
    }
    case 'EndpointSlice': {
      const service = object.metadata.labels?.[SERVICE_NAME_LABEL];
      if (service !== undefined) draft.slicesOf[change](serviceKey(namespace, service), object);
      return;
    }
    case 'Pod':
      draft.pods[change](podKey(namespace, name), object);
      return isLive(object) ? reindexLive(draft, object, change) : undefined;
    case 'TrafficRoute':
      return draft.routesOf[change](targetKey(object), object);
    case 'ResiliencePolicy':
      return draft.policiesOf[change](targetKey(object), object);
    case 'MeshConfig':
      return draft.meshConfigs[change](MESH, object);
    case 'Namespace':
      return draft.namespaces[change](name, object);
    case 'Deployment':
      return; // Asked for by its own key.
  }
}

function reindexLive(draft: Draft, pod: Pod, change: 'set' | 'delete'): void {
  draft.podsOf[change](workloadKey(pod.metadata.namespace, podWorkload(pod.metadata)), pod);
  if (pod.spec.hostNetwork) return; // Its address is its node's, and so is every other port of it.
  for (const address of new Set(pod.status.addresses)) draft.podsAt[change](address, pod);
}

function append<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
