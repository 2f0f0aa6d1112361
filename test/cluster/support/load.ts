/**
 * Constant load from a pod of the mesh, and what became of every request.
 *
 * `kubectl exec` with a script on the pod's Node: started before a change is made, stopped after.
 * Pods and suites share one machine and so one clock, by which a request is before or after it.
 *
 * Used by the suites that change something under load.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { kubeconfigFile } from '../machine/cluster.ts';
import { programPath } from '../machine/places.ts';
import { type LoadOptions, openLoop, type Sample } from './open-loop.ts';

const SECONDS_MAX = 150;
const FAILURES_SHOWN = 10;

export class LoadReport {
  readonly samples: readonly Sample[];

  constructor(samples: readonly Sample[]) {
    this.samples = samples;
  }

  /** Of those that started at or after one instant, and before another. */
  between(fromMs: number, toMs = Number.POSITIVE_INFINITY): LoadReport {
    return new LoadReport(this.samples.filter(({ atMs }) => atMs >= fromMs && atMs < toMs));
  }

  get failures(): readonly Sample[] {
    return this.samples.filter(({ status }) => status < 200 || status > 299);
  }

  /** Of the answers, how large a part is one version's: 0 to 1. */
  share(version: string): number {
    const mine = this.samples.filter((sample) => sample.version === version).length;
    return mine / Math.max(1, this.samples.length);
  }

  counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { status, version, error } of this.samples) {
      const key = [String(status), version, error].filter(Boolean).join(' ');
      counts[key] = (counts[key] ?? 0) + 1;
    }
    return counts;
  }

  /** Milliseconds that so large a part of the requests took at most. */
  tookMs(quantile: number): number {
    return quantileOf(
      this.samples.map(({ tookMs }) => tookMs),
      quantile,
    );
  }

  /** Every failure of the first few, with its time after `sinceMs`. */
  toText(sinceMs: number): string {
    const first = this.failures.slice(0, FAILURES_SHOWN).map(({ atMs, tookMs, status, error }) => {
      return `  ${atMs - sinceMs} ms after the change: ${status} ${error} in ${tookMs} ms`;
    });
    return [JSON.stringify(this.counts()), ...first].join('\n');
  }
}

export function quantileOf(values: readonly number[], quantile: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? Number.NaN;
}

export class Load {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #output: Promise<string>;

  private constructor(child: ChildProcessWithoutNullStreams, output: Promise<string>) {
    this.#child = child;
    this.#output = output;
  }

  /** Resolves when the first requests are under way. */
  static async start(
    place: { readonly namespace: string; readonly pod: string; readonly container?: string },
    options: LoadOptions,
  ): Promise<Load> {
    const code = Load.script(options);
    const { namespace, pod, container = 'app' } = place;
    const child = spawn(programPath('kubectl'), [
      ...['--kubeconfig', kubeconfigFile, '-n', namespace, 'exec', '-i', pod, '-c', container],
      ...['--', 'node', '--input-type=module', '-e', code],
    ]);
    const started = Promise.withResolvers<void>();
    const output = outputOf(child, started.resolve);
    await Promise.race([started.promise, output]);
    return new Load(child, output);
  }

  /** The script, for a pod that is nothing but load; its stdin has to be open. */
  static script(options: LoadOptions): string {
    const all = { secondsMax: SECONDS_MAX, headers: {}, versionHeader: 'x-catalog-version' };
    return `(${openLoop.toString()})(${JSON.stringify({ ...all, ...options })})`;
  }

  async stop(): Promise<LoadReport> {
    this.#child.stdin.on('error', () => undefined); // It ended by itself.
    this.#child.stdin.end('stop\n');
    return reportOf(await this.#output);
  }
}

/** Of what the script printed. */
export function reportOf(printed: string): LoadReport {
  const last = printed.trim().split('\n').at(-1) ?? '';
  const rows = JSON.parse(last) as [number, number, number, string, string][];
  return new LoadReport(
    rows.map(([atMs, tookMs, status, version, error]) => {
      return { atMs, tookMs, status, version, error };
    }),
  );
}

/** All that it printed; rejects with what it complained about. */
async function outputOf(
  child: ChildProcessWithoutNullStreams,
  onStarted: () => void,
): Promise<string> {
  let printed = '';
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    if (printed.startsWith('started\n')) onStarted();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the load ended with ${code}: ${said}`);
  return printed;
}
