/**
 * One address of a backend, and what is remembered about it while it lives.
 *
 * State is here and not in the balancers, so that it survives every change of configuration and
 * of balancer. The pool is a handle: balancing never imports sockets.
 *
 * Pure data, owned by one `Backend`; `net/pool` hangs its connections on it.
 */
import { formatAddress } from '@remora/api/destination.ts';
import type { EndpointConfig } from '@remora/api/wire.ts';
import { EndpointHealth, type Judged } from '../resilience/endpoint-health.ts';
import { Slot } from '../resilience/slot.ts';

export interface PoolHandle {
  /** Its endpoint was removed: idle connections close, leased ones once their request ends. */
  close(): void;
}

/** What an endpoint that never answered is taken for: pessimistic, so that newcomers are tried. */
export const FIRST_RTT_MS = 30;

/** Ready since before anyone looked: no slow start. */
export const READY_BEFORE = Number.NEGATIVE_INFINITY;

export class Endpoint implements Judged {
  /** Unique within its backend, never used again. */
  readonly id: number;
  /** `address:port`. */
  readonly key: string;
  readonly address: string;
  readonly port: number;
  instance: string;
  weight: number;
  /** Another Remora stands before it, which limits by itself. */
  inMesh: boolean;
  /** Requests sent and not yet done. */
  inFlight = 0;
  /** What its service's admission counts of it; without room it is skipped where another has. */
  readonly slot: Slot = new Slot(null);
  readonly health: EndpointHealth = new EndpointHealth();
  /** Peak-sensitive mean of response times as of `ewmaAtMs`; it decays from there. */
  ewmaMs: number = FIRST_RTT_MS;
  ewmaAtMs: number;
  /** Plain mean of good answers, which failures and peaks leave alone: how long is unusual? */
  usualMs: number = FIRST_RTT_MS;
  /** Whether `ewmaMs` is of answers; else the first one takes its place. */
  isMeasured = false;
  /** Of the last request, and which of its backend's it was. */
  sentAtMs: number;
  sentTurn = 0;
  /** The request under way is to see whether it is still slow. */
  isExplored = false;
  failedTrials = 0;
  readyAtMs: number;
  /** Left the configuration: gets no new requests, ends those it has. */
  removed = false;
  /** Where it stands in its backend's list of pickable endpoints. */
  position = 0;
  /** Credit of the smooth weighted round robin. */
  turn = 0;
  pool: PoolHandle | null = null;

  constructor(id: number, key: string, config: EndpointConfig, nowMs: number) {
    this.id = id;
    this.key = key;
    this.address = config.address;
    this.port = config.port;
    this.instance = config.instance;
    this.weight = config.weight;
    this.inMesh = config.inMesh;
    this.readyAtMs = nowMs;
    this.ewmaAtMs = nowMs;
    this.sentAtMs = nowMs;
  }

  onOut(isOut: boolean): void {
    this.slot.isOut = isOut;
  }

  /** Readmitted after an ejection: its share grows again, and old failures do not weigh on it. */
  becomeNew(nowMs: number): void {
    this.readyAtMs = nowMs;
    this.ewmaMs = FIRST_RTT_MS;
    this.ewmaAtMs = nowMs;
    this.isMeasured = false;
    this.turn = 0;
  }
}

export function endpointKey(config: EndpointConfig): string {
  return formatAddress(config.address, config.port);
}
