/**
 * What a rule of an HTTPRoute names: Services, and whatever else it should not.
 *
 * Only the core group's Services are backends here, in any namespace that grants it. Whether one
 * exists is asked later, of a World (`references.ts`); a kind that is wrong is wrong in any.
 *
 * Pure. Called by `http-rules.ts` and `http-filters.ts`.
 */
import type { HttpRouteBackend, HttpRouteFilter } from '@remora/api/config/http-route.ts';
import { isCoreGroup } from '../world.ts';
import type { Refusal, RuleMirror } from './route.ts';

type WrittenReference = Pick<HttpRouteBackend, 'group' | 'kind' | 'name' | 'namespace' | 'port'>;

export interface ReadReference {
  readonly service: string;
  readonly namespace: string | undefined;
  readonly port: number | undefined;
  readonly refused?: Refusal;
}

export function readReference(written: WrittenReference): ReadReference {
  const { name: service, namespace, port } = written;
  const refused = refusalOf(written);
  return { service, namespace, port, ...(refused !== null && { refused }) };
}

export function readMirror({ requestMirror }: HttpRouteFilter): readonly RuleMirror[] {
  if (requestMirror === undefined) return [];
  const { backendRef, percent = 100, fraction } = requestMirror;
  const part = fraction === undefined ? percent : (100 * fraction.numerator) / fraction.denominator;
  return [{ ...readReference(backendRef), percent: Math.min(part, 100) }];
}

function refusalOf({ group = '', kind, name, port }: WrittenReference): Refusal | null {
  if (kind !== 'Service' || !isCoreGroup(group)) {
    const of = group === '' ? '' : ` of group ${group}`;
    return { reason: 'InvalidKind', message: `${kind} ${name}${of} is no Service` };
  }
  if (port !== undefined) return null;
  return { reason: 'BackendNotFound', message: `Service ${name} is named without a port` };
}
