/**
 * What an upstream server of the chaos runs can be told to do, and what it can tell.
 *
 * Pure types. Spoken by `upstream-program.ts` and by the scenarios.
 */

export type Fault =
  | 'none'
  /** The port is closed: connections are refused, and those there were are reset. */
  | 'refuse'
  | 'reset-before-head'
  | 'reset-in-head'
  /** With half of the body sent. */
  | 'reset-after-head'
  /** Half of the resets come before the request was executed, half after. */
  | 'reset-around'
  /** Reads, and never says a word. */
  | 'stall'
  | 'garbage'
  /** A second answer, which nobody asked for, in the same write. */
  | 'twice'
  /** Idle connections are closed without notice after a time drawn from 0 to `idleMs`. */
  | 'idle-close-at-random'
  /** Idle connections are closed without notice after exactly `idleMs`. */
  | 'idle-close'
  | 'slow'
  | 'status-503';

export interface Behaviour {
  readonly fault: Fault;
  /** Of the requests, 0 to 1. Without meaning for `refuse` and the idle ones. */
  readonly share: number;
  /** Added to the service time by `slow`. */
  readonly slowMs: number;
  readonly idleMs: number;
}

/** How long work takes: shares (their sum is 1) and their milliseconds. */
export interface Service {
  /** Requests worked on at once; the others wait, first in first out; 0: no bound. */
  readonly workers: number;
  readonly times: readonly (readonly [share: number, ms: number])[];
}

export type UpstreamOrder =
  | {
      readonly do: 'open';
      readonly endpoints: number;
      readonly service: Service;
      readonly seed: number;
      /** Not null: each endpoint passes what it gets on to here, as an application does. */
      readonly forward: { readonly port: number; readonly host: string } | null;
    }
  | { readonly do: 'behave'; readonly endpoint: number; readonly behaviour: Behaviour }
  | { readonly do: 'serve'; readonly service: Service }
  | { readonly do: 'freeze' | 'thaw' | 'count' };

export interface Opened {
  readonly ports: readonly number[];
}

/** When an order was carried out, on the epoch clock. */
export interface Done {
  readonly atMs: number;
}

export interface Counted {
  /** By endpoint, when each request arrived (epoch). */
  readonly arrivals: readonly Float64Array[];
  /** By key: how often the request was executed. */
  readonly executed: Uint8Array;
  /** When idle connections were closed (epoch), the first 1,000. */
  readonly idleCloses: readonly number[];
  /** Bytes that no request reader of ours understood: a proxy that garbles. */
  readonly unreadable: number;
}

export type UpstreamAnswer = Opened | Done | Counted;

export const healthy: Behaviour = { fault: 'none', share: 1, slowMs: 0, idleMs: 0 };

export function faulty(fault: Fault, more: Partial<Behaviour> = {}): Behaviour {
  return { ...healthy, fault, ...more };
}
