/**
 * One sidecar process: its command line, its ports, and waiting until it says that it is ready.
 *
 * Ports are chosen here and not by the sidecar, so that one that was started again is found where
 * its application and its neighbours expect it.
 *
 * Called by `instance.ts`, and by `mesh.ts` for the load's own sidecar.
 */
import { createInterface } from 'node:readline';
import type { AppLog } from './app-log.ts';
import type { ProcessGroup } from './process-group.ts';
import type { ProxyProgram } from './proxy-program.ts';
import type { Reaper } from './reaper.ts';
import { Supervised } from './supervised.ts';
import { type Tracing, tracingArguments } from './tracing.ts';

const HOST = '127.0.0.1';
const GRACE_MS = 300;

export interface SidecarPorts {
  readonly outbound: number;
  /** Undefined: it fronts no application. */
  readonly inbound: number | undefined;
  readonly admin: number;
  readonly metrics: number;
}

export interface SidecarSpec {
  readonly name: string;
  readonly namespace: string;
  readonly workload: string;
  readonly ports: SidecarPorts;
  readonly appPort: number | undefined;
  readonly control: string;
}

export interface SidecarWorld {
  readonly program: ProxyProgram;
  readonly reaper: Reaper;
  readonly log: AppLog;
  readonly tracing: Tracing;
}

export interface SidecarHooks {
  readonly onReady: () => void;
  readonly onEnd: (why: string) => void;
}

export class Sidecar {
  readonly spec: SidecarSpec;
  readonly #process: Supervised;
  readonly #log: AppLog;
  readonly #hooks: SidecarHooks;

  constructor(spec: SidecarSpec, world: SidecarWorld, hooks: SidecarHooks) {
    this.spec = spec;
    this.#log = world.log;
    this.#hooks = hooks;
    this.#process = new Supervised({
      spec: () => ({
        command: [...world.program.command, ...sidecarArguments(spec, world.tracing)],
        folder: process.cwd(),
        env: { ...process.env, ...world.program.env },
      }),
      reaper: world.reaper,
      log: world.log,
      onStart: (group) => this.#listen(group),
      onEnd: hooks.onEnd,
    });
  }

  get restarts(): number {
    return this.#process.restarts;
  }

  get adminUrl(): string {
    return `http://${HOST}:${this.spec.ports.admin}`;
  }

  start(): void {
    this.#process.start();
  }

  /** Called when its application has ended, so a long drain would be for nobody. */
  stop(): Promise<void> {
    return this.#process.stop(GRACE_MS);
  }

  kill(): void {
    this.#process.kill();
  }

  #listen(group: ProcessGroup): void {
    this.#log.follow(group.stdout);
    createInterface({ input: group.stdout }).on('line', (line) => {
      if (isReadyLine(line)) this.#hooks.onReady();
    });
  }
}

export function sidecarArguments(spec: SidecarSpec, tracing: Tracing): string[] {
  const { ports, appPort } = spec;
  const args = ['--name', spec.name, '--namespace', spec.namespace, '--workload', spec.workload];
  args.push('--outbound', `${HOST}:${ports.outbound}`);
  if (ports.inbound !== undefined) args.push('--inbound', `${HOST}:${ports.inbound}`);
  if (appPort !== undefined) args.push('--app', `${HOST}:${appPort}`);
  args.push('--admin', `${HOST}:${ports.admin}`, '--metrics', `${HOST}:${ports.metrics}`);
  args.push('--control', spec.control, ...tracingArguments(tracing));
  return args;
}

function isReadyLine(line: string): boolean {
  try {
    const parsed: unknown = JSON.parse(line);
    return (
      typeof parsed === 'object' && parsed !== null && 'msg' in parsed && parsed.msg === 'ready'
    );
  } catch {
    return false;
  }
}
