/**
 * The objects that a configuration came from, as an acknowledgement of it names them.
 *
 * Pure. Called by `proxy-config.ts`, `pod-config.ts` and `inbound-config.ts`.
 */
import type { MeshConfig, MeshObject } from '@remora/api/config/objects.ts';
import type { SourceRef } from '@remora/api/wire.ts';
import { compareText } from '../compare-text.ts';
import { type Facts, meshOf, objectKey } from '../world.ts';

/** Each object once, in the order of their keys. */
export function sourceRefs(objects: readonly MeshObject[]): readonly SourceRef[] {
  const refs = new Map<string, SourceRef>();
  for (const object of objects) {
    const { namespace, name, generation } = object.metadata;
    const ref = { kind: object.kind, namespace, name, generation: generation ?? 1 };
    refs.set(objectKey(object), ref);
  }
  return [...refs].sort(([a], [b]) => compareText(a, b)).map(([, ref]) => ref);
}

/** What everything comes from, where there is one. */
export function meshSources(world: Facts): readonly MeshConfig[] {
  const mesh = meshOf(world);
  return mesh === null ? [] : [mesh];
}
