/**
 * What Remora reads of Kubernetes' own kinds. Whatever else they have passes unseen: Kubernetes is
 * who checks them.
 *
 * Pure. Used by `objects.ts`; `deployment` also by the local mesh, which starts what it describes.
 */
import { z } from 'zod';
import { clusterMetadata, metadata, portNumber, serviceMetadata } from './metadata.ts';
import { label } from './names.ts';
import { containerPort } from './pod.ts';

const labels = z.record(z.string(), z.string());

export const service = z.object({
  kind: z.literal('Service'),
  metadata: serviceMetadata,
  spec: z
    .object({
      type: z.string().optional(),
      selector: labels.optional(),
      /** The first is the one that counts; `None`: clients find the pods by name, one by one. */
      clusterIP: z.string().optional(),
      clusterIPs: z.array(z.string()).optional(),
      ipFamilies: z.array(z.string()).optional(),
      publishNotReadyAddresses: z.boolean().optional(),
      ports: z
        .array(
          z.object({
            name: z.string().optional(),
            port: portNumber('The port.'),
            targetPort: z.union([z.string(), z.number()]).optional(),
            protocol: z.string().optional(),
            appProtocol: z.string().optional(),
          }),
        )
        // An ExternalName Service has none.
        .default([]),
    })
    .default({ ports: [] }),
});

const endpoint = z.object({
  addresses: z.array(z.string()),
  conditions: z
    .object({
      ready: z.boolean().optional(),
      serving: z.boolean().optional(),
      terminating: z.boolean().optional(),
    })
    .optional(),
  targetRef: z
    .object({
      kind: z.string().optional(),
      namespace: z.string().optional(),
      name: z.string().optional(),
    })
    .optional(),
});

export const endpointSlice = z.object({
  kind: z.literal('EndpointSlice'),
  metadata,
  /** `IPv4`, `IPv6` or `FQDN`. */
  addressType: z.string().default('IPv4'),
  endpoints: z.array(endpoint).optional(),
  ports: z
    .array(
      z.object({
        name: z.string().optional(),
        port: portNumber('The port.').optional(),
        protocol: z.string().optional(),
      }),
    )
    .optional(),
});

export const namespace = z.object({
  kind: z.literal('Namespace'),
  metadata: clusterMetadata(label('The name of the namespace.')),
});

const readinessProbe = z.object({
  httpGet: z
    .object({
      path: z.string().default('/'),
      httpHeaders: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
    })
    .optional(),
  periodSeconds: z.number().positive().default(10),
  timeoutSeconds: z.number().positive().default(1),
  successThreshold: z.number().positive().default(1),
  failureThreshold: z.number().positive().default(3),
});

/** Only what is asked for: when and how often is between kubelet and the container. */
const otherProbe = z.object({
  httpGet: z.object({ path: z.string().default('/') }).optional(),
});

const container = z.object({
  ports: z.array(containerPort).default([]),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
  readinessProbe: readinessProbe.optional(),
  livenessProbe: otherProbe.optional(),
  startupProbe: otherProbe.optional(),
});

export const deployment = z.object({
  kind: z.literal('Deployment'),
  metadata,
  spec: z.object({
    replicas: z.int().min(0).default(1),
    template: z.object({
      metadata: z.object({ labels: labels.default({}) }).default({ labels: {} }),
      spec: z.object({ containers: z.array(container).min(1) }),
    }),
  }),
});

export type Service = z.infer<typeof service>;
export type ServicePort = Service['spec']['ports'][number];
export type EndpointSlice = z.infer<typeof endpointSlice>;
export type Namespace = z.infer<typeof namespace>;
export type Deployment = z.infer<typeof deployment>;
