/**
 * Whether the pods are as the mesh wants them: none without its sidecar, all of this release, each
 * connected.
 *
 * Pure: what was read comes in. Called by `cli/check-cluster.ts`.
 */
import { doubtful, type Finding, fine } from './finding.ts';
import { type InjectedWorkload, type MeshPods, restartText } from './mesh-pods.ts';

/** Of a long list, so many are named. */
const NAMED_MAX = 5;

export interface MeshReading {
  readonly mesh: MeshPods;
  /** Of the installation. */
  readonly version: string;
  /** Null: it is not known how many sidecars are connected, and why. */
  readonly connected: { readonly proxies: number } | { readonly why: string };
}

export function checkMesh({ mesh, version, connected }: MeshReading): readonly Finding[] {
  const total = mesh.injected.reduce((sum, { pods }) => sum + pods, 0);
  return [
    ...uninjected(mesh),
    ...ofAnotherVersion(mesh.injected, version),
    connections(total, connected),
  ];
}

function uninjected({ uninjected: all }: MeshPods): readonly Finding[] {
  if (all.length === 0) return [fine('every pod that asks for a sidecar has one')];
  const workloads = [...new Set(all.map(({ namespace, workload }) => `${workload}.${namespace}`))];
  const what = `${all.length} pods run without the sidecar they ask for: ${named(workloads)}`;
  return [doubtful(what, 'They started before, or while no webhook answered: restart them')];
}

function ofAnotherVersion(all: readonly InjectedWorkload[], version: string): readonly Finding[] {
  const others = all.filter(({ versions }) => versions.some((each) => each !== version));
  if (others.length === 0) return [];
  const names = others.map(({ namespace, name, versions }) => {
    return `${name}.${namespace} (${versions.join(', ')})`;
  });
  const what = `${others.length} workloads have sidecars of another version: ${named(names)}`;
  const [first] = others;
  return [doubtful(what, first === undefined ? null : `${restartText(first)}, and so on`)];
}

function connections(total: number, connected: MeshReading['connected']): Finding {
  if ('why' in connected) return doubtful(`${total} pods have sidecars; ${connected.why}`);
  const { proxies } = connected;
  const said = `${proxies} of ${total} sidecars are connected`;
  if (proxies >= total) return fine(said);
  const next = '`remora status` names them; the log of remora-proxy in the others tells why not';
  return doubtful(said, next);
}

function named(names: readonly string[]): string {
  const more = names.length > NAMED_MAX ? `, and ${names.length - NAMED_MAX} more` : '';
  return names.slice(0, NAMED_MAX).join(', ') + more;
}
