/**
 * What Remora keeps of a Pod: whose address it is, which workload, which ports and probes, and
 * whether a sidecar of ours stands there.
 *
 * All Pods of a cluster are watched, and one is some 10 KB of text: what is kept is a twentieth of
 * that, and the same value again after a heartbeat, so that it changes nothing. Who is ready is
 * said by EndpointSlices.
 *
 * Pure. Used by `objects.ts`; its ports also by `kubernetes.ts` and `desired/workload.ts`.
 */
import { z } from 'zod';
import { MESH_PREFIX, PROXY_CONTAINER } from '../mesh-names.ts';
import { ports } from '../ports.ts';
import { metadata } from './metadata.ts';

const port = z.union([z.string(), z.number()]);

const probe = z.object({
  httpGet: z.object({ path: z.string().default('/'), port: port.optional() }).optional(),
});

export const containerPort = z.object({
  name: z.string().optional(),
  containerPort: z.number(),
  protocol: z.string().default('TCP'),
});

const container = z.object({
  name: z.string().default(''),
  ports: z.array(containerPort).default([]),
  readinessProbe: probe.optional(),
  livenessProbe: probe.optional(),
  startupProbe: probe.optional(),
});

const owner = z.object({
  kind: z.string(),
  name: z.string(),
  controller: z.boolean().optional(),
});

const status = z.object({
  phase: z.string().default('Pending'),
  podIP: z.string().optional(),
  podIPs: z.array(z.object({ ip: z.string() })).default([]),
});

const whole = z.object({
  kind: z.literal('Pod'),
  metadata: metadata.extend({
    /** By which its events are found. */
    uid: z.string().default(''),
    generateName: z.string().optional(),
    annotations: z.record(z.string(), z.string()).default({}),
    deletionTimestamp: z.string().optional(),
    ownerReferences: z.array(owner).default([]),
  }),
  spec: z.object({
    hostNetwork: z.boolean().default(false),
    containers: z.array(container).default([]),
    initContainers: z.array(container).default([]),
  }),
  status: status.prefault({}),
});

export const pod = whole.transform(
  ({ kind, metadata: { annotations, ...about }, spec, status }) => {
    const { hostNetwork, containers, initContainers } = spec;
    const own = [...containers, ...initContainers].filter(({ name }) => name !== PROXY_CONTAINER);
    const listed = status.podIPs.map(({ ip }) => ip);
    return {
      kind,
      metadata: { ...about, annotations: ours(annotations) },
      spec: {
        hostNetwork,
        hasSidecar: initContainers.some(({ name }) => name === PROXY_CONTAINER),
        namedPorts: own.flatMap(namedPorts),
        probePaths: [...new Set(own.flatMap(probePaths))].sort(),
      },
      status: {
        phase: status.phase,
        /** Of both families. */
        addresses: listed.length === 0 && status.podIP !== undefined ? [status.podIP] : listed,
      },
    };
  },
);

export type Pod = z.infer<typeof pod>;

interface NamedPort {
  readonly name: string;
  readonly port: number;
}

function ours(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).filter(([name]) => name.startsWith(MESH_PREFIX)),
  );
}

/** TCP only; a port without a name is found by its number. */
export function namedPorts(of: Pick<z.infer<typeof container>, 'ports'>): NamedPort[] {
  return of.ports.flatMap(({ name, containerPort, protocol }) => {
    return name === undefined || protocol !== 'TCP' ? [] : [{ name, port: containerPort }];
  });
}

/** What kubelet asks of the application; a probe of the sidecar's own page never arrives there. */
function probePaths(of: z.infer<typeof container>): string[] {
  return [of.readinessProbe, of.livenessProbe, of.startupProbe].flatMap((each) => {
    const { httpGet } = each ?? {};
    return httpGet === undefined || httpGet.port === ports.metrics ? [] : [httpPath(httpGet.path)];
  });
}

/** As it arrives: without the query, which matches are not compared with. */
export function httpPath(written: string): string {
  const [path = '/'] = written.split('?');
  return path.startsWith('/') ? path : `/${path}`;
}
