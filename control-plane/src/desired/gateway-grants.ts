/**
 * Whether a ReferenceGrant allows an HTTPRoute to name a Service of another namespace.
 *
 * Our own TrafficRoute needs none: a backend is reachable for its clients anyway, and who may call
 * is not a route's to say. The Gateway API asks for one, so its kind is held to it.
 *
 * Pure. Called by `references.ts`.
 */
import { GATEWAY_GROUP } from '@remora/api/config/http-route.ts';
import type { ReferenceGrant } from '@remora/api/config/objects.ts';
import { type Facts, isCoreGroup } from '../world.ts';

export interface CrossReference {
  readonly fromNamespace: string;
  readonly toNamespace: string;
  readonly service: string;
}

export function isGranted(world: Facts, reference: CrossReference): boolean {
  const grants = world.grantsOf.get(reference.toNamespace) ?? [];
  return grants.some((grant) => trusts(grant, reference) && covers(grant, reference));
}

function trusts({ spec }: ReferenceGrant, { fromNamespace }: CrossReference): boolean {
  return spec.from.some(({ group, kind, namespace }) => {
    return group === GATEWAY_GROUP && kind === 'HTTPRoute' && namespace === fromNamespace;
  });
}

/** The empty name, like none, is every Service. */
function covers({ spec }: ReferenceGrant, { service }: CrossReference): boolean {
  return spec.to.some(({ group, kind, name = '' }) => {
    return isCoreGroup(group) && kind === 'Service' && (name === '' || name === service);
  });
}
