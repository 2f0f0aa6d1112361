/**
 * What the live view shows: everything measured and decided, nothing about a terminal.
 *
 * Types only. Filled by `mesh.ts`, drawn by `view.ts` and `plain-lines.ts`.
 */
import type { Problem } from '../files/problem.ts';

export interface ViewState {
  /** The folder, as the user named it. */
  readonly folder: string;
  readonly upMs: number;
  readonly instances: readonly InstanceView[];
  readonly routes: readonly RouteView[];
  readonly problems: readonly Problem[];
  /** Oldest first. */
  readonly events: readonly ViewEvent[];
  readonly tries: readonly Try[];
  /** Where things are: `[name, address]`, few and short. */
  readonly places: readonly (readonly [name: string, address: string])[];
}

export interface InstanceView {
  readonly name: string;
  readonly state: 'starting' | 'ready' | 'not ready' | 'down';
  readonly why: string;
}

/** One rule of one destination, summed over the proxies that use it. */
export interface RouteView {
  /** `catalog`, or `catalog.shop:8080` where that says more. */
  readonly destination: string;
  /** The rule's name; empty when no route is attached. */
  readonly rule: string;
  readonly requestsPerSecond: number;
  /** 0 to 1; null: no request was seen. */
  readonly successRatio: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** One entry per weighted backend. */
  readonly shares: readonly ShareView[];
}

export interface ShareView {
  readonly backend: string;
  readonly weight: number;
  /** Of the rule's requests lately, 0 to 1; null: no request was seen. */
  readonly real: number | null;
  readonly endpoints: number;
}

export interface ViewEvent {
  /** Local time of day, `12:03:55`. */
  readonly at: string;
  readonly text: string;
  readonly kind: 'good' | 'bad' | 'plain';
}

export interface Try {
  readonly what: string;
  readonly command: string;
}
