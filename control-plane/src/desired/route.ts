/**
 * A route as everything else here reads it, whichever kind it was written as.
 *
 * TrafficRoute and HTTPRoute differ in spelling only, so both become this, and matching, precedence
 * and references have one implementation. One HTTPRoute of several Services is several of these:
 * the rules are the same, what they act on is not.
 *
 * Types, and the trivial one of two conversions; the other is `http-route.ts`. Made by
 * `attachment.ts`.
 */
import type { RouteBackend, RouteRule, TrafficRoute } from '@remora/api/config/objects.ts';
import { targetKey } from '../world.ts';

export interface Route {
  readonly kind: 'TrafficRoute' | 'HTTPRoute';
  readonly metadata: TrafficRoute['metadata'];
  /** `namespace/name` of the Service. */
  readonly target: string;
  /** Of the Service; null: all of them. */
  readonly ports: readonly number[] | null;
  readonly rules: readonly Rule[];
}

/** The words of both kinds for why a reference leads nowhere. */
export type ReferenceReason =
  | 'BackendNotFound'
  | 'InvalidKind'
  | 'RefNotPermitted'
  | 'UnsupportedProtocol';

/** A reference that is known to be wrong before anything is looked up. */
export interface Refusal {
  readonly reason: ReferenceReason;
  readonly message: string;
}

export type RuleBackend = RouteBackend & { readonly refused?: Refusal };
export type RuleMirror = NonNullable<RouteRule['mirror']>[number] & { readonly refused?: Refusal };

export type Rule = Omit<RouteRule, 'backends' | 'mirror'> & {
  readonly backends?: readonly RuleBackend[] | undefined;
  readonly mirror?: readonly RuleMirror[] | undefined;
  /** Why its requests are answered 500. */
  readonly invalid?: string;
  /** It has matches, and none that can be understood: it is for no request. */
  readonly isDropped?: boolean;
};

export function trafficRoute(route: TrafficRoute): Route {
  const { kind, metadata, spec } = route;
  const { port } = spec.targetRef;
  return {
    kind,
    metadata,
    target: targetKey(route),
    ports: port === undefined ? null : [port],
    rules: spec.rules,
  };
}

export function actsOn({ ports }: Route, port: number): boolean {
  return ports === null || ports.includes(port);
}
