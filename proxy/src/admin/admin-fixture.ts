/**
 * What the pages show, for tests: an empty proxy, and the parts that a test cares about.
 *
 * Tests only.
 */
import { formatAddress } from '@remora/api/destination.ts';
import type { ControlWorld } from '../control/control-fixture.ts';
import { AccessLog } from '../telemetry/access-log.ts';
import { LineLog } from '../telemetry/log.ts';
import { LateByHand } from '../telemetry/late-records-fixture.ts';
import { RecordStore } from '../telemetry/record-store.ts';
import { noTraces } from '../telemetry/trace-counts.ts';
import type { AdminWorld } from './page.ts';
import { Probes } from './probe-page.ts';
import type { AdminServer } from './server.ts';

export function adminWorld(control: ControlWorld, parts: Partial<AdminWorld> = {}): AdminWorld {
  const { metrics, clock, live, backends } = control;
  const log = new LineLog({ writableLength: 0, write: () => true }, 'remora-proxy', () => 0);
  return {
    ...{ metrics, clock, configuration: { live }, backends: () => backends.backends() },
    ...{ inbound: null, app: null, traces: noTraces() },
    records: new RecordStore(new LateByHand()),
    accessLog: new AccessLog({ mode: 'errors', sample: 1 }, log, clock),
    probes: new Probes({ ports: new Set(), host: null }),
    isReady: () => true,
    drain: () => undefined,
    draining: () => ({ phase: 'serving', inFlight: 0 }),
    connectionsOf: () => 0,
    ...parts,
  };
}

/** The URL of its pages, on a free port. */
export async function urlOf(server: AdminServer, host = '127.0.0.1'): Promise<string> {
  const bound = await server.listen({ host, port: 0 });
  return `http://${formatAddress(bound.host, bound.port)}`;
}
