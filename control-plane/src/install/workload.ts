/**
 * The control plane as a workload: its Deployment and Service, and what guards them.
 *
 * Non-root, no capability, nothing writable. Two replicas on different nodes where there are
 * several. Rolled so that a new one serves before an old one goes: proxies move without notice.
 *
 * Pure. Called by `manifests.ts`.
 */
import { INJECT, PROXY_UID, TOKEN_AUDIENCE, TOKEN_FOLDER } from '@remora/api/mesh-names.ts';
import { ports } from '@remora/api/ports.ts';
import { controlNodeFlags, controlNodeEnvironment } from '@remora/api/runtime.ts';
import { CONTROL, type Manifest, namespaced, SELECTOR } from './names.ts';
import type { InstallValues, Release } from './values.ts';

const PROGRAM = ['node', ...controlNodeFlags, '/remora/remora-control-plane.mjs', '--cluster'];
const TOKEN_SECONDS = 3_600;
const CONTROL_UID = PROXY_UID;

/** Arguments that follow from the values: a list, which in the chart is a loop. */
export function argumentsOf(image: string, { injection }: InstallValues): readonly string[] {
  const defaults = Object.entries(injection.defaults);
  return [`--image=${image}`, ...defaults.map(([name, value]) => `--default=${name}=${value}`)];
}

export function imageOf({ image }: InstallValues, { version }: Release): string {
  return `${image.repository}:${image.tag === '' ? version : image.tag}`;
}

export interface WorkloadParts {
  readonly image: string;
  readonly args: readonly string[];
}

export function workload(
  release: Release,
  values: InstallValues,
  parts: WorkloadParts,
): readonly Manifest[] {
  return [service(release), deployment(release, values, parts)];
}

function service(release: Release): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: namespaced(CONTROL, release),
    spec: {
      selector: SELECTOR,
      ipFamilyPolicy: 'PreferDualStack',
      ports: [
        { name: 'control', port: ports.control, appProtocol: 'https' },
        { name: 'webhook', port: ports.webhook, appProtocol: 'https' },
      ],
    },
  };
}

function deployment(release: Release, values: InstallValues, parts: WorkloadParts): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: namespaced(CONTROL, release),
    spec: {
      replicas: values.replicas,
      selector: { matchLabels: SELECTOR },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: {
          labels: { ...SELECTOR, [INJECT]: 'disabled' },
          annotations: { 'kubectl.kubernetes.io/default-container': 'control-plane' },
        },
        spec: {
          serviceAccountName: CONTROL,
          priorityClassName: values.priorityClassName,
          nodeSelector: values.nodeSelector,
          tolerations: values.tolerations,
          imagePullSecrets: values.imagePullSecrets,
          terminationGracePeriodSeconds: 15,
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: SELECTOR },
            },
          ],
          securityContext: {
            runAsNonRoot: true,
            runAsUser: CONTROL_UID,
            runAsGroup: CONTROL_UID,
            // The projected token is readable for the group alone.
            fsGroup: CONTROL_UID,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [container(release, values, parts)],
          volumes: [{ name: 'token', projected: { defaultMode: 0o440, sources: [token()] } }],
        },
      },
    },
  };
}

function token() {
  return {
    serviceAccountToken: {
      path: 'token',
      audience: TOKEN_AUDIENCE,
      expirationSeconds: TOKEN_SECONDS,
    },
  };
}

function container({ version }: Release, values: InstallValues, { image, args }: WorkloadParts) {
  const health = (path: string) => ({ httpGet: { path, port: 'health' }, periodSeconds: 5 });
  return {
    name: 'control-plane',
    image,
    imagePullPolicy: values.image.pullPolicy,
    command: PROGRAM,
    args,
    env: [
      ownField('POD_NAME', 'metadata.name'),
      ownField('POD_NAMESPACE', 'metadata.namespace'),
      ownField('POD_IP', 'status.podIP'),
      ownField('SERVICE_ACCOUNT', 'spec.serviceAccountName'),
      { name: 'REMORA_VERSION', value: version },
      ...Object.entries(controlNodeEnvironment).map(([name, value]) => ({ name, value })),
    ],
    ports: [
      { name: 'control', containerPort: ports.control },
      { name: 'webhook', containerPort: ports.webhook },
      { name: 'health', containerPort: ports.controlHealth },
    ],
    startupProbe: { ...health('/live'), periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { ...health('/live'), failureThreshold: 6 },
    readinessProbe: { ...health('/ready'), periodSeconds: 2 },
    resources: values.resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [{ name: 'token', mountPath: TOKEN_FOLDER, readOnly: true }],
  };
}

function ownField(name: string, fieldPath: string) {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}
