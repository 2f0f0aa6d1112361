/**
 * What `status.parents` of an HTTPRoute should be.
 *
 * The list is atomic and shared: every controller has entries in it, so it is read, changed and
 * written back whole, and what is not ours stays byte for byte. Ours are those with our
 * controller's name; within them, ours are three types of conditions, and those of others stay. A
 * condition keeps its time of transition while its status stays, else every look would be a change.
 *
 * Pure: what stands there and the time come in. Called by whoever writes statuses.
 */
import type { ParentRef } from '@remora/api/config/http-route.ts';
import type { HttpRoute } from '@remora/api/config/objects.ts';
import { type Fields, isFields } from '@remora/api/fields.ts';
import { canonicalJson } from '../canonical-json.ts';
import { parentKey, type World } from '../world.ts';
import {
  type ParentConditionType,
  type ParentFindings,
  parentFindings,
} from './http-conditions.ts';
import type { Finding } from './conditions.ts';

/** In the Gateway API's form for it, domain and path. */
export const CONTROLLER_NAME = 'remora.dev/control-plane';

/** The API's own bounds. */
const PARENTS_MAX = 32;
const CONDITIONS_MAX = 8;

const OUR_TYPES: readonly ParentConditionType[] = ['Accepted', 'ResolvedRefs', 'PartiallyInvalid'];

interface Parent {
  readonly ref: ParentRef;
  /** `namespace/name` of the Service. */
  readonly target: string;
}

export interface StatusMoment {
  /** `status.parents` as it stands, of the same version that will be written over. */
  readonly existing: unknown;
  /** RFC 3339, in whole seconds. */
  readonly now: string;
}

/** The whole new list; null: what stands there is right. */
export function httpRouteParents(
  world: World,
  route: HttpRoute,
  { existing, now }: StatusMoment,
): readonly unknown[] | null {
  const standing = Array.isArray(existing) ? existing.filter(isFields) : [];
  const observedGeneration = route.metadata.generation ?? 1;
  const left = new Map<string, Parent>();
  for (const ref of route.spec.parentRefs) {
    const target = parentKey(route, ref);
    if (target !== null) left.set(canonicalJson(ref), { ref, target });
  }
  const entryFor = ({ ref, target }: Parent, before: Fields): Fields => {
    const findings = parentFindings(world, route, ref, target);
    const moment = { now, observedGeneration };
    const conditions = conditionsOver(before['conditions'], findings, moment);
    return { parentRef: ref, controllerName: CONTROLLER_NAME, conditions };
  };
  const kept = standing.flatMap((entry): Fields[] => {
    if (entry['controllerName'] !== CONTROLLER_NAME) return [entry];
    const key = canonicalJson(entry['parentRef']);
    const parent = left.get(key);
    left.delete(key);
    // A parent that the route has left, or a second entry of one.
    return parent === undefined ? [] : [entryFor(parent, entry)];
  });
  const added = [...left.values()].map((parent) => entryFor(parent, {}));
  const parents = [...kept, ...added].slice(0, PARENTS_MAX);
  return canonicalJson(parents) === canonicalJson(existing ?? []) ? null : parents;
}

function conditionsOver(
  before: unknown,
  findings: ParentFindings,
  { now, observedGeneration }: { readonly now: string; readonly observedGeneration: number },
): readonly Fields[] {
  const standing = Array.isArray(before) ? before.filter(isFields) : [];
  const left = new Map<unknown, Finding>(findings);
  const conditionOf = (type: unknown, finding: Finding, old: Fields | null): Fields => {
    const isSame = old !== null && old['status'] === finding.status;
    const lastTransitionTime = isSame ? old['lastTransitionTime'] : now;
    return { type, ...finding, observedGeneration, lastTransitionTime };
  };
  const kept = standing.flatMap((old): Fields[] => {
    const { type } = old;
    if (!OUR_TYPES.some((each) => each === type)) return [old];
    const finding = left.get(type);
    left.delete(type);
    // Written by a control plane that has seen a newer version of the route.
    if (Number(old['observedGeneration']) > observedGeneration) return [old];
    return finding === undefined ? [] : [conditionOf(type, finding, old)];
  });
  const added = [...left].map(([type, finding]) => conditionOf(type, finding, null));
  return [...kept, ...added].slice(0, CONDITIONS_MAX);
}
