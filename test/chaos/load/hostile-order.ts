/** What the hostile clients can be told to do, and what came of it. Pure types. */

export type HostileOrder =
  /** Heads that never end, a byte at a time. */
  | {
      readonly do: 'drip';
      readonly port: number;
      readonly connections: number;
      readonly seconds: number;
    }
  /** Heads that are far too large. */
  | { readonly do: 'bomb'; readonly port: number; readonly connections: number }
  /** Connections that made a request and then stay; kept until `release`. */
  | {
      readonly do: 'idle';
      readonly port: number;
      readonly host: string;
      readonly connections: number;
    }
  | { readonly do: 'release' };

export interface HostileReport {
  readonly opened: number;
  /** The longest that one of them was borne. */
  readonly longestS: number;
  /** Connections whose head was taken for a request: answered 2xx or 3xx. */
  readonly accepted: number;
  /** Still open at the end. */
  readonly left: number;
}
