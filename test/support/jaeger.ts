/**
 * A real Jaeger for a test: started on free ports, asked by its query API, ended by its process.
 *
 * It is not built here: that takes longer than a test may. Where it is not built the test skips
 * itself and says how to have it, so the suite passes on a machine without Go.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePorts } from '../../bench/machine/free-ports.ts';
import { findJaeger, jaegerArguments } from '../../scripts/jaeger-build.ts';
import { until } from './waiting.ts';

const READY_LIMIT_MS = 30_000;
const SPANS_LIMIT_MS = 10_000;

export interface JaegerTag {
  readonly key: string;
  readonly value: string | number | boolean;
}

export interface JaegerSpan {
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly { readonly refType: string; readonly spanID: string }[];
  /** Microseconds since 1970. */
  readonly startTime: number;
  readonly duration: number;
  readonly tags: readonly JaegerTag[];
  readonly logs: readonly { readonly fields: readonly JaegerTag[] }[];
  readonly processID: string;
}

export interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly JaegerSpan[];
  readonly processes: Readonly<
    Record<string, { readonly serviceName: string; readonly tags: readonly JaegerTag[] }>
  >;
}

export interface Jaeger {
  readonly otlpUrl: string;
  /** null: it has no such trace. */
  trace(id: string): Promise<JaegerTrace | null>;
  /** Waits until it has so many of the trace's spans. */
  traceOf(id: string, spans: number): Promise<JaegerTrace>;
  services(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Why a test that needs Jaeger has to skip itself; false: it need not. For `test`'s options. */
export function skipWithoutJaeger(): string | false {
  return findJaeger() === null && 'Jaeger is not built here: `npm run jaeger -- --build`';
}

/** Starts one and waits until it answers. The caller stops it. */
export async function startJaeger(): Promise<Jaeger> {
  const program = findJaeger();
  if (program === null) throw new Error(String(skipWithoutJaeger()));
  const [otlpHttp, query, queryGrpc] = await freePorts(3);
  const ports = { otlpHttp: otlpHttp!, otlpGrpc: null, query: query!, queryGrpc: queryGrpc! };
  const child = spawn(program, jaegerArguments(ports), { stdio: ['ignore', 'pipe', 'pipe'] });
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  let said = '';
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (text: Buffer) => {
      said = (said + text.toString()).slice(-4_000);
    });
  }
  const api = `http://127.0.0.1:${query}/api`;
  const jaeger: Jaeger = {
    otlpUrl: `http://127.0.0.1:${otlpHttp}`,
    trace: async (id) => await traceAt(`${api}/traces/${id}`),
    traceOf: async (id, spans) => {
      let seen: JaegerTrace | null = null;
      const has = async () =>
        (seen = await jaeger.trace(id)) !== null && seen.spans.length >= spans;
      await until(has, `${spans} spans of trace ${id}`, SPANS_LIMIT_MS);
      return seen!;
    },
    services: async () => {
      const answer = (await (await fetch(`${api}/services`)).json()) as { data: string[] | null };
      return answer.data ?? [];
    },
    stop: async () => {
      process.off('exit', killAtExit);
      await ended(child);
    },
  };
  await until(
    async () => {
      if (child.exitCode !== null) throw new Error(`Jaeger ended (${child.exitCode}):\n${said}`);
      return (await isListening(jaeger.otlpUrl)) && (await isListening(`${api}/services`));
    },
    'Jaeger to listen',
    READY_LIMIT_MS,
  );
  return jaeger;
}

async function traceAt(url: string): Promise<JaegerTrace | null> {
  const answer = await fetch(url);
  if (answer.status === 404) return null;
  const { data } = (await answer.json()) as { readonly data: readonly JaegerTrace[] };
  return data[0] ?? null;
}

async function isListening(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).text();
    return true;
  } catch {
    return false;
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL'); // It has nothing to keep.
  await exit;
}
