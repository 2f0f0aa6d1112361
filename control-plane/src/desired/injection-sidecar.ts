/**
 * What is added to a pod: the init step, the sidecar, and the volumes they need.
 *
 * The init step asks for what the sidecar asks for: it ends before the sidecar runs, so that costs
 * nothing, and a quota or limit range that wants figures of every container finds them. Arguments
 * are written `--flag=value`, one each, so that `kubectl describe` can be read.
 *
 * Pure. Called by `injection-patch.ts`.
 */
import {
  CONTROL_SERVICE,
  INIT_CONTAINER,
  LAST_GOOD_FOLDER,
  PROXY_CONTAINER,
  PROXY_UID,
  TOKEN_AUDIENCE,
  TOKEN_FILE,
  TOKEN_FOLDER,
} from '@remora/api/mesh-names.ts';
import type { AddressRange, PortRange } from '@remora/api/network-lists.ts';
import { ports } from '@remora/api/ports.ts';
import { proxyNodeEnvironment, proxyNodeFlags } from '@remora/api/runtime.ts';
import type { Settings } from '../inject/settings.ts';
import type { InjectionPlan } from './injection-plan.ts';
import type { Container } from './pod-shape.ts';

export const TOKEN_VOLUME = 'remora-token';
export const LAST_GOOD_VOLUME = 'remora-last-good';

/** Where the image has its programs. */
const PROGRAMS = '/remora';
/** Kubelet renews it after four fifths. */
const TOKEN_SECONDS = 12 * 3_600;

export function initContainer({ installation, settings }: InjectionPlan): Container {
  const args = [
    ...flag('skip-outbound-ports', portsText(settings.skipOutboundPorts)),
    ...flag('only-outbound-ports', portsText(settings.onlyOutboundPorts)),
    ...flag('skip-outbound-cidrs', rangesText(settings.skipOutboundCidrs)),
    ...flag('only-outbound-cidrs', rangesText(settings.onlyOutboundCidrs)),
    ...flag('skip-inbound-ports', portsText(settings.skipInboundPorts)),
    ...flag('only-inbound-ports', portsText(settings.onlyInboundPorts)),
  ];
  return {
    name: INIT_CONTAINER,
    ...imageOf(installation.image, settings),
    command: ['node', `${PROGRAMS}/remora-init.mjs`],
    ...(args.length > 0 && { args }),
    resources: resourcesOf(settings),
    volumeMounts: [noApiToken],
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: {
      ...confined,
      runAsUser: 0,
      runAsGroup: 0,
      runAsNonRoot: false, // A pod may ask for true, which this one container cannot keep.
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW'] },
    },
  };
}

export function proxyContainer(plan: InjectionPlan, probePorts: readonly number[]): Container {
  const { installation, settings } = plan;
  const page = (path: string) => ({ httpGet: { path, port: ports.metrics } });
  return {
    name: PROXY_CONTAINER,
    ...imageOf(installation.image, settings),
    restartPolicy: 'Always', // Of an init container: makes it a sidecar.
    command: ['node', ...proxyNodeFlags, `${PROGRAMS}/remora-proxy.mjs`],
    args: proxyArguments(plan, probePorts),
    env: [
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      ...Object.entries(proxyNodeEnvironment).map(([name, value]) => ({ name, value })),
    ],
    ports: [{ name: 'remora-metrics', containerPort: ports.metrics }],
    resources: resourcesOf(settings),
    volumeMounts: [
      { name: TOKEN_VOLUME, mountPath: TOKEN_FOLDER, readOnly: true },
      { name: LAST_GOOD_VOLUME, mountPath: LAST_GOOD_FOLDER },
      noApiToken,
    ],
    startupProbe: {
      ...page('/ready'),
      periodSeconds: 1,
      failureThreshold: Math.ceil(settings.startupTimeoutMs / 1_000),
    },
    readinessProbe: { ...page('/ready'), periodSeconds: 5 },
    // A minute of silence: a node that is short of CPU is no reason to break connections.
    livenessProbe: { ...page('/live'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    lifecycle: {
      preStop: { exec: { command: ['node', `${PROGRAMS}/remora-proxy.mjs`, 'drain'] } },
    },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: {
      ...confined,
      runAsUser: PROXY_UID,
      runAsGroup: PROXY_UID,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
    },
  };
}

export const volumes = [
  {
    name: TOKEN_VOLUME,
    projected: {
      sources: [
        {
          serviceAccountToken: {
            audience: TOKEN_AUDIENCE,
            expirationSeconds: TOKEN_SECONDS,
            path: TOKEN_FILE.slice(TOKEN_FOLDER.length + 1),
          },
        },
      ],
    },
  },
  { name: LAST_GOOD_VOLUME, emptyDir: {} },
];

/**
 * The API server mounts the application's token for its API into every container that has nothing
 * there. Ours has the mesh's own, which is good for nothing else.
 */
const noApiToken = {
  name: TOKEN_VOLUME,
  mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
  readOnly: true,
};

const confined = {
  privileged: false,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

function proxyArguments(plan: InjectionPlan, probePorts: readonly number[]): string[] {
  const { installation, settings, workload } = plan;
  const control = `${CONTROL_SERVICE}.${installation.namespace}.svc:${ports.control}`;
  const given = (value: string) => (value === 'none' ? '' : value);
  return [
    '--name=$(POD_NAME)',
    '--namespace=$(POD_NAMESPACE)',
    ...flag('workload', workload),
    '--intercept',
    ...flag('outbound', `[::]:${ports.outbound}`),
    ...flag('inbound', `[::]:${ports.inbound}`),
    ...flag('admin', `127.0.0.1:${ports.admin}`),
    ...flag('metrics', `[::]:${ports.metrics}`),
    ...flag('control', `https://${control}`),
    ...flag('control-ca', installation.authority),
    ...flag('control-token', TOKEN_FILE),
    ...flag('last-good', `${LAST_GOOD_FOLDER}/last-good.json`),
    ...flag('probe-ports', probePorts.join(',')),
    ...flag('access-log', settings.accessLog),
    ...flag('access-log-sample', String(settings.accessLogSample)),
    ...flag('traces', given(settings.traces)),
    ...flag('sample', String(settings.sample)),
    ...flag('slow', String(settings.slowMs)),
    ...flag('app-metrics', given(settings.appMetrics)),
  ];
}

/** Empty: it is left out. Kubelet would put a variable's value where `$(NAME)` stands. */
function flag(name: string, value: string): string[] {
  return value === '' ? [] : [`--${name}=${value.replaceAll('$(', '$$$$(')}`];
}

function imageOf(image: string, settings: Settings) {
  return { image: settings.image ?? image, imagePullPolicy: settings.imagePullPolicy };
}

function resourcesOf({ cpuRequest, memoryRequest, cpuLimit, memoryLimit }: Settings) {
  const limits = {
    ...(cpuLimit !== 'none' && { cpu: cpuLimit.text }),
    ...(memoryLimit !== 'none' && { memory: memoryLimit.text }),
  };
  const requests = { cpu: cpuRequest.text, memory: memoryRequest.text };
  return Object.keys(limits).length === 0 ? { requests } : { requests, limits };
}

function portsText(ranges: readonly PortRange[]): string {
  return ranges.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(',');
}

function rangesText(ranges: readonly AddressRange[]): string {
  return ranges.map(({ text }) => text).join(',');
}
