/**
 * How many requests were sent on with a trace that they came with, and how many with a new one.
 *
 * Outbound this tells of the application: one that copies its callers' trace fields continues
 * traces, one that drops them begins a new one with every call, and nothing else shows it. Inbound
 * it tells how many requests the application got, each with a trace. Who drops them is not judged
 * here: a workload is many proxies, and the control plane sums them.
 *
 * Counted in `exchange/tries.ts`, once for each request that is laid out, however many attempts it
 * takes; a mirrored copy is no request. Budget: no allocation, no clock; the head was read by then.
 */
import type { Head } from '../http1/head.ts';
import type { Registry } from './registry.ts';
import { continuesTrace } from './trace-context.ts';

/** Each is a plain number: an addition is all that a request pays. */
export interface TraceCounts {
  inboundContinued: number;
  inboundBegun: number;
  outboundContinued: number;
  outboundBegun: number;
}

export function noTraces(): TraceCounts {
  return { inboundContinued: 0, inboundBegun: 0, outboundContinued: 0, outboundBegun: 0 };
}

export function countTrace(
  counts: TraceCounts,
  direction: 'inbound' | 'outbound',
  head: Head,
): void {
  const isContinued = continuesTrace(head);
  if (direction === 'outbound') {
    if (isContinued) counts.outboundContinued++;
    else counts.outboundBegun++;
  } else if (isContinued) counts.inboundContinued++;
  else counts.inboundBegun++;
}

export function registerTraceMetrics(registry: Registry, counts: Readonly<TraceCounts>): void {
  registry.collect({
    name: 'remora_traces_total',
    type: 'counter',
    help: 'Requests sent on, by whether they came with a trace (continued) or got one (begun).',
    labels: ['direction', 'origin'],
    rows: () => [
      { labels: ['inbound', 'continued'], value: counts.inboundContinued },
      { labels: ['inbound', 'begun'], value: counts.inboundBegun },
      { labels: ['outbound', 'continued'], value: counts.outboundContinued },
      { labels: ['outbound', 'begun'], value: counts.outboundBegun },
    ],
  });
}
