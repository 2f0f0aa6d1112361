/**
 * What is hashed to keep a user at one place: of a sticky rule, a ring, a fault's cohort.
 *
 * Pure. Called by `rule-config.ts`, `failure-config.ts` and `policy.ts`.
 */
import type { Sticky } from '@remora/api/config/objects.ts';
import type { StickyConfig } from '@remora/api/wire.ts';

/** Of `header`, `cookie` and `peer` exactly one is given. */
export function hashKey({
  header,
  cookie,
}: Pick<Sticky, 'header' | 'cookie'>): StickyConfig['key'] {
  if (header !== undefined) return { type: 'header', name: header.toLowerCase() };
  if (cookie !== undefined) return { type: 'cookie', name: cookie };
  return { type: 'peer', name: '' };
}
