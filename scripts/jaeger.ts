/**
 * `npm run jaeger`: a real Jaeger on this machine, until Ctrl-C. `--build` only builds it.
 *
 * It is built at the first start, which takes minutes, and kept. Traces are kept in memory, and all
 * its ports are on loopback. Exit codes: 0 after Ctrl-C, 64 for a word that is not known, 69 when
 * there is no Jaeger to be had here; then it says why and what to do.
 */
import { spawn } from 'node:child_process';
import { buildJaeger, findJaeger, JaegerMissing, jaegerArguments } from './jaeger-build.ts';

const EXIT_USAGE = 64;
const EXIT_UNAVAILABLE = 69;
const PROGRESS_MS = 10_000;
const PORTS = { otlpHttp: 4318, otlpGrpc: 4317, query: 16686, queryGrpc: 16685 };
const QUERY = `http://127.0.0.1:${PORTS.query}`;

const words = process.argv.slice(2);
const unknown = words.filter((word) => word !== '--build');
if (unknown.length > 0) {
  console.error(`What is ${unknown.join(' ')}? There is --build, or nothing.`);
  process.exitCode = EXIT_USAGE;
} else {
  process.exitCode = await main();
}

async function main(): Promise<number> {
  let program: string;
  try {
    program = await build();
  } catch (error) {
    if (!(error instanceof JaegerMissing)) throw error;
    console.error(error.message);
    return EXIT_UNAVAILABLE;
  }
  return words.includes('--build') ? 0 : await run(program);
}

async function build(): Promise<string> {
  if (findJaeger() === null) {
    console.log('Building Jaeger from its Go module. This takes minutes, once.');
  }
  const startedAtMs = performance.now();
  let saidAtMs = startedAtMs;
  const program = await buildJaeger((packages) => {
    const nowMs = performance.now();
    if (nowMs - saidAtMs < PROGRESS_MS) return;
    saidAtMs = nowMs;
    console.log(`  ${seconds(nowMs - startedAtMs)} s: ${packages} packages compiled`);
  });
  console.log(`Jaeger is ${program}`);
  return program;
}

async function run(program: string): Promise<number> {
  const child = spawn(program, jaegerArguments(PORTS), { stdio: ['ignore', 'inherit', 'inherit'] });
  let isAsked = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      isAsked = true;
      child.kill('SIGTERM');
    });
  }
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      console.error(error.message);
      resolve();
    });
    child.once('exit', () => resolve());
  });
  void announce(ended);
  await ended;
  if (isAsked) return 0;
  console.error(
    'Jaeger ended by itself: look above for why. Another one may have its ports: ' +
      `${Object.values(PORTS).join(', ')}.`,
  );
  return EXIT_UNAVAILABLE;
}

/** Says where it listens once it does. */
async function announce(ended: Promise<void>): Promise<void> {
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  while (!isOver && !(await answers())) await new Promise((resolve) => setTimeout(resolve, 100));
  if (isOver) return;
  console.log(`spans go to      http://127.0.0.1:${PORTS.otlpHttp} (OTLP over HTTP)`);
  console.log(`                 127.0.0.1:${PORTS.otlpGrpc} (OTLP over gRPC)`);
  console.log(`who sent some    ${QUERY}/api/services`);
  console.log(`the last traces  ${QUERY}/api/traces?service=NAME&limit=20`);
  console.log(`one trace        ${QUERY}/api/traces/TRACE-ID`);
  console.log('Ctrl-C ends it.');
}

async function answers(): Promise<boolean> {
  try {
    return (await fetch(`${QUERY}/api/services`)).ok;
  } catch {
    return false; // Not yet.
  }
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(0).padStart(4);
}
