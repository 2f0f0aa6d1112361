/**
 * A pod with a sidecar, of a pod without one; and the least that has to change for it.
 *
 * The init step comes first and the sidecar second, before the pod's own init containers, so that
 * those speak through the mesh as well. Whether the pod may have one was asked before.
 *
 * Pure. Called by `inject/injection.ts`. Cases: `test/golden/inject-*`.
 */
import { INJECTED } from '@remora/api/mesh-names.ts';
import type { JsonPatchOperation } from '../webhook/admission.ts';
import { graceSeconds, type InjectionPlan, saysPause } from './injection-plan.ts';
import { withProbes } from './injection-probes.ts';
import { initContainer, LAST_GOOD_VOLUME, proxyContainer, volumes } from './injection-sidecar.ts';
import { jsonPatch } from './json-patch.ts';
import type { Container, Pod } from './pod-shape.ts';

/** The autoscaler takes a volume on the node's disk for a reason to keep the node, unless named. */
const EVICTABLE = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';

export function injectionPatch(pod: Pod, plan: InjectionPlan): readonly JsonPatchOperation[] {
  return jsonPatch(pod, injectedPod(pod, plan));
}

function injectedPod(pod: Pod, plan: InjectionPlan): Pod {
  const { settings, installation } = plan;
  const { metadata, spec } = pod;
  const inits = (spec.initContainers ?? []).map((one) => withProbes(one, settings));
  const apps = spec.containers.map((one) => withProbes(one, settings));
  const probed = new Set([...inits, ...apps].flatMap(({ ports }) => ports));
  const pauseSeconds = pauseSecondsOf(pod, plan);
  const annotations = metadata?.annotations ?? {};
  return {
    ...pod,
    metadata: {
      ...metadata,
      annotations: {
        ...annotations,
        [INJECTED]: installation.version,
        [EVICTABLE]: withName(annotations[EVICTABLE]),
      },
    },
    spec: {
      ...spec,
      initContainers: [
        initContainer(plan),
        proxyContainer(
          plan,
          [...probed].sort((a, b) => a - b),
        ),
        ...inits.map(({ container }) => container),
      ],
      containers: apps.map(({ container }) => withPause(container, pauseSeconds)),
      volumes: [...(spec.volumes ?? []), ...volumes],
    },
  };
}

/** Half of the time to end at most, unless the pod itself says how long. */
function pauseSecondsOf(pod: Pod, { settings }: InjectionPlan): number {
  const grace = graceSeconds(pod);
  const most = saysPause(pod) ? grace : Math.floor(grace / 2);
  return Math.min(settings.preStopSeconds, most);
}

/** An application that has a way of its own to end keeps it. */
function withPause(container: Container, seconds: number): Container {
  if (seconds === 0 || container.lifecycle?.preStop) return container;
  return { ...container, lifecycle: { ...container.lifecycle, preStop: { sleep: { seconds } } } };
}

function withName(list: string | undefined): string {
  const names = (list ?? '').split(',').filter((name) => name !== '');
  return names.includes(LAST_GOOD_VOLUME)
    ? names.join(',')
    : [...names, LAST_GOOD_VOLUME].join(',');
}
