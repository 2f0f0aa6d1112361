/**
 * Drives one proxy for a while and says what that cost: load from here, CPU time from /proc.
 *
 * CPU per request is user and system time of the proxy's process over exactly the span in which it
 * answered `answered` requests. It moves less with a busy machine than any latency does, which is
 * why most bars are made of it. Called by the questions.
 */
import type { Children } from '../machine/children.ts';
import { type Cores, onCores } from '../machine/cores.ts';
import { cpuNanosOf } from '../machine/process-figures.ts';
import type { DownloadOrder, DownloadReport } from './download.ts';
import type { GeneratorOrder, GeneratorReport } from './generator.ts';

const SPARE_MS = 15_000;

/** One proxy, as the load sees it. */
export interface Target {
  readonly port: number;
  readonly pid: number;
  readonly host: string;
  readonly path: string;
}

export interface Saturation {
  readonly cpuUs: number;
  readonly perSecond: number;
  /** Requests one core would answer if it did nothing else. */
  readonly perCore: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly failed: number;
}

export interface Paced extends GeneratorReport {
  readonly cpuUs: number;
}

export interface Bulk extends DownloadReport {
  readonly cpuNsPerByte: number;
}

interface WrkReport {
  readonly answered: number;
  readonly failed: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

export class Driver {
  readonly #children: Children;
  readonly #cores: Cores;

  constructor(children: Children, cores: Cores) {
    this.#children = children;
    this.#cores = cores;
  }

  /** As many requests as `connections` closed loops get answered. */
  async saturate(
    target: Target,
    load: { readonly connections: number; readonly seconds: number; readonly paths?: number },
  ): Promise<Saturation> {
    const script = new URL('./wrk-report.lua', import.meta.url).pathname;
    const command = [
      ...['env', `REMORA_BENCH_PATHS=${load.paths ?? 0}`, 'wrk', '-t1', `-c${load.connections}`],
      ...[`-d${load.seconds}s`, '-s', script, '-H', `Host: ${target.host}`],
      ...['-H', 'User-Agent: remora-bench', '-H', 'Accept: */*'],
      `http://127.0.0.1:${target.port}${target.path}`,
    ];
    const { report, cpuNanos } = await this.#measure<WrkReport>(target, command, load.seconds);
    const cpuUs = cpuNanos / 1000 / report.answered;
    return {
      cpuUs,
      perSecond: report.answered / report.seconds,
      perCore: 1e6 / cpuUs,
      p50Us: report.p50Us,
      p99Us: report.p99Us,
      failed: report.failed,
    };
  }

  /** Requests at a fixed rate, with Poisson arrivals. */
  async pace(
    target: Target,
    load: Pick<GeneratorOrder, 'ratePerSecond' | 'connections' | 'seconds' | 'seed'>,
  ): Promise<Paced> {
    const order: GeneratorOrder = { ...load, ...pick(target) };
    const command = nodeCommand('./generator.ts', order);
    const { report, cpuNanos } = await this.#measure<GeneratorReport>(
      target,
      command,
      load.seconds,
    );
    return { ...report, cpuUs: cpuNanos / 1000 / report.answered };
  }

  async download(
    target: Target,
    load: Pick<DownloadOrder, 'connections' | 'seconds' | 'bytesPerSecond'>,
  ): Promise<Bulk> {
    const order: DownloadOrder = { ...load, ...pick(target) };
    const command = nodeCommand('./download.ts', order);
    const { report, cpuNanos } = await this.#measure<DownloadReport>(target, command, load.seconds);
    return { ...report, cpuNsPerByte: cpuNanos / report.bytes };
  }

  async #measure<Report>(
    target: Target,
    command: readonly string[],
    seconds: number,
  ): Promise<{ readonly report: Report; readonly cpuNanos: number }> {
    const before = cpuNanosOf(target.pid) ?? Number.NaN;
    const timeoutMs = seconds * 1000 + SPARE_MS;
    const pinned = onCores(command, this.#cores, 'load');
    const { stdout } = await this.#children.run('load', pinned, timeoutMs);
    const cpuNanos = (cpuNanosOf(target.pid) ?? Number.NaN) - before;
    const line = stdout.split('\n').findLast((text) => text.startsWith('{'));
    if (line === undefined) throw new Error(`the load program reported nothing: ${stdout}`);
    return { report: JSON.parse(line) as Report, cpuNanos };
  }
}

function pick(target: Target): Pick<GeneratorOrder, 'port' | 'host' | 'path'> {
  return { port: target.port, host: target.host, path: target.path };
}

function nodeCommand(file: string, order: object): readonly string[] {
  const path = new URL(file, import.meta.url).pathname;
  const quiet = '--disable-warning=ExperimentalWarning';
  return [process.execPath, quiet, path, JSON.stringify(order)];
}
