/**
 * A real Jaeger in the cluster, in a namespace that has no sidecars, and what it knows of a trace.
 *
 * Used by the suites about traces, whose headers need its image. Not pure.
 */
import { collectorPorts } from '@remora/api/ports.ts';
import { jaegerArguments } from '../../../scripts/jaeger-build.ts';
import type { JaegerSpan, JaegerTrace } from '../../support/jaeger.ts';
import { type Cluster, podOf, startNamespace } from './cluster.ts';
import { idlePod } from './shop.ts';

const IMAGE = 'remora-jaeger:dev';
const NAMESPACE = 'observability';
const NAME = 'jaeger';
const QUERY_GRPC_PORT = 16_685;
/** Where sidecars send their spans. */
export const COLLECTOR = `http://${NAME}.${NAMESPACE}:${collectorPorts.otlpHttp}`;

export class ClusterJaeger {
  readonly #cluster: Cluster;

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  static async start(): Promise<ClusterJaeger> {
    const cluster = await startNamespace(NAMESPACE);
    await cluster.apply([pod(), service(), idlePod('client')]);
    await cluster.waitReady(`pod/${NAME}`);
    await cluster.waitReady('pod/client');
    return new ClusterJaeger(cluster);
  }

  /** What it has of a trace so far; null: nothing. */
  async trace(id: string): Promise<JaegerTrace | null> {
    const url = `http://${NAME}:${collectorPorts.jaegerQuery}/api/traces/${id}`;
    const code = `console.log(await (await fetch('${url}')).text())`;
    const answer = JSON.parse(await this.#cluster.script('client', code)) as {
      readonly data?: readonly JaegerTrace[] | null;
    };
    return answer.data?.[0] ?? null;
  }

  /** Waits until it has so many spans of the trace. */
  async traceOf(id: string, spans: number): Promise<JaegerTrace> {
    let seen: JaegerTrace | null = null;
    await this.#cluster.waitFor(`${spans} spans of the trace ${id}`, async () => {
      seen = await this.trace(id);
      const count = seen?.spans.length ?? 0;
      if (count < spans) throw new Error(`it has ${count}`);
      return true;
    });
    return seen!;
  }
}

function pod(): object {
  const ports = {
    otlpHttp: collectorPorts.otlpHttp,
    otlpGrpc: null,
    query: collectorPorts.jaegerQuery,
    queryGrpc: QUERY_GRPC_PORT,
  };
  return podOf({
    ...{ name: NAME, image: IMAGE, args: jaegerArguments(ports, '0.0.0.0') },
    readiness: { path: '/api/services', port: ports.query },
  });
}

function service(): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: NAME },
    spec: {
      selector: { app: NAME },
      ports: [
        { name: 'otlp', port: collectorPorts.otlpHttp },
        { name: 'query', port: collectorPorts.jaegerQuery },
      ],
    },
  };
}

/** Its one span of a workload that has this kind. */
export function spanOf(
  trace: JaegerTrace,
  workload: string,
  kind: 'server' | 'client',
): JaegerSpan {
  const spans = trace.spans.filter((span) => {
    return workloadOf(trace, span) === workload && tagOf(span, 'span.kind') === kind;
  });
  return spans[0]!;
}

/** The workloads along the way from a span up to the root, the span's own first. */
export function wayUp(trace: JaegerTrace, span: JaegerSpan): readonly string[] {
  const way: string[] = [];
  for (let at: JaegerSpan | undefined = span; at !== undefined; at = parentOf(trace, at)) {
    way.push(`${workloadOf(trace, at)} ${String(tagOf(at, 'span.kind'))}`);
  }
  return way;
}

function parentOf(trace: JaegerTrace, { references }: JaegerSpan): JaegerSpan | undefined {
  const id = references.find(({ refType }) => refType === 'CHILD_OF')?.spanID;
  return trace.spans.find(({ spanID }) => spanID === id);
}

function workloadOf({ processes }: JaegerTrace, { processID }: JaegerSpan): string {
  return processes[processID]?.serviceName ?? '';
}

function tagOf({ tags }: JaegerSpan, key: string): unknown {
  return tags.find((tag) => tag.key === key)?.value;
}
