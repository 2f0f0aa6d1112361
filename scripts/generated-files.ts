/**
 * Every file that is made from the code, with the text it should have.
 *
 * Pure. Called by `generate.ts`, and by the test that holds the files equal to the code.
 */
import { meshConfig, meshNameRule } from '@remora/api/config/mesh-config.ts';
import { RESILIENCE_POLICY_DOC, resiliencePolicy } from '@remora/api/config/resilience-policy.ts';
import { trafficRoute } from '@remora/api/config/traffic-route.ts';
import { ERRORS } from '@remora/api/errors.ts';
import { stringify } from 'yaml';
import project from '../package.json' with { type: 'json' };
import { chartFiles } from './chart-templates.ts';
import { configPage } from './config-page.ts';
import { type Column, type CrdSpec, crd } from './crd-schema.ts';
import { errorPage } from './error-page.ts';
import { injectionPage } from './injection-page.ts';
import { metricsPage } from './metrics-page.ts';

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

const CRD_HEAD = '# Written by `npm run generate` from api/src/config. Do not edit.\n';

/** By path from the root of the repository. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const crds = KINDS.map((spec): readonly [string, string] => {
    const text = stringify(crd(spec), { lineWidth: 100, aliasDuplicateObjects: false });
    return [spec.plural, CRD_HEAD + text];
  });
  return new Map([
    ...crds.map(([plural, text]) => [`charts/remora/crds/${plural}.yaml`, text] as const),
    ...chartFiles(project.version, crds),
    ['docs/config.md', configPage(KINDS)],
    ['docs/errors.md', errorPage(ERRORS)],
    ['docs/injection.md', injectionPage()],
    ['docs/metrics.md', metricsPage()],
  ]);
}
