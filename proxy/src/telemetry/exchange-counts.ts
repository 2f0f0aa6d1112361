/**
 * What the data path counts in plain fields, and the metrics read when they are scraped.
 *
 * Pure data. Made by `proxy.ts`, counted up by `exchange/` and `net/`.
 */
import { noTraces, type TraceCounts } from './trace-counts.ts';

export interface ExchangeCounts {
  inFlight: number;
  hedges: number;
  clientsGone: number;
  mirrored: number;
  mirrorsActive: number;
  mirrorsDropped: number;
  upstreamConnections: number;
  connects: number;
  connectFailures: number;
  deadlinesMalformed: number;
  readonly traces: TraceCounts;
}

export function noCounts(): ExchangeCounts {
  return {
    inFlight: 0,
    hedges: 0,
    clientsGone: 0,
    mirrored: 0,
    mirrorsActive: 0,
    mirrorsDropped: 0,
    upstreamConnections: 0,
    connects: 0,
    connectFailures: 0,
    deadlinesMalformed: 0,
    traces: noTraces(),
  };
}
