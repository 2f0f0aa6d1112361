/**
 * What injection reads of a pod, or of the template of one, and whether it has that shape.
 *
 * Everything else passes unseen: Kubernetes is who checks it. A webhook that changes pods is asked
 * before the API server has checked any, and files hold whatever people write; so the few fields
 * that are looked at must be what they should be, or there is no knowing what injection would do.
 *
 * Pure. Used by all of `injection-*.ts` and `inject/`.
 */
import type { Problem } from '@remora/api/config/problems.ts';
import { problemOf } from '@remora/api/config/problems.ts';
import { z } from 'zod';

/** A port's number, or its name in the same container. */
const portReference = z.union([z.number(), z.string()]);
const texts = z.record(z.string(), z.string());

const probe = z.looseObject({
  httpGet: z.looseObject({ port: portReference.nullish() }).nullish(),
  tcpSocket: z.looseObject({ port: portReference, host: z.string().nullish() }).nullish(),
  grpc: z.looseObject({ port: portReference, service: z.string().nullish() }).nullish(),
  timeoutSeconds: z.number().nullish(),
});

const containerPort = z.looseObject({
  name: z.string().nullish(),
  containerPort: z.number(),
  protocol: z.string().nullish(),
});

const userContext = z.looseObject({ runAsUser: z.number().nullish() });

const container = z.looseObject({
  name: z.string(),
  restartPolicy: z.string().nullish(),
  ports: z.array(containerPort).nullish(),
  readinessProbe: probe.nullish(),
  livenessProbe: probe.nullish(),
  startupProbe: probe.nullish(),
  lifecycle: z.looseObject({ preStop: z.looseObject({}).nullish() }).nullish(),
  securityContext: userContext.nullish(),
});

const pod = z.looseObject({
  metadata: z
    .looseObject({
      name: z.string().nullish(),
      generateName: z.string().nullish(),
      labels: texts.nullish(),
      annotations: texts.nullish(),
      ownerReferences: z
        .array(
          z.looseObject({
            kind: z.string(),
            name: z.string(),
            controller: z.boolean().nullish(),
          }),
        )
        .nullish(),
    })
    .nullish(),
  spec: z.looseObject({
    containers: z.array(container),
    initContainers: z.array(container).nullish(),
    volumes: z.array(z.looseObject({ name: z.string() })).nullish(),
    hostNetwork: z.boolean().nullish(),
    dnsPolicy: z.string().nullish(),
    os: z.looseObject({ name: z.string() }).nullish(),
    nodeSelector: texts.nullish(),
    securityContext: userContext.nullish(),
    terminationGracePeriodSeconds: z.number().nullish(),
  }),
});

export type Pod = z.infer<typeof pod>;
export type Container = z.infer<typeof container>;
export type Probe = z.infer<typeof probe>;

export type PodReading =
  | { readonly is: 'pod'; readonly pod: Pod }
  | { readonly is: 'mistaken'; readonly problems: readonly Problem[] };

/** The pod is the value itself, untouched, so that a patch is made against what was sent. */
export function readPod(value: unknown): PodReading {
  const parsed = pod.safeParse(value);
  if (parsed.success) return { is: 'pod', pod: value as Pod };
  return { is: 'mistaken', problems: parsed.error.issues.map((issue) => problemOf(issue, value)) };
}

/** Every container, with the place it stands at. */
export function* containersOf({ spec }: Pod): Iterable<readonly [(string | number)[], Container]> {
  for (const list of ['initContainers', 'containers'] as const) {
    for (const [at, each] of (spec[list] ?? []).entries()) yield [['spec', list, at], each];
  }
}
