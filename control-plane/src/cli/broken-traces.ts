/**
 * Which workloads break traces: they get requests with a trace and call others without one.
 *
 * Every request reaches an application with a trace, so one whose calls hardly ever continue one
 * drops the fields. Counted since each proxy's start, over all proxies of a workload: one replica
 * sees too little. A proxy without an application beside it is left out, whatever it sends: there
 * is nothing that it could have copied from.
 *
 * It is a judgment and not a proof: an application that calls others mostly of its own accord looks
 * the same. So it is a warning, and the numbers stand beside it. Pure. Called by `status.ts`.
 */
import { z } from 'zod';
import { compareText } from '../compare-text.ts';

/** Fewer requests than that, either way, say nothing. */
const REQUESTS_MIN = 20;
const CONTINUED_RATIO_MIN = 0.05;
const TOLD_MAX = 20;
const REMEDY = 'copy traceparent and tracestate (or b3) from each request to the calls made for it';

/** What one proxy counted, or all of a workload. */
export interface TraceReading {
  readonly workload: string;
  readonly namespace: string;
  /** Requests that came to the application; each has a trace by then. */
  readonly received: number;
  /** Requests that the application made. */
  readonly sent: number;
  /** Of those, the ones that continued a trace. */
  readonly continued: number;
}

const page = z.object({
  // By port of the application, without what kubelet probes.
  inbound: z.array(z.object({ requests: z.number() })).nullable(),
  traces: z.object({ outbound: z.object({ continued: z.number(), begun: z.number() }) }),
});

/** From a `/stats` page. Null: no application is beside that proxy. Throws for what is no page. */
export function readTraces(
  { workload, namespace }: { readonly workload: string; readonly namespace: string },
  json: unknown,
): TraceReading | null {
  const { inbound, traces } = page.parse(json);
  const { continued, begun } = traces.outbound;
  if (inbound === null) return null;
  return {
    workload,
    namespace,
    received: inbound.reduce((sum, { requests }) => sum + requests, 0),
    sent: continued + begun,
    continued,
  };
}

/** The workloads that break traces, by name. */
export function brokenTraces(readings: readonly TraceReading[]): TraceReading[] {
  const sums = new Map<string, TraceReading>();
  for (const reading of readings) {
    const key = nameOf(reading);
    const { received = 0, sent = 0, continued = 0 } = sums.get(key) ?? {};
    sums.set(key, {
      ...reading,
      received: received + reading.received,
      sent: sent + reading.sent,
      continued: continued + reading.continued,
    });
  }
  return [...sums.values()].filter(breaksTraces).sort((a, b) => compareText(nameOf(a), nameOf(b)));
}

/** A line for each, as many as somebody reads. */
export function brokenTraceLines(broken: readonly TraceReading[]): string[] {
  const lines = broken.slice(0, TOLD_MAX).map((workload) => {
    const { received, sent, continued } = workload;
    const share = continued === 0 ? 'none' : 'few';
    const numbers = `${received} received; ${continued} of ${sent} calls continued one`;
    return `${nameOf(workload)} receives traces and passes ${share} on: ${REMEDY} (${numbers}).`;
  });
  const more = broken.length - lines.length;
  if (more > 0) lines.push(`${more} more workloads break traces: --json lists them.`);
  return lines;
}

function breaksTraces({ received, sent, continued }: TraceReading): boolean {
  if (received < REQUESTS_MIN || sent < REQUESTS_MIN) return false;
  return continued < sent * CONTINUED_RATIO_MIN;
}

function nameOf({ workload, namespace }: TraceReading): string {
  return `${workload}.${namespace}`;
}
