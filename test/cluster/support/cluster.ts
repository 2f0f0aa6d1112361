/**
 * The cluster as a suite sees it: one namespace of its own, and verbs that wait with a limit.
 *
 * Every suite has its namespace, which nobody deletes: the cluster dies with the run. A wait that
 * ends in vain throws what a person would type next: the pods, the events and the logs of whatever
 * is not ready. Objects are plain values or YAML; both go through `kubectl apply`, as a user's do.
 *
 * Used by `*.cluster.ts`. Needs a cluster that is up: `npm run test:cluster`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterKubectl, isUp } from '../machine/cluster.ts';
import { manifestText } from '../machine/kubectl.ts';
import { describeTrouble } from './trouble.ts';

const READY_LIMIT_MS = 60_000;
const POLL_MS = 100;

export interface PodOptions {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Until this answers 200 the pod is not ready. */
  readonly readiness?: { readonly path: string; readonly port: number };
  /** More of the pod's spec; a field of it stands instead of ours. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** An object as the API server gives it back. */
export interface Manifest {
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [key: string]: unknown;
}

export interface Cluster {
  readonly namespace: string;
  /** kubectl in this namespace; `stdin` is for `-f -`. */
  kubectl(args: readonly string[], stdin?: string): Promise<string>;
  /** YAML, or objects. */
  apply(objects: string | object | readonly object[]): Promise<void>;
  get(resource: string): Promise<Manifest>;
  /** Polls until it holds. `what` ends the sentence "waited so long for ...". */
  waitFor(what: string, holds: () => Promise<boolean>, limitMs?: number): Promise<void>;
  /** `pod/x` is ready, `deployment/x` is rolled out. */
  waitReady(resource: string, limitMs?: number): Promise<void>;
  /** Runs one pod and waits until it is ready. */
  runPod(options: PodOptions): Promise<void>;
  exec(pod: string, command: readonly string[], container?: string): Promise<string>;
  /** JavaScript in a pod that has Node; what it prints. */
  script(pod: string, code: string, container?: string): Promise<string>;
  logs(pod: string, container?: string): Promise<string>;
  /** Of both families, where there are two. */
  podIps(pod: string): Promise<string[]>;
}

/** Why a suite has to skip itself; false: it need not. */
export function skipWithoutCluster(): string | false {
  return !isUp() && 'no cluster is up here: `npm run test:cluster`';
}

/** Makes a namespace, and resolves when pods can be created in it. */
export async function startNamespace(
  namespace: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<Cluster> {
  const view = clusterIn(namespace);
  await view.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } });
  const exists = async () => (await view.kubectl(['get', 'serviceaccount', 'default'])) !== '';
  await view.waitFor('the service account of the namespace', exists);
  return view;
}

/** A view of a namespace that is there. */
export function clusterIn(namespace: string): Cluster {
  const kubectl = async (args: readonly string[], stdin?: string) =>
    await clusterKubectl(['-n', namespace, ...args], stdin);
  const waitFor: Cluster['waitFor'] = async (what, holds, limitMs = READY_LIMIT_MS) => {
    const endAtMs = performance.now() + limitMs;
    let refusal = '';
    const tried = async () =>
      await holds().catch((error: unknown) => {
        refusal = `; the last answer: ${String(error)}`;
        return false;
      });
    while (!(await tried())) {
      if (performance.now() > endAtMs) {
        const trouble = await describeTrouble(kubectl);
        throw new Error(`waited ${limitMs} ms for ${what}${refusal}\n${trouble}`);
      }
      await sleep(POLL_MS);
    }
  };
  const view: Cluster = {
    namespace,
    kubectl,
    waitFor,
    apply: async (objects) => void (await kubectl(['apply', '-f', '-'], textOf(objects))),
    get: async (resource) => JSON.parse(await kubectl(['get', resource, '-o', 'json'])),
    waitReady: async (resource, limitMs) =>
      await waitFor(
        `${resource} to be ready`,
        async () => isReady(await view.get(resource)),
        limitMs,
      ),
    runPod: async (options) => {
      await view.apply(podOf(options));
      await view.waitReady(`pod/${options.name}`);
    },
    exec: async (pod, command, container) =>
      await kubectl(['exec', pod, ...inContainer(container), '--', ...command]),
    script: async (pod, code, container) =>
      await view.exec(pod, ['node', '--input-type=module', '-e', code], container),
    logs: async (pod, container) => await kubectl(['logs', pod, ...inContainer(container)]),
    podIps: async (pod) => {
      const path = 'jsonpath={.status.podIPs[*].ip}';
      return (await kubectl(['get', 'pod', pod, '-o', path])).split(' ').filter(Boolean);
    },
  };
  return view;
}

/** A pod of one container, as an object. */
export function podOf(options: PodOptions): object {
  const { name, image, args = [], labels = {}, annotations = {}, readiness } = options;
  const env = Object.entries(options.env ?? {}).map(([key, value]) => ({ name: key, value }));
  const probe = readiness && { httpGet: readiness, periodSeconds: 1 };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name, ...labels }, annotations },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          ...{ name: 'app', image, imagePullPolicy: 'Never', args, env },
          ...(probe === undefined ? {} : { readinessProbe: probe }),
        },
      ],
      ...options.spec,
    },
  };
}

function textOf(objects: string | object | readonly object[]): string {
  if (typeof objects === 'string') return objects;
  return manifestText(Array.isArray(objects) ? objects : [objects]);
}

function inContainer(container: string | undefined): string[] {
  return container === undefined ? [] : ['-c', container];
}

/** A pod is ready by its condition, a Deployment when all of its newest replicas are. */
function isReady(object: Manifest): boolean {
  const status = object['status'] as Readonly<Record<string, unknown>>;
  const spec = object['spec'] as { readonly replicas?: number };
  if (object['kind'] !== 'Pod') {
    const wanted = spec.replicas ?? 1;
    const generation = (object.metadata as { readonly generation?: number }).generation;
    return (
      status['observedGeneration'] === generation &&
      [status['readyReplicas'], status['updatedReplicas'], status['replicas']].every(
        (count) => (count ?? 0) === wanted,
      )
    );
  }
  const conditions = (status['conditions'] ?? []) as { type: string; status: string }[];
  return conditions.some((one) => one.type === 'Ready' && one.status === 'True');
}
