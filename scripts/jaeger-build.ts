/**
 * Jaeger for this machine: where its program is, how it is built, and with what it is started.
 *
 * Built from its Go module, in the module's own folder, so that the versions of all it is made of
 * are those of its release. `go install` was refused: the module replaces one of its dependencies,
 * and Go installs no such module. The program is kept beside the installed packages, by version.
 * The module lacks Jaeger's web page; `REMORA_JAEGER` names another Jaeger 2, which has it.
 *
 * Called by `jaeger.ts`, `test/support/jaeger.ts` and `test/cluster/support/jaeger.ts`.
 */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GoFailed, isGoHere, isPackageLine, runGo } from './go-command.ts';

const MODULE = 'github.com/jaegertracing/jaeger';
/** Jaeger 2.13. */
const VERSION = 'v1.76.0';
const BUILD_LIMIT_MS = 45 * 60_000;
const HOST = '127.0.0.1';

const root = join(import.meta.dirname, '..');
const cache = join(root, 'node_modules/.cache/remora/jaeger');

export interface JaegerPorts {
  readonly otlpHttp: number;
  /** null: not served. */
  readonly otlpGrpc: number | null;
  readonly query: number;
  readonly queryGrpc: number;
}

/** Why there is no Jaeger, and what to do; for people. */
export class JaegerMissing extends Error {}

/** Path of the program, or null: it is not built. */
export function findJaeger(): string | null {
  const program = process.env['REMORA_JAEGER'] ?? builtPath();
  return existsSync(program) ? program : null;
}

/** Builds what is not built yet. Throws JaegerMissing. `onCompiled` hears how far it is. */
export async function buildJaeger(onCompiled: (packages: number) => void): Promise<string> {
  const found = findJaeger();
  if (found !== null) return found;
  const named = process.env['REMORA_JAEGER'];
  if (named !== undefined) {
    throw new JaegerMissing(`REMORA_JAEGER names ${named}, and there is no such file.`);
  }
  if (!isGoHere()) {
    throw new JaegerMissing(
      'Jaeger is built from its Go module, and there is no `go` on the PATH. Install Go 1.25 or ' +
        'newer, or let REMORA_JAEGER name the program of a Jaeger 2 that is installed.',
    );
  }
  mkdirSync(cache, { recursive: true });
  const folder = await download();
  const program = builtPath();
  mkdirSync(dirname(program), { recursive: true });
  const unfinished = `${program}.${process.pid}`;
  let packages = 0;
  // Without -trimpath, as the other programs: the standard library is compiled once for all.
  const flags = ['-v', '-buildvcs=false', '-ldflags', '-s -w', '-o', unfinished];
  await go(['build', ...flags, './cmd/jaeger'], folder, (line) => {
    if (isPackageLine(line)) onCompiled(++packages);
  });
  renameSync(unfinished, program); // Half a program is never found.
  return program;
}

/** Arguments that make it keep traces in memory; it listens on loopback only, unless told. */
export function jaegerArguments(ports: JaegerPorts, host = HOST): string[] {
  const endpoint = (port: number) => ({ endpoint: `${host}:${port}` });
  const grpc = ports.otlpGrpc === null ? {} : { grpc: endpoint(ports.otlpGrpc) };
  const config = {
    service: {
      extensions: ['jaeger_storage', 'jaeger_query'],
      pipelines: { traces: { receivers: ['otlp'], exporters: ['jaeger_storage_exporter'] } },
      telemetry: { metrics: { level: 'none' }, logs: { level: 'error' } },
    },
    extensions: {
      jaeger_storage: { backends: { memory: { memory: { max_traces: 100_000 } } } },
      jaeger_query: {
        storage: { traces: 'memory' },
        enable_tracing: false,
        http: endpoint(ports.query),
        grpc: endpoint(ports.queryGrpc),
      },
    },
    receivers: { otlp: { protocols: { http: endpoint(ports.otlpHttp), ...grpc } } },
    exporters: { jaeger_storage_exporter: { trace_storage: 'memory' } },
  };
  // JSON is YAML, and an argument needs no file.
  return ['--config', `yaml:${JSON.stringify(config)}`];
}

function builtPath(): string {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return join(cache, `${VERSION}-${process.platform}-${process.arch}`, `jaeger${suffix}`);
}

/** The module's folder in Go's cache. */
async function download(): Promise<string> {
  const output = await go(['mod', 'download', '-json', `${MODULE}@${VERSION}`], cache);
  const { Dir: folder } = JSON.parse(output) as { readonly Dir?: string };
  if (folder === undefined) throw new JaegerMissing(`Go did not say where ${MODULE} is.`);
  return folder;
}

/** Runs go and returns what it printed. What it says in vain becomes JaegerMissing. */
async function go(
  args: readonly string[],
  cwd: string,
  onLine: (line: string) => void = () => undefined,
): Promise<string> {
  try {
    return await runGo(args, { cwd, limitMs: BUILD_LIMIT_MS, onLine });
  } catch (error) {
    if (!(error instanceof GoFailed)) throw error;
    throw new JaegerMissing(
      `Jaeger could not be built, since \`go ${args[0]}\` failed; it needs the network, ` +
        `and Go 1.25 or newer. It said:\n${error.message}`,
    );
  }
}
