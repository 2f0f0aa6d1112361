/**
 * A whole mesh as one file: what a proxy without a control plane starts from (`--snapshot FILE`).
 *
 * The same compilation as for the stream, for every Service port there is.
 *
 * Pure. Called by `remora proxy --config`.
 */
import type { DestinationConfig } from '@remora/api/wire.ts';
import type { InboundConfig } from '@remora/api/wire-resilience.ts';
import { destinations, WorldCompiler } from './desired/compiler.ts';
import { versionOf } from './publish/versions.ts';
import type { World } from './world.ts';

export interface Snapshot {
  readonly format: 'remora-snapshot/1';
  readonly destinations: Readonly<
    Record<string, { readonly version: string; readonly config: DestinationConfig }>
  >;
  /** For a proxy beside an application: the same file is a proxy's last-good. */
  readonly inbound?: { readonly version: string; readonly config: InboundConfig };
}

/**
 * `namespace`: of the proxy that starts from it; `workload`: of the application beside it, if any.
 */
export function compileSnapshot(world: World, namespace: string, workload?: string): Snapshot {
  const compiler = new WorldCompiler(world);
  const compiled: [string, Snapshot['destinations'][string]][] = [];
  for (const key of destinations(world)) {
    const config = compiler.compile(key, namespace);
    if (config !== null) compiled.push([key, { version: versionOf(config), config }]);
  }
  const found = {
    format: 'remora-snapshot/1',
    destinations: Object.fromEntries(compiled),
  } as const;
  if (workload === undefined) return found;
  const config = compiler.inbound(namespace, workload);
  return { ...found, inbound: { version: versionOf(config), config } };
}
