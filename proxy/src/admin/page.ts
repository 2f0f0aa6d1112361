/**
 * What a page of the admin listeners is, and the world that pages look at.
 *
 * Types, and the one way to write what may be long: in pieces, with the loop let round between, so
 * that a scrape of thousands of series never stalls a request and never outruns its reader.
 *
 * Each page is a file of its own; `server.ts` serves them; `proxy.ts` makes the world.
 */
import type { DrainState } from '@remora/api/draining.ts';
import type { Backend } from '../balance/backend.ts';
import type { Endpoint } from '../balance/endpoint.ts';
import type { Clock } from '../clock.ts';
import type { Configuration } from '../control/configuration.ts';
import type { Head } from '../http1/head.ts';
import * as limits from '../limits.ts';
import type { AccessLog } from '../telemetry/access-log.ts';
import type { ProxyMetrics, RouteSeries } from '../telemetry/proxy-metrics.ts';
import type { RecordStore } from '../telemetry/record-store.ts';
import type { TraceCounts } from '../telemetry/trace-counts.ts';
import type { AppMetrics } from './app-metrics.ts';
import type { PageAnswer } from './page-answer.ts';
import type { Probes } from './probe-page.ts';

/** The application, by its ports. */
export interface Application {
  ports(): Iterable<{ readonly series: RouteSeries; readonly backend: Backend }>;
}

export interface AdminWorld {
  readonly metrics: ProxyMetrics;
  readonly configuration: Pick<Configuration, 'live'>;
  readonly clock: Clock;
  /** The application's beside this proxy among them. */
  backends(): Iterable<Backend>;
  /** The application beside this proxy, if there is one. */
  readonly inbound: Application | null;
  readonly traces: Readonly<TraceCounts>;
  /** What is known of requests that ended. */
  readonly records: RecordStore;
  readonly accessLog: AccessLog;
  /** Its own metrics, where they are merged. */
  readonly app: AppMetrics | null;
  readonly probes: Probes;
  isReady(): boolean;
  /** Begins to drain; does nothing when that has begun. */
  drain(): void;
  /** How far a drain is, and how many requests are under way, in and out. */
  draining(): DrainState;
  /** Open connections to an endpoint, those in use included. */
  connectionsOf(endpoint: Endpoint): number;
}

export interface Page {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** One that ends with a slash goes on: what follows is the page's to read. */
  readonly path: string;
  /** `name`: of a page that has one. */
  answer(world: AdminWorld, answer: PageAnswer, head: Head, name: string): void | Promise<void>;
}

/** Starts a 200 and writes it piece by piece. Ends early when the client has gone. */
export async function answerPieces(
  world: AdminWorld,
  answer: PageAnswer,
  contentType: string,
  pieces: Iterable<string>,
): Promise<void> {
  const { clock } = world;
  answer.begin(200, contentType);
  let untilMs = clock.nowMs() + limits.compileSliceMs;
  for (const piece of pieces) {
    if (answer.isGone) return;
    const isTaken = answer.write(piece);
    if (isTaken && clock.nowMs() < untilMs) continue;
    if (!isTaken) await answer.drained();
    await nextTurn();
    untilMs = clock.nowMs() + limits.compileSliceMs;
  }
  answer.end();
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A request's query as it came, without the question mark. */
export function queryOf(head: Head): string {
  return head.text(head.queryStart, head.queryEnd);
}
