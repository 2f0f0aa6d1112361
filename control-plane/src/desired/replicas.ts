/**
 * Where the other replicas of the control plane are: by the endpoints of its own Service.
 *
 * One address a replica, also where the Service has both families: a replica that is asked twice
 * is counted twice. Who it is, and which is oneself, is told by the pod's name.
 *
 * Pure. Called by `leadership.ts`.
 */
import { CONTROL_SERVICE } from '@remora/api/mesh-names.ts';
import { serviceKey, type World } from '../world.ts';
import { slicesOf } from './endpoints.ts';

export function otherReplicas(
  world: World,
  self: { readonly namespace: string; readonly name: string },
): readonly string[] {
  const service = world.services.get(serviceKey(self.namespace, CONTROL_SERVICE));
  if (service === undefined) return [];
  const endpoints = slicesOf(world, service).flatMap(({ endpoints = [] }) => endpoints);
  const addresses = endpoints
    .filter(({ conditions, targetRef }) => {
      return conditions?.ready !== false && targetRef?.name !== self.name;
    })
    .flatMap(({ addresses: [address] }) => address ?? []);
  return [...new Set(addresses)];
}
