/**
 * What may be set when Remora is installed, with its defaults: the chart's values.yaml and its
 * schema are made of this, and `remora install --set` reads it.
 *
 * Pure. Used by `manifests.ts`, the CLI, and the generator of the chart.
 */
import { z } from 'zod';

const text = (doc: string) => z.string().meta({ description: doc });
const flag = (doc: string, standard: boolean) =>
  z.boolean().default(standard).meta({ description: doc });
const block = (doc: string) =>
  z.record(z.string(), z.unknown()).default({}).meta({ description: doc });

const quantities = z.record(z.string(), z.union([z.string(), z.number()]));

export const installValues = z.strictObject({
  image: z
    .strictObject({
      repository: text('One image for both planes.').min(1).default('remora'),
      tag: text('Empty: the version of the chart.').default(''),
      pullPolicy: z
        .enum(['Always', 'IfNotPresent', 'Never'])
        .default('IfNotPresent')
        .meta({ description: 'Of the control plane; sidecars have injection.image-pull-policy.' }),
    })
    .prefault({}),
  imagePullSecrets: z
    .array(z.strictObject({ name: z.string().min(1) }))
    .default([])
    .meta({ description: 'Of the control plane.' }),
  replicas: z
    .int()
    .min(1)
    .max(8)
    .default(2)
    .meta({ description: 'All serve proxies; one of them writes.' }),
  resources: z
    .strictObject({ requests: quantities.optional(), limits: quantities.optional() })
    .default({ requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } })
    .meta({ description: 'Of the control plane.' }),
  priorityClassName: text('Of the control plane.').default(''),
  nodeSelector: block('Of the control plane.'),
  tolerations: z
    .array(z.record(z.string(), z.unknown()))
    .default([])
    .meta({ description: 'Of the control plane.' }),
  injection: z
    .strictObject({
      defaults: z
        .record(z.string(), z.string())
        .default({})
        .meta({
          description:
            'What holds where a pod says nothing: names of annotations without remora.dev/. ' +
            'See docs/injection.md.',
        }),
      excludedNamespaces: z
        .array(z.string().min(1))
        .default(['kube-system', 'kube-node-lease', 'kube-public'])
        .meta({ description: 'Never injected; the own namespace is added.' }),
    })
    .prefault({}),
  crds: z
    .strictObject({
      install: flag('Whether the CRDs come with this release.', true),
      keep: flag('Whether they, and with them all routes and policies, outlive it.', false),
    })
    .prefault({}),
  podDisruptionBudget: z
    .strictObject({ enabled: flag('A drain leaves one replica.', true) })
    .prefault({}),
  networkPolicy: z
    .strictObject({ enabled: flag('Only the ports that somebody has to reach.', true) })
    .prefault({}),
  podMonitor: z
    .strictObject({
      enabled: flag('Needs the kind PodMonitor of the Prometheus operator.', false),
      labels: z
        .record(z.string(), z.string())
        .default({})
        .meta({ description: 'By which your Prometheus selects its monitors.' }),
    })
    .prefault({}),
});

export type InstallValues = z.infer<typeof installValues>;

/** What a release is, beside its values. */
export interface Release {
  readonly namespace: string;
  readonly version: string;
}
