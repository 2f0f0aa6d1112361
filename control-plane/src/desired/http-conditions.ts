/**
 * What is to be said of an HTTPRoute to one of its parents: is it accepted, do its references lead
 * anywhere, is a part of it wrong.
 *
 * Words and their meaning are the Gateway API's. A part that is wrong does not take the rest down:
 * the route is accepted, and PartiallyInvalid names what became of the part. What is not read at
 * all is named with Accepted, so that nobody waits for a field to act.
 *
 * Pure. Called by `http-route-status.ts`, and by `status.ts` for what has no API server.
 */
import type { ParentRef } from '@remora/api/config/http-route.ts';
import type { HttpRoute } from '@remora/api/config/objects.ts';
import { parentKey, type World } from '../world.ts';
import {
  type AppliedCount,
  application,
  bounded,
  type Condition,
  conditionsOf,
  type Finding,
  resolution,
} from './conditions.ts';
import { httpRouteOf, portsOf } from './http-route.ts';
import { type HttpRules, readRules } from './http-rules.ts';
import { isRoutable } from './protocol.ts';

export type ParentConditionType = 'Accepted' | 'ResolvedRefs' | 'PartiallyInvalid';
export type ParentFindings = ReadonlyMap<ParentConditionType, Finding>;

/** `target`: the Service that `ref` means, as `namespace/name`. */
export function parentFindings(
  world: World,
  route: HttpRoute,
  ref: ParentRef,
  target: string,
): ParentFindings {
  const read = readRules(route);
  const accepted = detachment(world, ref, target) ?? acceptance(read, target);
  const resolved = resolution(world, httpRouteOf(route, target));
  const found: [ParentConditionType, Finding][] = [
    ['Accepted', accepted],
    ['ResolvedRefs', resolved],
  ];
  // Never said of a route that is wholly right, wholly wrong or not accepted.
  if (accepted.status === 'True' && read.faults.size > 0) {
    found.push(['PartiallyInvalid', partialInvalidity(read)]);
  }
  return new Map(found.map(([type, finding]) => [type, bounded(finding)]));
}

/** The same of every parentRef that means the Service, and whether proxies have it in force. */
export function httpRouteConditions(
  world: World,
  route: HttpRoute,
  target: string,
  count: AppliedCount,
): readonly Condition[] {
  const refs = route.spec.parentRefs.filter((ref) => parentKey(route, ref) === target);
  const findings = refs.flatMap((ref) => [...parentFindings(world, route, ref, target)]);
  return conditionsOf(route, [...findings, ['Applied', application(count)]]);
}

/** Why the Service does not take the route; null: it does. */
function detachment(world: World, ref: ParentRef, target: string): Finding | null {
  const service = world.services.get(target);
  if (service === undefined) {
    return noParent(`there is no Service ${target}: create it, or correct the parentRef`);
  }
  if (service.spec.clusterIP === 'None') {
    return noParent(`Service ${target} has no address of its own that clients could call`);
  }
  const ports = portsOf(ref, service);
  if (ports.length === 0) {
    const has = service.spec.ports.map(({ name, port }) => `${port} ${name ?? ''}`.trimEnd());
    const wanted = [ref.port, ref.sectionName].filter((each) => each !== undefined);
    const named = wanted.length === 0 ? 'of TCP' : wanted.join(' ');
    return noParent(`Service ${target} has no port ${named}: it has ${has.join(', ') || 'none'}`);
  }
  if (ports.some(isRoutable)) return null;
  const said = ports.map(({ appProtocol }) => appProtocol).join(', ');
  const message = `Service ${target} speaks ${said}, which is not read, so nothing can be matched`;
  return { status: 'False', reason: 'UnsupportedProtocol', message };
}

function noParent(message: string): Finding {
  return { status: 'False', reason: 'NoMatchingParent', message };
}

function acceptance(read: HttpRules, target: string): Finding {
  const { rules, faults, ignored } = read;
  const [first] = [...faults.values()].flat();
  if (first !== undefined && faults.size === rules.length) {
    return { status: 'False', reason: first.reason, message: told(read) };
  }
  const unread = ignored.length === 0 ? '' : `; without meaning here: ${ignored.join(', ')}`;
  const message = `attached to Service ${target}${unread}`;
  return { status: 'True', reason: 'Accepted', message };
}

function partialInvalidity(read: HttpRules): Finding {
  // The Gateway API wants the message to begin so.
  const message = `Dropped Rule: ${told(read)}`;
  return { status: 'True', reason: 'UnsupportedValue', message };
}

/** What is wrong, and what becomes of the requests. */
function told({ rules, faults }: HttpRules): string {
  const sentences = [...faults].map(([index, found]) => {
    const why = found.map(({ message }) => message).join('; ');
    return rules[index]?.invalid === undefined
      ? `${why}, so that match is for no request`
      : `${why}, so its requests are answered 500`;
  });
  return sentences.join('; ');
}
