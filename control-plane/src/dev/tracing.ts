/**
 * Where a local mesh sends its traces, and what to tell the user about that.
 *
 * Every trace is sampled: one user's clicks are few, and each is looked at. Nobody need listen, now
 * or ever: sidecars drop what no collector takes.
 *
 * Called by the verb `dev` and by `mesh.ts`.
 */
import { connect } from 'node:net';
import { collectorPorts } from '@remora/api/ports.ts';

export interface Tracing {
  /** Null: traces go nowhere. */
  readonly url: string | null;
  /** Of the traces that begin here, 0 to 1. */
  readonly sample: number;
}

export const STANDARD_COLLECTOR = `http://127.0.0.1:${collectorPorts.otlpHttp}`;
const CONNECT_MS_MAX = 500;

/** One line: where traces go, and what to do so that they can be seen. */
export async function tracingNews({ url }: Tracing): Promise<string> {
  if (url === null) return 'Traces are sent nowhere (--traces none)';
  if (!(await listens(url))) {
    return `Nobody takes traces at ${url} yet: \`npm run jaeger\` builds and starts Jaeger there`;
  }
  const isStandard = url === STANDARD_COLLECTOR;
  const page = isStandard
    ? `: see them at http://127.0.0.1:${collectorPorts.jaegerQuery} (Jaeger)`
    : '';
  return `Every trace is sent to ${url}${page}`;
}

export function tracingArguments({ url, sample }: Tracing): string[] {
  return url === null ? [] : ['--traces', url, '--sample', String(sample)];
}

function listens(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(port || 80),
    });
    const end = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.setTimeout(CONNECT_MS_MAX, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
