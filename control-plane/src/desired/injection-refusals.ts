/**
 * Why a pod cannot have a sidecar, and what to do about it.
 *
 * Each is a case in which injection would make a pod that does not start, or one that looks as if
 * it were in the mesh and is not. Whoever does not want a sidecar says `remora.dev/inject:
 * disabled`, and nothing here is asked.
 *
 * Pure. Called by `inject/injection.ts`.
 */
import type { Problem } from '@remora/api/config/problems.ts';
import { INIT_CONTAINER, INJECT, PROXY_CONTAINER, PROXY_UID } from '@remora/api/mesh-names.ts';
import type { Settings } from '../inject/settings.ts';
import { graceSeconds, OWN_PORTS, PRE_STOP, saysPause } from './injection-plan.ts';
import { PROBES, targetOf } from './injection-probes.ts';
import { LAST_GOOD_VOLUME, TOKEN_VOLUME } from './injection-sidecar.ts';
import { type Container, containersOf, type Pod } from './pod-shape.ts';

type Place = (string | number)[];

const LEAVE_OUT = `leave the pod out of the mesh with the annotation ${INJECT}: disabled`;
const OTHER_MESHES: Readonly<Record<string, string>> = {
  'istio-proxy': 'Istio',
  'linkerd-proxy': 'Linkerd',
  'kuma-sidecar': 'Kuma',
  'consul-dataplane': 'Consul',
};

export function podRefusals(pod: Pod, settings: Settings): readonly Problem[] {
  return [
    ...ofThePod(pod),
    ...[...containersOf(pod)].flatMap(([place, container]) => [
      ...ofNames(place, container),
      ...ofPorts(place, container),
      ...ofUser(place, container, pod),
      ...ofProbes(place, container),
    ]),
    ...ofVolumes(pod),
    ...ofPause(pod, settings),
  ];
}

/** What does not keep a sidecar away, and may keep it from working. */
export function podWarnings({ spec }: Pod): readonly Problem[] {
  if (spec.dnsPolicy !== 'Default') return [];
  return [
    {
      path: ['spec', 'dnsPolicy'],
      message: "names of the cluster do not resolve, so the sidecar can't find its control plane",
      remedy: 'Write ClusterFirst',
    },
  ];
}

function ofThePod({ spec }: Pod): Problem[] {
  const problems: Problem[] = [];
  if (spec.hostNetwork === true) {
    problems.push({
      path: ['spec', 'hostNetwork'],
      message: "the pod's connections are those of its node, which must not be redirected",
      remedy: `Remove hostNetwork, or ${LEAVE_OUT}`,
    });
  }
  const isWindows = spec.os?.name === 'windows';
  if (isWindows || spec.nodeSelector?.['kubernetes.io/os'] === 'windows') {
    problems.push({
      path: ['spec', ...(isWindows ? ['os'] : ['nodeSelector'])],
      message: 'the pod runs on Windows, where the sidecar does not',
      remedy: capitalized(LEAVE_OUT),
    });
  }
  return problems;
}

function ofNames(place: Place, { name }: Container): Problem[] {
  if (name === PROXY_CONTAINER || name === INIT_CONTAINER) {
    const message = `the name ${name} is the mesh's own, and this container is not from injection`;
    return [{ path: [...place, 'name'], message, remedy: 'Give the container another name' }];
  }
  const mesh = OTHER_MESHES[name];
  if (mesh === undefined) return [];
  const message = `the pod is in a mesh of ${mesh}, which redirects the same connections`;
  const remedy = `Take it out of that mesh, or ${LEAVE_OUT}`;
  return [{ path: [...place, 'name'], message, remedy }];
}

function ofPorts(place: Place, container: Container): Problem[] {
  return (container.ports ?? []).flatMap(({ containerPort, protocol }, at): Problem[] => {
    if ((protocol ?? 'TCP') !== 'TCP' || !OWN_PORTS.includes(containerPort)) return [];
    const message = `port ${containerPort} is the sidecar's own`;
    const remedy = `Let ${container.name} listen on another port than ${OWN_PORTS.join(', ')}`;
    return [{ path: [...place, 'ports', at, 'containerPort'], message, remedy }];
  });
}

function ofUser(place: Place, { securityContext }: Container, { spec }: Pod): Problem[] {
  const own = securityContext?.runAsUser;
  if ((own ?? spec.securityContext?.runAsUser) !== PROXY_UID) return [];
  const where = typeof own === 'number' ? place : ['spec'];
  return [
    {
      path: [...where, 'securityContext', 'runAsUser'],
      message: `user ${PROXY_UID} is the sidecar's, whose connections are not redirected`,
      remedy: 'Run the container as another user',
    },
  ];
}

/** A name that the container does not declare: kubelet could not find it either. */
function ofProbes(place: Place, container: Container): Problem[] {
  return PROBES.flatMap((name): Problem[] => {
    const probe = container[name];
    const target = probe && targetOf(probe, container);
    if (!target) return [];
    const { port, protocol } = target;
    if (typeof port === 'number') return [];
    const path = [...place, name, protocol === 'tcp' ? 'tcpSocket' : 'grpc', 'port'];
    const message = `the container has no port named ${port}`;
    return [{ path, message, remedy: "Name it among the container's ports, or write its number" }];
  });
}

function ofVolumes({ spec }: Pod): Problem[] {
  return (spec.volumes ?? []).flatMap(({ name }, at): Problem[] => {
    if (name !== TOKEN_VOLUME && name !== LAST_GOOD_VOLUME) return [];
    const message = `the name ${name} is the mesh's own`;
    const remedy = 'Give the volume another name';
    return [{ path: ['spec', 'volumes', at, 'name'], message, remedy }];
  });
}

/** Only where the pod itself says how long: what holds for all is shortened to what fits. */
function ofPause(pod: Pod, { preStopSeconds }: Settings): Problem[] {
  const grace = graceSeconds(pod);
  if (!saysPause(pod) || preStopSeconds <= grace) return [];
  return [
    {
      path: ['metadata', 'annotations', PRE_STOP],
      message: `${preStopSeconds} is over the ${grace} s that the pod has to end`,
      remedy: 'Write less, or raise spec.terminationGracePeriodSeconds',
    },
  ];
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
