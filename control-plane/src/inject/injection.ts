/**
 * Whether a pod gets a sidecar, and which: left as it is, refused with the reason, or a patch.
 *
 * The pod has the last word, as a label or an annotation; where it says nothing its namespace has.
 * The webhook and `remora inject` both ask here, so that what one prints the other leaves alone.
 *
 * Pure. Called by `admit.ts` and `cli/inject.ts`.
 */
import { type Problem, shown } from '@remora/api/config/problems.ts';
import { INJECT, INJECTED, PROXY_CONTAINER } from '@remora/api/mesh-names.ts';
import { injectionPatch } from '../desired/injection-patch.ts';
import type { Installation } from '../desired/injection-plan.ts';
import { podRefusals, podWarnings } from '../desired/injection-refusals.ts';
import { type Pod, readPod } from '../desired/pod-shape.ts';
import { podWorkload } from '../desired/pod-workload.ts';
import type { JsonPatchOperation } from '../webhook/admission.ts';
import { readSettings } from './settings.ts';

export type Mode = 'enabled' | 'disabled';

export interface InjectionRequest {
  /** A Pod, or a template of one. */
  readonly pod: unknown;
  /** Of its namespace; null: it does not say. */
  readonly mode: Mode | null;
  /** Null: the pod itself tells, by who owns it. */
  readonly workload: string | null;
  readonly installation: Installation;
}

export type Injection =
  | { readonly is: 'left'; readonly why: string }
  | { readonly is: 'refused'; readonly problems: readonly Problem[] }
  | {
      readonly is: 'injected';
      readonly patch: readonly JsonPatchOperation[];
      readonly warnings: readonly Problem[];
    };

/** Kubelet's own pods, which the API server only mirrors. */
const MIRROR = 'kubernetes.io/config.mirror';

export function injectionOf({ pod, mode, workload, installation }: InjectionRequest): Injection {
  const reading = readPod(pod);
  if (reading.is === 'mistaken') return { is: 'refused', problems: reading.problems };
  const said = modeOf(reading.pod);
  if (said !== null && typeof said === 'object') return { is: 'refused', problems: [said] };
  const decided = said ?? mode;
  if (decided !== 'enabled') {
    return { is: 'left', why: `${INJECT} is ${decided ?? 'neither on the pod nor its namespace'}` };
  }
  const annotations = reading.pod.metadata?.annotations ?? {};
  if (annotations[MIRROR] !== undefined)
    return { is: 'left', why: 'it is the mirror of a static pod' };
  if (isInjected(reading.pod)) return { is: 'left', why: 'it was injected before' };
  const { settings, problems, warnings } = readSettings(annotations, installation.defaults);
  if (settings === null) return { is: 'refused', problems };
  const refusals = podRefusals(reading.pod, settings);
  if (refusals.length > 0) return { is: 'refused', problems: refusals };
  return {
    is: 'injected',
    patch: injectionPatch(reading.pod, {
      installation,
      settings,
      workload: workload ?? podWorkload(reading.pod.metadata ?? {}),
    }),
    warnings: [...warnings, ...podWarnings(reading.pod)],
  };
}

/** The annotation alone is not enough: it may have been copied from a pod that had a sidecar. */
function isInjected({ metadata, spec }: Pod): boolean {
  const hasSidecar = (spec.initContainers ?? []).some(({ name }) => name === PROXY_CONTAINER);
  return hasSidecar && metadata?.annotations?.[INJECTED] !== undefined;
}

/** What the pod itself says; null: nothing. */
function modeOf({ metadata }: Pod): Mode | Problem | null {
  const places = ['annotations', 'labels'] as const;
  const said = places.flatMap((place) => {
    const value = metadata?.[place]?.[INJECT];
    return value === undefined ? [] : [{ path: ['metadata', place, INJECT], value }];
  });
  const wrong = said.find(({ value }) => value !== 'enabled' && value !== 'disabled');
  if (wrong !== undefined) {
    const message = `${shown(wrong.value)} is not enabled or disabled`;
    return { path: wrong.path, message, remedy: 'Write "enabled" or "disabled"' };
  }
  const [first, second] = said;
  if (first !== undefined && second !== undefined && first.value !== second.value) {
    const message = `the annotation says ${first.value}, and the label ${second.value}`;
    return { path: first.path, message, remedy: 'Remove one of them' };
  }
  return (first?.value as Mode | undefined) ?? null;
}
