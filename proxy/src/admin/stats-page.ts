/**
 * GET /stats: what every rule and backend did since the start, and how its endpoints stand now.
 *
 *   {"uptimeSeconds":…,"residentBytes":…,"routes":[Row],"inbound":[Row]|null,"traces":{…},
 *    "backends":[…]}
 *
 * Counters and not rates: whoever asks twice can divide. A row's `latency` lists how many requests
 * took at most so many milliseconds, not cumulated; the last bound is null, and open. Written a row
 * at a time, since a large table is megabytes. The same pieces answer a query of the control plane.
 */
import type { Backend } from '../balance/backend.ts';
import type { Endpoint } from '../balance/endpoint.ts';
import type { LiveEntry } from '../control/live.ts';
import type { RouteSeries } from '../telemetry/proxy-metrics.ts';
import { type AdminWorld, answerPieces, type Page } from './page.ts';

export const statsPage: Page = {
  method: 'GET',
  path: '/stats',
  async answer(world, answer) {
    await answerPieces(world, answer, 'application/json', statsPieces(world));
  },
};

export function* statsPieces(world: AdminWorld): Generator<string> {
  const { live } = world.configuration;
  const uptime = Math.round(performance.now()) / 1_000;
  const resident = process.memoryUsage.rss();
  yield `{"uptimeSeconds":${uptime},"residentBytes":${resident},"routes":[`;
  yield* joined(routeRows(live.entries()));
  yield `],"inbound":${JSON.stringify(inboundRows(world))}`;
  yield `,"traces":${JSON.stringify(tracesOf(world))}`;
  yield ',"backends":[';
  yield* joined(backendRows(world, world.backends()));
  yield ']}\n';
}

/** One row for each target of each rule, one for what a rule answered without a target. */
function* routeRows(entries: Iterable<LiveEntry>): Generator<string> {
  const seen = new Set<string>();
  for (const { compiled } of entries) {
    if (compiled === null) continue;
    const { key: destination, version, unmatched } = compiled.destination;
    // Reached by several addresses: all count in the same series.
    if (seen.has(destination)) continue;
    seen.add(destination);
    const about = { destination, version };
    for (const rule of compiled.rules) {
      for (const { weight, series } of rule.targets) {
        yield JSON.stringify({ ...about, ...countsOf(series), weight });
      }
      if (rule.series.requests > 0) yield JSON.stringify({ ...about, ...countsOf(rule.series) });
    }
    if (unmatched.requests > 0) yield JSON.stringify({ ...about, ...countsOf(unmatched) });
  }
}

/** One row for each port of the application that was used. */
function inboundRows({ inbound }: AdminWorld) {
  if (inbound === null) return null;
  // At the addresses of both families a port counts in the same series.
  const ofPorts = new Set(Array.from(inbound.ports(), ({ series }) => series));
  return Array.from(ofPorts, (series) => {
    return { port: Number(series.labels.dst_port), ...countsOf(series) };
  });
}

function countsOf(series: RouteSeries) {
  const { requests, failures, successes, labels } = series;
  return {
    rule: labels.route,
    backend: labels.backend,
    requests,
    successes,
    failures,
    p50Ms: series.latencyMs(0.5),
    p99Ms: series.latencyMs(0.99),
    latency: series.latencyBuckets(),
  };
}

/** Of requests sent on, how many came with a trace. Inbound null: there is no application. */
function tracesOf({ traces, inbound }: AdminWorld) {
  const { inboundContinued, inboundBegun, outboundContinued, outboundBegun } = traces;
  return {
    inbound: inbound && { continued: inboundContinued, begun: inboundBegun },
    outbound: { continued: outboundContinued, begun: outboundBegun },
  };
}

function* backendRows(world: AdminWorld, backends: Iterable<Backend>): Generator<string> {
  for (const backend of backends) {
    const endpoints = backend.endpoints.map((endpoint) => ({
      address: endpoint.key,
      instance: endpoint.instance,
      weight: endpoint.weight,
      inFlight: endpoint.inFlight,
      ewmaMs: endpoint.ewmaMs,
      connections: world.connectionsOf(endpoint),
      ejected: endpoint.slot.isOut,
      limit: limitOf(endpoint),
    }));
    yield JSON.stringify({ key: backend.key, ...admissionOf(world, backend), endpoints });
  }
}

/** Null: nothing but the service's own bound. */
function limitOf({ slot }: Endpoint) {
  const { limit } = slot;
  return limit && { places: limit.places, phase: limit.phase, baseMs: finite(limit.baseMs) };
}

function admissionOf({ clock }: AdminWorld, { admission, budget, ejection }: Backend) {
  const { limit, inFlight, waiting, breaker } = admission;
  return {
    limit: finite(limit),
    inFlight,
    waiting,
    breaker: breaker.isOpen ? 'open' : 'closed',
    retriesLeft: budget.left(clock.nowMs()),
    ejections: ejection.counts.ejections,
  };
}

/** JSON has no infinity. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function* joined(rows: Iterable<string>): Generator<string> {
  let before = '\n';
  for (const row of rows) {
    yield before + row;
    before = ',\n';
  }
}
