/**
 * What an installation may have beside itself: a disruption budget, a network policy, monitors.
 *
 * Pure. Called by `manifests.ts`, each where its value says so.
 */
import { PROXY_CONTAINER } from '@remora/api/mesh-names.ts';
import { ports } from '@remora/api/ports.ts';
import { CONTROL, type Manifest, namespaced, SELECTOR } from './names.ts';
import type { InstallValues, Release } from './values.ts';

export function disruptionBudget(release: Release): Manifest {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: namespaced(CONTROL, release),
    spec: { maxUnavailable: 1, selector: { matchLabels: SELECTOR } },
  };
}

/** The API server and kubelet come from nodes, so no peer can be named. */
export function networkPolicy(release: Release): Manifest {
  const open = [ports.control, ports.webhook, ports.controlHealth];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: namespaced(CONTROL, release),
    spec: {
      podSelector: { matchLabels: SELECTOR },
      policyTypes: ['Ingress'],
      ingress: [{ ports: open.map((port) => ({ protocol: 'TCP', port })) }],
    },
  };
}

export function monitors(
  release: Release,
  { podMonitor }: Pick<InstallValues, 'podMonitor'>,
): readonly Manifest[] {
  return [
    monitor(
      CONTROL,
      { release, podMonitor },
      {
        selector: { matchLabels: SELECTOR },
        podMetricsEndpoints: [{ port: 'health', path: '/metrics' }],
      },
    ),
    monitor(
      'remora-sidecars',
      { release, podMonitor },
      {
        selector: {},
        namespaceSelector: { any: true },
        podMetricsEndpoints: [
          {
            path: '/metrics',
            relabelings: [
              {
                sourceLabels: ['__meta_kubernetes_pod_container_name'],
                regex: PROXY_CONTAINER,
                action: 'keep',
              },
              {
                sourceLabels: ['__meta_kubernetes_pod_container_port_number'],
                regex: String(ports.metrics),
                action: 'keep',
              },
              {
                sourceLabels: [
                  '__meta_kubernetes_pod_controller_kind',
                  '__meta_kubernetes_pod_controller_name',
                ],
                regex: 'ReplicaSet;(.+)-[a-z0-9]+',
                targetLabel: 'deployment',
              },
            ],
          },
        ],
      },
    ),
  ];
}

function monitor(
  name: string,
  { release, podMonitor }: { release: Release } & Pick<InstallValues, 'podMonitor'>,
  spec: object,
): Manifest {
  const { labels, ...metadata } = namespaced(name, release);
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    metadata: { ...metadata, labels: { ...labels, ...podMonitor.labels } },
    spec,
  };
}
