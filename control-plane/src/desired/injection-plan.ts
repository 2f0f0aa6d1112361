/**
 * What injection puts into pods, as an installation says it and as a pod's annotations say it.
 *
 * Pure types, and the questions that several of `injection-*.ts` ask of them.
 */
import { MESH_PREFIX } from '@remora/api/mesh-names.ts';
import type { PortRange } from '@remora/api/network-lists.ts';
import { ports } from '@remora/api/ports.ts';
import type { Annotations, Settings } from '../inject/settings.ts';
import type { Pod } from './pod-shape.ts';

/** The same for every pod of a mesh. */
export interface Installation {
  /** Left in the pod's annotation. */
  readonly version: string;
  readonly image: string;
  /** Where the control plane is. */
  readonly namespace: string;
  /** The authority that signs its certificate, PEM. */
  readonly authority: string;
  /** Settings that hold where a pod says nothing, by name without `remora.dev/`. */
  readonly defaults: Annotations;
}

export interface InjectionPlan {
  readonly installation: Installation;
  readonly settings: Settings;
  /** What `source` matches compare with, and series are called by. */
  readonly workload: string;
}

export const OWN_PORTS: readonly number[] = [
  ports.outbound,
  ports.inbound,
  ports.admin,
  ports.metrics,
];
/** The annotation by which a pod says how long it pauses before its end. */
export const PRE_STOP = `${MESH_PREFIX}pre-stop-seconds`;
/** Kubernetes' own. */
const GRACE_SECONDS_STANDARD = 30;

export function graceSeconds({ spec }: Pod): number {
  return spec.terminationGracePeriodSeconds ?? GRACE_SECONDS_STANDARD;
}

/** Whether the pod itself says how long, and not the defaults for all. */
export function saysPause({ metadata }: Pod): boolean {
  return metadata?.annotations?.[PRE_STOP] !== undefined;
}

/** Whether connections to this port of the pod arrive at the sidecar. */
export function isTaken(port: number, settings: Settings): boolean {
  const { skipInboundPorts, onlyInboundPorts } = settings;
  if (holds(skipInboundPorts, port)) return false;
  return onlyInboundPorts.length === 0 || holds(onlyInboundPorts, port);
}

function holds(ranges: readonly PortRange[], port: number): boolean {
  return ranges.some(({ first, last }) => port >= first && port <= last);
}
