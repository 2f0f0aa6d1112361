/**
 * What a scenario's Services are, as the YAML that a user would write, compiled by the control
 * plane's own code: defaults are the product's, never a copy of them here.
 *
 * The only file that knows how settings are spelt. Fields that this build's schemas do not know are
 * warnings, so a scenario runs, and its claim does not hold. Called by `remora.ts`.
 */
import { readObjects } from '../../../control-plane/src/files/object-reading.ts';
import { problemLine } from '../../../control-plane/src/files/problem.ts';
import { compileSnapshot } from '../../../control-plane/src/snapshot.ts';
import { emptyWorld, foldWorld, withInstances } from '../../../control-plane/src/world.ts';
import { stringify } from 'yaml';

export const NAMESPACE = 'shop';

export interface ServicePlan {
  readonly name: string;
  /** Ports of servers without a Remora. */
  readonly endpoints?: readonly number[];
  /** Ports of inbound sidecars. */
  readonly instances?: readonly number[];
  /** What the route tries again; left out: no route, so all is default. */
  readonly retriedStatuses?: readonly number[];
  /** Whether the route has the retry policy that Envoy is usually given. */
  readonly hasUsualRetries?: boolean;
  /** Whether requests with `x-class: critical` are critical. */
  readonly hasCriticalClass?: boolean;
}

export interface CompiledMesh {
  /** For `--snapshot`. */
  readonly snapshot: string;
  /** What the reader said about our objects: it should say nothing. */
  readonly problems: readonly string[];
}

/** `workload`: of the application whose inbound sidecar starts from it, if any. */
export function compileMesh(services: readonly ServicePlan[], workload?: string): CompiledMesh {
  const { objects, problems } = readObjects('chaos.yaml', meshYaml(services));
  const world = foldWorld(
    withInstances(emptyWorld, []),
    objects.map(({ object }) => ({ type: 'put', object })),
  );
  const whole = withInstances(world, services.flatMap(instancesOf));
  const snapshot = compileSnapshot(whole, NAMESPACE, workload);
  return { snapshot: JSON.stringify(snapshot), problems: problems.map(problemLine) };
}

/** The objects as a folder of YAML would hold them. */
export function meshYaml(services: readonly ServicePlan[]): string {
  return services
    .flatMap(objectsOf)
    .map((object) => stringify(object))
    .join('---\n');
}

function objectsOf(plan: ServicePlan): readonly object[] {
  const { name } = plan;
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: NAMESPACE },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
  };
  const slices = (plan.endpoints ?? []).map((port, at) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${at}`,
      namespace: NAMESPACE,
      labels: { 'kubernetes.io/service-name': name },
    },
    addressType: 'IPv4',
    ports: [{ port }],
    endpoints: [{ addresses: ['127.0.0.1'], targetRef: { kind: 'Pod', name: `${name}-${at}` } }],
  }));
  const rules = rulesOf(plan);
  if (rules.length === 0) return [service, ...slices];
  const route = {
    apiVersion: 'remora.dev/v1alpha1',
    kind: 'TrafficRoute',
    metadata: { name, namespace: NAMESPACE },
    spec: { targetRef: { name }, rules },
  };
  return [service, ...slices, route];
}

/** As `envoy.ts` has it; the budget of 20% is Remora's default. */
const USUAL_RETRIES = {
  retries: { attempts: 3, statuses: [503] },
  timeouts: { request: '1s', perTry: '250ms' },
};

function rulesOf(plan: ServicePlan): readonly object[] {
  const { name, retriedStatuses, hasUsualRetries = false, hasCriticalClass } = plan;
  const backends = [{ service: name, port: 80 }];
  const rules: object[] = [];
  if (hasCriticalClass === true) {
    const matches = [{ headers: [{ name: 'x-class', exact: 'critical' }] }];
    rules.push({ name: 'critical', matches, priority: 'critical', backends });
  }
  if (hasUsualRetries) {
    rules.push({ ...USUAL_RETRIES, backends });
  } else if (retriedStatuses !== undefined) {
    rules.push({ retries: { statuses: retriedStatuses }, backends });
  } else if (rules.length > 0) {
    rules.push({ backends });
  }
  return rules;
}

function instancesOf({ name, instances = [] }: ServicePlan) {
  return instances.map((inboundPort, at) => ({
    name: `${name}-${at}`,
    namespace: NAMESPACE,
    workload: name,
    labels: { app: name },
    address: '127.0.0.1',
    inboundPort,
    ready: true,
  }));
}
