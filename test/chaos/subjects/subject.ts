/**
 * What stands between the load and the upstream: Remora, or a peer in its place.
 *
 * Pure types. Implemented by `remora.ts` and `envoy.ts`.
 */
import type { Spawned } from '../machine/programs.ts';
import type { Programs } from '../machine/programs.ts';
import type { ServicePlan } from './mesh.ts';

export interface Sidecar {
  /** Where the load connects. */
  readonly port: number;
  readonly process: Spawned;
}

/** The part of a scene that a subject needs. */
export interface Place {
  readonly programs: Programs;
  readonly folder: string;
  readonly say: (text: string) => void;
}

export interface Subject {
  readonly name: string;
  /** An outbound sidecar in front of these Services. */
  start(place: Place, plans: readonly ServicePlan[]): Promise<Sidecar>;
}
