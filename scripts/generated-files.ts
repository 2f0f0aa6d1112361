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
import { configPage } from './config-page.ts';
import { type CrdSpec, crd } from './crd-schema.ts';
import { errorPage } from './error-page.ts';
import { injectionPage } from './injection-page.ts';
import { metricsPage } from './metrics-page.ts';

const accepted = {
  name: 'Accepted',
  type: 'string',
  jsonPath: `.status.conditions[?(@.type=="Accepted")].status`,
};
const applied = {
  name: 'Applied',
  type: 'string',
  jsonPath: `.status.conditions[?(@.type=="Applied")].message`,
};
const target = { name: 'Target', type: 'string', jsonPath: '.spec.targetRef.name' };

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
    columns: [target, accepted, applied],
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
    columns: [target, accepted],
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
    columns: [accepted],
  },
];

const CRD_HEAD = '# Written by `npm run generate` from api/src/config. Do not edit.\n';

/** By path from the root of the repository. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const crds = KINDS.map((spec): [string, string] => {
    const text = stringify(crd(spec), { lineWidth: 100, aliasDuplicateObjects: false });
    return [`charts/remora/crds/${spec.plural}.yaml`, CRD_HEAD + text];
  });
  return new Map([
    ...crds,
    ['docs/config.md', configPage(KINDS)],
    ['docs/errors.md', errorPage(ERRORS)],
    ['docs/injection.md', injectionPage()],
    ['docs/metrics.md', metricsPage()],
  ]);
}
