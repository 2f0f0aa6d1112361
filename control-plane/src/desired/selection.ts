/**
 * Which instances a Service selects, and which Services select given labels.
 *
 * No selector selects nothing: such a Service has its endpoints written by hand.
 *
 * Pure. Called by `endpoints.ts` and `inbound-config.ts`.
 */
import type { Service } from '@remora/api/config/objects.ts';
import { compareText } from '../compare-text.ts';
import { labelKey, type LocalInstance, selectorKey, type Facts } from '../world.ts';

type Labels = Readonly<Record<string, string>>;

export function selectedInstances(world: Facts, service: Service): readonly LocalInstance[] {
  const key = selectorKey(service);
  if (key === null) return [];
  const candidates = world.instancesLabelled.get(key) ?? [];
  return candidates.filter(({ labels }) => selects(service, labels));
}

/** In the order of their names. */
export function selectingServices(
  world: Facts,
  namespace: string,
  labels: Labels,
): readonly Service[] {
  return Object.entries(labels)
    .flatMap(([name, value]) => world.servicesSelecting.get(labelKey(namespace, name, value)) ?? [])
    .filter((service) => selects(service, labels))
    .sort((a, b) => compareText(a.metadata.name, b.metadata.name));
}

function selects({ spec }: Service, labels: Labels): boolean {
  return Object.entries(spec.selector ?? {}).every(([name, value]) => {
    return Object.hasOwn(labels, name) && labels[name] === value;
  });
}
