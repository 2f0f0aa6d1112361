/**
 * Remora's own kinds: names, texts, columns of `kubectl get`, and the schema of each from `api/`.
 *
 * Pure. Read by the generator of the CRDs and of the page of fields, and by `remora install`, which
 * brings the CRDs of its own version along.
 */
import { meshConfig, meshNameRule } from '@remora/api/config/mesh-config.ts';
import { RESILIENCE_POLICY_DOC, resiliencePolicy } from '@remora/api/config/resilience-policy.ts';
import { trafficRoute } from '@remora/api/config/traffic-route.ts';
import { type Column, type CrdSpec, crd } from './crd-schema.ts';
import type { Manifest } from './names.ts';

const target: Column = { name: 'Target', type: 'string', jsonPath: '.spec.targetRef.name' };
const proxies: Column = {
  name: 'Applied',
  type: 'string',
  description: 'How many of the proxies that use it have it in force.',
  jsonPath: '.status.proxies',
};

function condition(type: string, field: 'status' | 'message', name = type): Column {
  return { name, type: 'string', jsonPath: `.status.conditions[?(@.type=="${type}")].${field}` };
}

function weights(name: string, field: 'wanted' | 'realised'): Column {
  return { name, type: 'string', jsonPath: `.status.weights.${field}` };
}

function wide(column: Column): Column {
  return { ...column, priority: 1 };
}

export const KINDS: readonly CrdSpec[] = [
  {
    kind: 'TrafficRoute',
    plural: 'trafficroutes',
    shortName: 'tr',
    scope: 'Namespaced',
    description: 'Which requests for a Service go where.',
    spec: trafficRoute.shape.spec,
    isSpecRequired: true,
    rules: [],
    columns: [
      target,
      weights('Wanted', 'wanted'),
      weights('Realised', 'realised'),
      proxies,
      condition('Accepted', 'status'),
      wide(condition('ResolvedRefs', 'status', 'Resolved')),
      wide(condition('Programmed', 'status')),
      wide(condition('Accepted', 'message', 'Why')),
    ],
    isCounted: true,
    hasWeights: true,
  },
  {
    kind: 'ResiliencePolicy',
    plural: 'resiliencepolicies',
    shortName: 'rp',
    scope: 'Namespaced',
    description: RESILIENCE_POLICY_DOC,
    spec: resiliencePolicy.shape.spec,
    isSpecRequired: true,
    rules: [],
    columns: [
      target,
      proxies,
      condition('Accepted', 'status'),
      wide(condition('Accepted', 'message', 'Why')),
    ],
    isCounted: true,
    hasWeights: false,
  },
  {
    kind: 'MeshConfig',
    plural: 'meshconfigs',
    shortName: 'mc',
    scope: 'Cluster',
    description: 'What holds for the whole mesh; its name is mesh.',
    spec: meshConfig.shape.spec,
    isSpecRequired: false,
    rules: [meshNameRule],
    columns: [condition('Accepted', 'status'), wide(condition('Accepted', 'message', 'Why'))],
    isCounted: false,
    hasWeights: false,
  },
];

/** In the order of the table. */
export function customKinds(version: string): readonly Manifest[] {
  return KINDS.map((spec) => crd(spec, version));
}
