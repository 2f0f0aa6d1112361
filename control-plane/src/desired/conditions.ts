/**
 * What a route's status says: is it accepted, do its references lead anywhere, is it in a
 * configuration, and is it live in the proxies that use it.
 *
 * The first three follow the Gateway API's words. `Applied` is Remora's own: the count of proxies
 * that acknowledged is the only true answer to "is my weight live?".
 *
 * Pure: the count comes in. Called by `status.ts`.
 */
import type { TrafficRoute } from '@remora/api/config/objects.ts';
import { targetKey, type World } from '../world.ts';
import { isOpaque, unresolvedReferences } from './references.ts';
import { unservable } from './rule-config.ts';

export interface Condition {
  readonly type: 'Accepted' | 'ResolvedRefs' | 'Programmed' | 'Applied';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
}

/** The count of `publish/acks.ts`, which this must not import: it is pure of who connected. */
export interface AppliedCount {
  readonly applied: number;
  readonly interested: number;
  readonly refused: readonly { readonly proxy: string; readonly reason: string }[];
}

export type Finding = Pick<Condition, 'status' | 'reason' | 'message'>;

export function routeConditions(
  world: World,
  route: TrafficRoute,
  count: AppliedCount,
): readonly Condition[] {
  const observedGeneration = route.metadata.generation ?? 1;
  const accepted = acceptance(world, route);
  const findings: readonly (readonly [Condition['type'], Finding])[] = [
    ['Accepted', accepted],
    ['ResolvedRefs', resolution(world, route)],
    ['Programmed', programming(accepted, route)],
    ['Applied', application(count)],
  ];
  return findings.map(([type, finding]) => ({ type, ...finding, observedGeneration }));
}

/** "applied by 1 of the 1 proxies that use it", and the same in the live view. */
export function appliedMessage({ applied, interested }: AppliedCount): string {
  if (interested === 0) return 'no proxy uses it yet';
  return `applied by ${applied} of the ${interested} proxies that use it`;
}

function acceptance(world: World, route: TrafficRoute): Finding {
  const { name, port } = route.spec.targetRef;
  const key = targetKey(route);
  const service = world.services.get(key);
  if (service === undefined) {
    const message = `There is no Service ${key}: create it, or correct spec.targetRef`;
    return { status: 'False', reason: 'NoMatchingParent', message };
  }
  const ports = service.spec.ports.filter((each) => port === undefined || each.port === port);
  if (ports.length === 0) {
    const has = service.spec.ports.map((each) => each.port).join(', ');
    const message = `Service ${key} has no port ${port}: it has ${has}`;
    return { status: 'False', reason: 'NoMatchingParent', message };
  }
  if (ports.every(isOpaque)) {
    const message = `The appProtocol of Service ${key} is not HTTP, so nothing can be matched`;
    return { status: 'False', reason: 'UnsupportedProtocol', message };
  }
  return { status: 'True', reason: 'Accepted', message: `attached to Service ${name}` };
}

function resolution(world: World, route: TrafficRoute): Finding {
  const unresolved = unresolvedReferences(world, route);
  if (unresolved.length === 0) {
    return { status: 'True', reason: 'ResolvedRefs', message: 'every backend exists' };
  }
  return { status: 'False', reason: 'BackendNotFound', message: unresolved.join('; ') };
}

function programming(accepted: Finding, { spec }: TrafficRoute): Finding {
  if (accepted.status !== 'True') {
    return { status: 'False', reason: 'Invalid', message: 'not accepted' };
  }
  const unserved = spec.rules.flatMap((rule, index) => {
    const why = unservable(rule);
    return why === null ? [] : [`rules[${index}]: ${why}, so its requests are answered 500`];
  });
  if (unserved.length === 0) {
    const message = 'in the configuration of its Service';
    return { status: 'True', reason: 'Programmed', message };
  }
  return { status: 'False', reason: 'NothingToServe', message: unserved.join('; ') };
}

export function application(count: AppliedCount): Finding {
  const message = appliedMessage(count);
  const [first] = count.refused;
  if (first !== undefined) {
    const refused = `${message}; ${first.proxy} refused: ${first.reason}`;
    return { status: 'False', reason: 'Refused', message: refused };
  }
  if (count.interested === 0) return { status: 'Unknown', reason: 'Unused', message };
  if (count.applied < count.interested) return { status: 'False', reason: 'Pending', message };
  return { status: 'True', reason: 'Applied', message };
}
