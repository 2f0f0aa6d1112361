/**
 * Probes that keep their meaning behind a sidecar.
 *
 * HTTP goes through the sidecar's inbound to the application and stays as it is, and so does HTTPS.
 * A TCP probe would be answered by whoever accepts, which is the sidecar, always; a gRPC probe
 * speaks HTTP/2 to it. Both become GETs of a page of the sidecar that dials the application, with
 * every timing kept. `exec` never leaves the container. A probe of another host, or of a port that
 * is not taken, never meets the sidecar.
 *
 * Pure. Called by `injection-patch.ts`; what cannot be rewritten is refused before.
 */
import { ports } from '@remora/api/ports.ts';
import type { Settings } from '../inject/settings.ts';
import { isTaken } from './injection-plan.ts';
import type { Container, Probe } from './pod-shape.ts';

export const PROBES = ['startupProbe', 'livenessProbe', 'readinessProbe'] as const;

const TIMEOUT_SECONDS_STANDARD = 1;
/** What the page takes. */
const TIMEOUT_MS_MAX = 60_000;

/** The container with its probes rewritten, and the ports that they ask for. */
export interface Probed {
  readonly container: Container;
  readonly ports: readonly number[];
}

export function withProbes(container: Container, settings: Settings): Probed {
  const probed: number[] = [];
  const rewritten: Partial<Record<(typeof PROBES)[number], Probe>> = {};
  for (const name of PROBES) {
    const probe = container[name];
    const target = probe && targetOf(probe, container);
    if (!probe || !target || typeof target.port === 'string') continue;
    if (!isTaken(target.port, settings)) continue;
    const { tcpSocket, grpc, ...kept } = probe;
    rewritten[name] = { ...kept, httpGet: { path: pathOf(probe, target), port: ports.metrics } };
    probed.push(target.port);
  }
  return { container: { ...container, ...rewritten }, ports: probed };
}

interface ProbeTarget {
  readonly protocol: 'tcp' | 'grpc';
  /** A name: the container has no such port. */
  readonly port: number | string;
  readonly service: string;
}

/** Null: this probe never meets the sidecar, or keeps its meaning through it. */
export function targetOf(probe: Probe, container: Container): ProbeTarget | null {
  const { tcpSocket, grpc } = probe;
  if (tcpSocket) {
    if (tcpSocket.host) return null;
    const port = numberOf(tcpSocket.port, container);
    return { protocol: 'tcp', port, service: '' };
  }
  if (!grpc) return null;
  return { protocol: 'grpc', port: numberOf(grpc.port, container), service: grpc.service ?? '' };
}

/** As kubelet does it: among the ports of the same container, or a number as text. */
function numberOf(port: number | string, container: Container): number | string {
  if (typeof port === 'number') return port;
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  return named ?? (/^[0-9]+$/.test(port) ? Number(port) : port);
}

function pathOf({ timeoutSeconds }: Probe, { protocol, port, service }: ProbeTarget): string {
  const timeoutMs = Math.min((timeoutSeconds ?? TIMEOUT_SECONDS_STANDARD) * 1_000, TIMEOUT_MS_MAX);
  const named = service === '' ? '' : `service=${encodeURIComponent(service)}&`;
  return `/probe/${protocol}/${port}?${named}timeoutMs=${timeoutMs}`;
}
