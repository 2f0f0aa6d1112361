/**
 * Remora as it ships: its bundle, started as a sidecar is, with the defaults of the control plane.
 *
 * Called by the scenes for what Envoy can stand for, and by scenarios that need more of a mesh
 * (inbound sidecars, a control plane, a starved process) directly.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { proxyNodeEnvironment, proxyNodeFlags } from '@remora/api/runtime.ts';
import type { Spawned } from '../machine/programs.ts';
import { type CompiledMesh, compileMesh, NAMESPACE, type ServicePlan } from './mesh.ts';
import type { Place, Sidecar, Subject } from './subject.ts';

export interface ProxyPlan {
  readonly name: string;
  /** Flags beside its name, admin and metrics. */
  readonly flags: readonly string[];
  /** Words before the command, for a process that is to want for something. */
  readonly under?: readonly string[];
  readonly unreadLog?: boolean;
}

export interface RunningRemora {
  readonly process: Spawned;
  /** Ports; 0: it has no such listener. */
  readonly outbound: number;
  readonly metrics: number;
}

/** With its defaults. `program`: the bundle, or main.ts. */
export function remora(program: string): Subject {
  return subjectOf('Remora', program, false);
}

/** With the retry policy that Envoy is usually given. */
export function remoraWithRetries(program: string): Subject {
  return subjectOf('Remora, retries and budget', program, true);
}

function subjectOf(name: string, program: string, hasUsualRetries: boolean): Subject {
  return {
    name,
    async start(place: Place, plans: readonly ServicePlan[]): Promise<Sidecar> {
      const mesh = compileMesh(plans.map((plan) => ({ ...plan, hasUsualRetries })));
      const flags = ['--outbound', '127.0.0.1:0', '--snapshot', writeSnapshot(place, mesh)];
      const running = await startRemora(place, program, { name: 'client-0', flags });
      return { port: running.outbound, process: running.process };
    },
  };
}

export async function startRemora(
  place: Place,
  program: string,
  { name, flags, under = [], unreadLog = false }: ProxyPlan,
): Promise<RunningRemora> {
  const command = [
    ...[...under, process.execPath, ...proxyNodeFlags, program],
    ...['--name', name, '--namespace', NAMESPACE, '--workload', name.replace(/-\d+$/, '')],
    ...['--admin', '127.0.0.1:0', '--metrics', '127.0.0.1:0', ...flags],
  ];
  const spawned = place.programs.spawn(name, command, { env: proxyNodeEnvironment, unreadLog });
  const ready = await spawned.ready();
  return {
    process: spawned,
    outbound: portOf(ready['outbound']),
    metrics: portOf(ready['metrics']),
  };
}

export function writeSnapshot(place: Place, { snapshot, problems }: CompiledMesh): string {
  for (const problem of problems) place.say(problem);
  const file = join(mkdtempSync(join(place.folder, 'remora-')), 'snapshot.json');
  writeFileSync(file, snapshot);
  return file;
}

function portOf(address: string | undefined): number {
  return address === undefined ? 0 : Number(address.slice(address.lastIndexOf(':') + 1));
}
