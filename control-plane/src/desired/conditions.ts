/**
 * What a route's status says: is it accepted, do its references lead anywhere, is it in a
 * configuration, and is it live in the proxies that use it.
 *
 * The first three follow the Gateway API's words. `Applied` is Remora's own: the count of proxies
 * that acknowledged is the only true answer to "is my weight live?".
 *
 * Pure: the count comes in. Called by `status.ts` and, before an object is there, by the webhook.
 */
import type { Service, ServicePort, TrafficRoute } from '@remora/api/config/objects.ts';
import { targetKey, type World } from '../world.ts';
import { isRoutable, spokenOn } from './protocol.ts';
import { isTcp, unresolvedReferences } from './references.ts';
import { type Route, trafficRoute } from './route.ts';
import { unservable } from './rule-config.ts';

export interface Condition {
  readonly type: 'Accepted' | 'ResolvedRefs' | 'PartiallyInvalid' | 'Programmed' | 'Applied';
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

/** As long as a condition's message may be: the API's own bound, and that of our CRDs. */
export const MESSAGE_MAX = 32_768;

export type Finding = Pick<Condition, 'status' | 'reason' | 'message'>;

export function routeConditions(
  world: World,
  route: TrafficRoute,
  count: AppliedCount,
): readonly Condition[] {
  const attached = attachmentOf(world, route);
  const accepted = acceptance(attached, route);
  const findings = [
    ['Accepted', accepted],
    ['ResolvedRefs', resolution(world, trafficRoute(route))],
    ['Programmed', programming(attached, accepted, route)],
    ['Applied', application(count)],
  ] as const;
  return conditionsOf(route, findings);
}

/** Where every condition is made. */
export function conditionsOf(
  { metadata }: { readonly metadata: { readonly generation?: number | undefined } },
  findings: readonly (readonly [Condition['type'], Finding])[],
): readonly Condition[] {
  const observedGeneration = metadata.generation ?? 1;
  return findings.map(([type, finding]) => ({ type, ...bounded(finding), observedGeneration }));
}

/** Of a message that is too long the API server refuses the whole status. */
export function bounded(finding: Finding): Finding {
  return { ...finding, message: finding.message.slice(0, MESSAGE_MAX) };
}

interface Attachment {
  readonly service: Service;
  /** Those of its ports that the route is about: at least one. */
  readonly ports: readonly ServicePort[];
}

/** What the route is about, or in a sentence why that is nothing. */
function attachmentOf(world: World, route: TrafficRoute): Attachment | string {
  const { port } = route.spec.targetRef;
  const key = targetKey(route);
  const service = world.services.get(key);
  if (service === undefined) {
    return `There is no Service ${key}: create it, or correct spec.targetRef`;
  }
  if (service.spec.type === 'ExternalName') {
    return `Service ${key} is an ExternalName: it leads out of the cluster`;
  }
  const ports = service.spec.ports.filter((each) => {
    return isTcp(each) && (port === undefined || each.port === port);
  });
  if (ports.length > 0) return { service, ports };
  const has = service.spec.ports.map((each) => each.port).join(', ');
  return `Service ${key} has no ${port === undefined ? 'TCP port' : `port ${port}`}: it has ${has}`;
}

/** Whether somebody has to mend something; that a proxy is late is no mistake of the route's. */
export function isUnmet({ type, status }: Condition): boolean {
  if (type === 'PartiallyInvalid') return status === 'True';
  return type !== 'Applied' && status === 'False';
}

/** "applied by 1 of the 1 proxies that use it", and the same in the live view. */
export function appliedMessage({ applied, interested }: AppliedCount): string {
  if (interested === 0) return 'no proxy uses it yet';
  return `applied by ${applied} of the ${interested} proxies that use it`;
}

function acceptance(attached: Attachment | string, route: TrafficRoute): Finding {
  if (typeof attached === 'string') {
    return { status: 'False', reason: 'NoMatchingParent', message: attached };
  }
  const { service, ports } = attached;
  if (ports.every((each) => spokenOn(each) === 'other')) {
    const key = targetKey(route);
    const message = `The appProtocol of Service ${key} is not HTTP, so nothing can be matched`;
    return { status: 'False', reason: 'UnsupportedProtocol', message };
  }
  return {
    status: 'True',
    reason: 'Accepted',
    message: `attached to Service ${service.metadata.name}`,
  };
}

export function resolution(world: World, route: Route): Finding {
  const unresolved = unresolvedReferences(world, route);
  const [first] = unresolved;
  if (first === undefined) {
    return { status: 'True', reason: 'ResolvedRefs', message: 'every backend exists' };
  }
  const message = unresolved.map((each) => each.message).join('; ');
  return { status: 'False', reason: first.reason, message };
}

function programming(
  attached: Attachment | string,
  accepted: Finding,
  route: TrafficRoute,
): Finding {
  if (typeof attached === 'string' || accepted.status !== 'True') {
    return { status: 'False', reason: 'Invalid', message: 'not accepted' };
  }
  const { ports } = attached;
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

/** Of whatever object the counted proxies use. */
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
