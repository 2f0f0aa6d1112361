/**
 * What a route's status says: is it accepted, do its references lead anywhere, is it in a
 * configuration, and is it live in the proxies that use it.
 *
 * The first three follow the Gateway API's words. `Applied` is Remora's own: the count of proxies
 * that acknowledged is the only true answer to "is my weight live?".
 *
 * Pure: the count comes in. Called by `status.ts`.
 */
import type { Service, ServicePort, TrafficRoute } from '@remora/api/config/objects.ts';
import { targetKey, type World } from '../world.ts';
import { isRoutable, spokenOn } from './protocol.ts';
import { isTcp, unresolvedReferences } from './references.ts';
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

type Finding = Pick<Condition, 'status' | 'reason' | 'message'>;

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
    ['Programmed', programming(world, accepted, route)],
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
  if (service.spec.type === 'ExternalName') {
    const message = `Service ${key} is an ExternalName: it leads out of the cluster`;
    return { status: 'False', reason: 'NoMatchingParent', message };
  }
  const ports = portsOf(service, route);
  if (ports.length === 0) {
    const has = service.spec.ports.map((each) => each.port).join(', ');
    const wanted = port === undefined ? 'TCP port' : `port ${port}`;
    const message = `Service ${key} has no ${wanted}: it has ${has}`;
    return { status: 'False', reason: 'NoMatchingParent', message };
  }
  if (ports.every((each) => spokenOn(each) === 'other')) {
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

/** Those that the route is attached to. */
function portsOf(service: Service, { spec }: TrafficRoute): readonly ServicePort[] {
  const { port } = spec.targetRef;
  return service.spec.ports.filter((each) => {
    return isTcp(each) && (port === undefined || each.port === port);
  });
}

function programming(world: World, accepted: Finding, route: TrafficRoute): Finding {
  if (accepted.status !== 'True') {
    return { status: 'False', reason: 'Invalid', message: 'not accepted' };
  }
  const service = world.services.get(targetKey(route));
  const ports = service === undefined ? [] : portsOf(service, route);
  const unread = ports.filter((port) => !isRoutable(port)).map(unreadPort);
  if (unread.length === ports.length) {
    const message = `no rule acts on ${unread.join(', ')}`;
    return { status: 'False', reason: 'UnsupportedProtocol', message };
  }
  const unserved = route.spec.rules.flatMap((rule, index) => {
    const why = unservable(rule);
    return why === null ? [] : [`rules[${index}]: ${why}, so its requests are answered 500`];
  });
  if (unserved.length > 0) {
    return { status: 'False', reason: 'NothingToServe', message: unserved.join('; ') };
  }
  const except = unread.length === 0 ? '' : `; no rule acts on ${unread.join(', ')}`;
  const message = `in the configuration of its Service${except}`;
  return { status: 'True', reason: 'Programmed', message };
}

/** HTTP/2 is not read yet; what is no HTTP never will be. */
function unreadPort(port: ServicePort): string {
  const why = spokenOn(port) === 'http2' ? 'HTTP/2 is passed through unread' : 'not HTTP';
  return `port ${port.port} (appProtocol ${port.appProtocol}: ${why})`;
}

function application(count: AppliedCount): Finding {
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
