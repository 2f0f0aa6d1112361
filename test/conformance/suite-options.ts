/**
 * What the Gateway API's conformance suite is asked to examine, and how.
 *
 * Every feature that a mesh can have for HTTP is claimed, also those that are counted in no
 * profile: a feature that is not claimed is a test that is not run. `--all-features` was refused:
 * it asks for a GatewayClass, which a mesh has not. The namespaces of the suite get the label that
 * injects.
 *
 * Pure. Used by `scripts/conformance.ts`.
 */
import { INJECT } from '@remora/api/mesh-names.ts';

const PROFILE = 'MESH-HTTP';

/** Of the profile: what a mesh must have, and what it may have. */
const OF_PROFILE = [
  'Mesh',
  'HTTPRoute',
  'MeshClusterIPMatching',
  'MeshConsumerRoute',
  'MeshHTTPRouteBackendRequestHeaderModification',
  'MeshHTTPRouteNamedRouteRule',
  'MeshHTTPRouteQueryParamMatching',
  'MeshHTTPRouteRedirectPath',
  'MeshHTTPRouteRedirectPort',
  'MeshHTTPRouteRewritePath',
  'MeshHTTPRouteSchemeRedirect',
];

/** Tests of meshes ask for these, which only the profiles of gateways count. */
const OF_NO_PROFILE = [
  'HTTPRouteParentRefPort',
  'HTTPRouteResponseHeaderModification',
  'HTTPRoute303RedirectStatusCode',
  'HTTPRoute307RedirectStatusCode',
  'HTTPRoute308RedirectStatusCode',
];

export interface SuiteRun {
  readonly version: string;
  /** One test instead of all. */
  readonly test: string | null;
  /** Where the report goes; null: there is none. */
  readonly report: string | null;
}

export function suiteArguments({ version, test, report }: SuiteRun): readonly string[] {
  return [
    '-test.v',
    '-test.timeout=30m',
    `--conformance-profiles=${PROFILE}`,
    `--supported-features=${[...OF_PROFILE, ...OF_NO_PROFILE].join(',')}`,
    `--namespace-labels=${INJECT}=enabled`,
    '--allow-crds-mismatch',
    '--organization=remora',
    '--project=remora',
    '--url=https://remora.dev',
    '--contact=https://remora.dev',
    `--version=${version}`,
    ...(test === null ? [] : [`--run-test=${test}`]),
    ...(report === null ? [] : [`--report-output=${report}`]),
  ];
}
