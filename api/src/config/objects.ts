/**
 * Every kind of object that Remora reads, and the one way in: `parseObject`.
 *
 * Other objects are not ours to judge. A field that no schema has is a warning, because a newer
 * release may know it; a wrong value refuses the object, whose last good version then stays. As in
 * Kubernetes, null is the same as left out. A new kind is a schema file and a line in `KINDS`.
 *
 * Pure; never throws. Called by whoever reads files, watches a cluster or admits objects.
 */
import type { z } from 'zod';
import { type Fields, isFields } from '../fields.ts';
import { GATEWAY_GROUP, httpRoute, referenceGrant } from './http-route.ts';
import { knownFields } from './known-fields.ts';
import { deployment, endpointSlice, namespace, service } from './kubernetes.ts';
import { meshConfig } from './mesh-config.ts';
import { DEFAULT_NAMESPACE } from './metadata.ts';
import { pod } from './pod.ts';
import { type Problem, problemOf, shown, suggestion, unknownFieldProblem } from './problems.ts';
import { resiliencePolicy } from './resilience-policy.ts';
import { trafficRoute } from './traffic-route.ts';
import { unknownFields } from './unknown-fields.ts';

export type { RateLimit } from './admission.ts';
export type { Cohort, RouteBackend, Sticky } from './backends.ts';
export type { Fault } from './faults.ts';
export type { HeaderEdits } from './header-edits.ts';
export type { HttpRoute, ReferenceGrant } from './http-route.ts';
export type {
  Deployment,
  EndpointSlice,
  Namespace,
  Service,
  ServicePort,
} from './kubernetes.ts';
export type { RouteMatch, ValueMatch } from './matches.ts';
export type { MeshConfig } from './mesh-config.ts';
export type { Pod } from './pod.ts';
export type { Problem } from './problems.ts';
export type { ResilienceLayer, ResiliencePolicy } from './resilience-policy.ts';
export type { PathRewrite } from './rewrites.ts';
export type { RouteRule, TrafficRoute } from './traffic-route.ts';

const GROUP = 'remora.dev';
const VERSION = 'v1alpha1';
const OURS = `${GROUP}/${VERSION}`;

const KINDS = {
  Service: { apiVersion: 'v1', schema: service },
  Pod: { apiVersion: 'v1', schema: pod },
  Namespace: { apiVersion: 'v1', schema: namespace },
  Deployment: { apiVersion: 'apps/v1', schema: deployment },
  EndpointSlice: { apiVersion: 'discovery.k8s.io/v1', schema: endpointSlice },
  TrafficRoute: { apiVersion: OURS, schema: trafficRoute },
  ResiliencePolicy: { apiVersion: OURS, schema: resiliencePolicy },
  MeshConfig: { apiVersion: OURS, schema: meshConfig },
  HTTPRoute: { apiVersion: `${GATEWAY_GROUP}/v1`, schema: httpRoute },
  ReferenceGrant: { apiVersion: `${GATEWAY_GROUP}/v1`, schema: referenceGrant },
} as const;

/** Versions with the same fields: an API server gives out either, a release of theirs has one. */
const SAME_IN_BETA: Readonly<Record<string, string>> = {
  [`${GATEWAY_GROUP}/v1`]: `${GATEWAY_GROUP}/v1beta1`,
};

type Kind = keyof typeof KINDS;
export type MeshObject = { [K in Kind]: z.infer<(typeof KINDS)[K]['schema']> }[Kind];

/** Which object it is; `namespace` is empty for what belongs to the whole cluster. */
export interface Identity {
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string };
}

export type Parsed =
  | { readonly is: 'other' }
  | { readonly is: 'object'; readonly object: MeshObject; readonly warnings: Problem[] }
  | { readonly is: 'mistaken'; readonly identity: Identity | null; readonly problems: Problem[] };

/** Fields beside `spec` that every object of ours may have. */
const OUTER_FIELDS = ['apiVersion', 'kind', 'metadata', 'spec', 'status'];
/** Deeper than any schema. */
const DEPTH_MAX = 24;

export function parseObject(value: unknown): Parsed {
  if (!isFields(value)) return { is: 'other' };
  const { apiVersion, kind } = ownFields(value);
  const isOurs = typeof apiVersion === 'string' && apiVersion.split('/')[0] === GROUP;
  if (typeof kind !== 'string') {
    return isOurs ? mistaken(value, '', [unknownKind(kind)]) : { is: 'other' };
  }
  if (!isKind(kind)) return isOurs ? mistaken(value, kind, [unknownKind(kind)]) : { is: 'other' };
  const wanted = KINDS[kind].apiVersion;
  if (apiVersion !== wanted && apiVersion !== SAME_IN_BETA[wanted]) {
    // Another group's kind of the same name, as Knative's Service, is none of our business.
    if (typeof apiVersion === 'string' && isAnother(groupOf(apiVersion), groupOf(wanted))) {
      return { is: 'other' };
    }
    return mistaken(value, kind, [wrongVersion(apiVersion, wanted)]);
  }
  if (!isOurs) return parseKind(kind, knownFields(KINDS[kind].schema, value));
  return parseKind(kind, withoutNulls(value, DEPTH_MAX));
}

function parseKind(kind: Kind, value: unknown): Parsed {
  const { schema, apiVersion } = KINDS[kind];
  const parsed = schema.safeParse(value);
  const unknown = apiVersion === OURS ? unknownProblems(schema, value) : [];
  if (parsed.success) return { is: 'object', object: parsed.data, warnings: unknown };
  const problems = parsed.error.issues.map((issue) => problemOf(issue, value));
  // A misspelt field is often why another is missing.
  return mistaken(value, kind, [...problems, ...unknown]);
}

function unknownProblems(schema: z.core.$ZodType, value: unknown): Problem[] {
  return unknownFields(schema, value, [])
    .filter(({ path }) => path[0] !== 'metadata')
    .filter(({ path, name }) => path.length > 1 || !OUTER_FIELDS.includes(name))
    .map(unknownFieldProblem);
}

function mistaken(value: unknown, kind: string, problems: Problem[]): Parsed {
  return { is: 'mistaken', identity: identityOf(value, kind), problems };
}

/** Null: it cannot be told which object this is. */
function identityOf(value: unknown, kind: string): Identity | null {
  const { name, namespace: given } = ownFields(ownFields(value)['metadata']);
  const home = isNamespaced(kind) ? (given ?? DEFAULT_NAMESPACE) : '';
  if (typeof name !== 'string' || name === '' || typeof home !== 'string') return null;
  return { kind, metadata: { namespace: home, name } };
}

const CLUSTER_KINDS: ReadonlySet<string> = new Set<Kind>(['Namespace', 'MeshConfig']);

function isNamespaced(kind: string): boolean {
  return !CLUSTER_KINDS.has(kind);
}

/** Not when it is ours misspelt: a route must not vanish without a word. */
function isAnother(group: string, wanted: string): boolean {
  if (group === wanted) return false;
  return wanted !== GROUP || (group !== '' && suggestion(group, [GROUP]) === null);
}

function unknownKind(kind: unknown): Problem {
  const ours = Object.entries(KINDS).flatMap(([name, { apiVersion }]) => {
    return apiVersion === OURS ? [name] : [];
  });
  const all = `The kinds of ${OURS} are ${ours.join(', ')}`;
  if (typeof kind !== 'string') return { path: ['kind'], message: 'is missing', remedy: all };
  const remedy = suggestion(kind, ours) ?? all;
  return { path: ['kind'], message: `${shown(kind)} is no kind of ${GROUP}`, remedy };
}

function wrongVersion(apiVersion: unknown, wanted: string): Problem {
  const message = apiVersion === undefined ? 'is missing' : `${shown(apiVersion)} is not known`;
  return { path: ['apiVersion'], message, remedy: `Write ${wanted}` };
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

function isKind(kind: string): kind is Kind {
  return Object.hasOwn(KINDS, kind);
}

/** Without what comes from a prototype. */
function ownFields(value: unknown): Fields {
  return isFields(value) ? Object.assign(Object.create(null), value) : {};
}

function withoutNulls(value: unknown, depth: number): unknown {
  if (depth === 0) return value;
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, depth - 1));
  if (!isFields(value)) return value;
  const given = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(given.map(([name, field]) => [name, withoutNulls(field, depth - 1)]));
}
