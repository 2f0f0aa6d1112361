/**
 * A real Prometheus for process-level tests: it scrapes every second, on a free port of loopback,
 * and is asked over its HTTP API. And promtool, which judges a page.
 *
 * Used by tests that skip where `scripts/debian-prometheus.ts` has none to offer.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../bench/machine/free-ports.ts';
import type { PrometheusTools } from '../../scripts/debian-prometheus.ts';
import { until } from './waiting.ts';

const READY_LIMIT_MS = 20_000;
const OUTPUT_CHARS_MAX = 20_000;

export interface Target {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** As relabelling would add them. */
  readonly labels: Readonly<Record<string, string>>;
}

/** One series of an answer. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface ApiAnswer<Data> {
  readonly status: string;
  readonly error?: string;
  readonly data: Data;
}

interface VectorData {
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly value: readonly [number, string];
  }[];
}

interface MatrixData {
  readonly result: readonly { readonly values: readonly (readonly [number, string])[] }[];
}

export interface ExemplarData {
  readonly exemplars: readonly { readonly labels: Readonly<Record<string, string>> }[];
}

export class Prometheus {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #url: string;
  output = '';

  constructor(child: ChildProcess, folder: string, url: string) {
    this.#child = child;
    this.#folder = folder;
    this.#url = url;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        this.output = (this.output + bytes.toString()).slice(-OUTPUT_CHARS_MAX);
      });
    }
  }

  /** An instant query; `atSeconds`: since 1970. */
  async query(query: string, atSeconds?: number): Promise<Sample[]> {
    const time: Record<string, string> = atSeconds === undefined ? {} : { time: `${atSeconds}` };
    const { result } = await this.#ask<VectorData>('query', { query, ...time });
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  /** When the only target with this label was scraped and answered, in seconds since 1970. */
  async scrapes(deployment: string): Promise<number[]> {
    const query = `up{deployment="${deployment}"}[5m]`;
    const { result } = await this.#ask<MatrixData>('query', { query });
    const values = result[0]?.values ?? [];
    return values.filter(([, up]) => up === '1').map(([atSeconds]) => atSeconds);
  }

  async exemplars(query: string): Promise<readonly ExemplarData[]> {
    const nowSeconds = Date.now() / 1_000;
    const range = { start: `${nowSeconds - 300}`, end: `${nowSeconds + 1}` };
    return await this.#ask<readonly ExemplarData[]>('query_exemplars', { query, ...range });
  }

  async isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.#url}/-/ready`)).ok;
    } catch {
      return false;
    }
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode === null && this.#child.kill('SIGKILL')) await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #ask<Data>(what: string, parameters: Readonly<Record<string, string>>): Promise<Data> {
    const response = await fetch(`${this.#url}/api/v1/${what}?${new URLSearchParams(parameters)}`);
    const answer: ApiAnswer<Data> = JSON.parse(await response.text());
    if (answer.status !== 'success') throw new Error(`${parameters['query']}: ${answer.error}`);
    return answer.data;
  }
}

/** A job of Prometheus for targets that stay where they are. */
export function staticJob(targets: readonly Target[]): object {
  const configs = targets.map(({ address, labels }) => ({ targets: [address], labels }));
  return { job_name: 'remora', static_configs: configs };
}

/** Starts one with these jobs, and waits for so many targets that answer. The caller stops it. */
export async function startPrometheus(
  tools: PrometheusTools,
  jobs: readonly object[],
  targetCount: number,
): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'remora-prometheus-'));
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, JSON.stringify(configuration(jobs)));
  // It takes no port 0 that it would tell of.
  const [port = 0] = await freePorts(1);
  const child = spawn(
    tools.prometheus,
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const prometheus = new Prometheus(child, folder, `http://127.0.0.1:${port}`);
  process.once('exit', () => child.kill('SIGKILL'));
  try {
    await until(() => prometheus.isReady(), 'Prometheus to be ready', READY_LIMIT_MS);
    const seen = async () => (await prometheus.query('up == 1')).length === targetCount;
    await until(seen, 'every target to be scraped', READY_LIMIT_MS);
  } catch (error) {
    await prometheus.stop();
    throw new Error(`${String(error)}\n${prometheus.output}`);
  }
  return prometheus;
}

/** What promtool says against a page; empty: nothing. */
export function lint(tools: PrometheusTools, page: string): string {
  const run = spawnSync(tools.promtool, ['check', 'metrics'], { input: page, encoding: 'utf8' });
  const said = `${run.stdout}${run.stderr}`.trim();
  return run.status === 0 || said !== '' ? said : `promtool ended with ${run.status}`;
}

/** JSON is YAML. */
function configuration(jobs: readonly object[]): object {
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    storage: { exemplars: { max_exemplars: 1_000 } },
    scrape_configs: jobs,
  };
}
