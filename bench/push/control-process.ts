/**
 * A control plane as a process, as in its pod: the bundle, with the environment that the chart
 * gives, and the heap that Node takes where the pod's limit is the chart's 512 MiB. Without
 * one it would collect its garbage as seldom as a machine of that size allows.
 *
 * Not pure. Called by the question.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ports } from '@remora/api/ports.ts';
import { controlNodeFlags, controlNodeEnvironment } from '@remora/api/runtime.ts';
import { CONTROL_ENVIRONMENT, CONTROL_HOST } from '../../test/support/control-installation.ts';
import type { Child } from '../machine/children.ts';
import { onCores } from '../machine/cores.ts';
import { cpuNanosOf, memoryOf } from '../machine/process-figures.ts';
import type { Place } from '../peers/peer.ts';

const BUNDLE = join(import.meta.dirname, '../../dist/remora-control-plane.mjs');
/** Half of the limit. */
const POD_HEAP = '--max-old-space-size=256';
const START_LIMIT_MS = 300_000;
const NANOS_PER_SECOND = 1e9;
const MS_PER_SECOND = 1_000;
const BYTES_PER_KIB = 1_024;
const BYTES_PER_MB = 1e6;

export class ControlProcess {
  readonly #child: Child;

  private constructor(child: Child) {
    this.#child = child;
  }

  /** Resolves once it serves proxies. */
  static async start(
    { children, cores, folder }: Place,
    kubeconfig: string,
  ): Promise<ControlProcess> {
    const args = ['--cluster', '--image', 'remora', '--host', CONTROL_HOST];
    // A pipe that nobody reads in time would hold it up; kubelet's has its reader.
    const log = join(mkdtempSync(join(folder, 'control-')), 'log');
    const program = [process.execPath, ...controlNodeFlags, POD_HEAP, BUNDLE, ...args];
    const command = onCores(['sh', '-c', 'exec "$@" 2>"$0"', log, ...program], cores, 'proxy');
    const child = children.start('control plane', command, {
      ...controlNodeEnvironment,
      ...CONTROL_ENVIRONMENT,
      KUBECONFIG: kubeconfig,
    });
    const lines = createInterface({ input: child.process.stdout! });
    const ended = once(child.process, 'exit').then(() => {
      throw new Error(
        `the control plane ended: ${readFileSync(log, 'utf8').trim().split('\n').at(-1)}`,
      );
    });
    const late = AbortSignal.timeout(START_LIMIT_MS);
    await Promise.race([once(lines, 'line', { signal: late }), ended]);
    ended.catch(() => {}); // From now on it is ended by us.
    return new ControlProcess(child);
  }

  get pid(): number {
    return this.#child.pid;
  }

  cpuSeconds(): number {
    return (cpuNanosOf(this.pid) ?? Number.NaN) / NANOS_PER_SECOND;
  }

  memory(): { readonly residentMb: number; readonly privateMb: number } {
    return memoryOf(this.pid) ?? { residentMb: Number.NaN, privateMb: Number.NaN };
  }

  /** The most that was ever resident. */
  peakResidentMb(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const [, kib] = /^VmHWM:\s+(\d+) kB/m.exec(status) ?? [];
    return (Number(kib) * BYTES_PER_KIB) / BYTES_PER_MB;
  }

  /** The longest that its loop was late since this was asked last. */
  async longestStallMs(): Promise<number> {
    const answer = await fetch(`http://${CONTROL_HOST}:${ports.controlHealth}/metrics`);
    const page = await answer.text();
    const [, seconds] = /^nodejs_eventloop_lag_max_seconds (\S+)/m.exec(page) ?? [];
    return Number(seconds) * MS_PER_SECOND;
  }

  /** As a node that is switched off ends it. */
  async kill(): Promise<void> {
    const gone = once(this.#child.process, 'exit');
    this.#child.process.kill('SIGKILL');
    await gone;
  }
}
