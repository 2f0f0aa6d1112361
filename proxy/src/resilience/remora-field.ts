/**
 * Where a field of Remora's own, `x-remora-*`, stands in a head.
 *
 * One that is given twice can be read in two ways, so it is told apart from one that is absent.
 * The head's `seen` bits are asked first: a message without such fields costs one test.
 *
 * Pure. Budget: no allocation. Used by `classify.ts` and `deadline.ts`.
 */
import { FIELD, type Head } from '../http1/head.ts';

export const FIELD_ABSENT = -1;
export const FIELD_TWICE = -2;

/** Index of the field of this name (lower case), FIELD_ABSENT or FIELD_TWICE. */
export function findRemoraField(head: Head, name: Uint8Array): number {
  if ((head.seen & (1 << FIELD.REMORA)) === 0) return FIELD_ABSENT;
  let found = FIELD_ABSENT;
  for (let field = 0; field < head.fieldCount; field++) {
    if (head.ids[field] !== FIELD.REMORA || !head.nameIs(field, name)) continue;
    if (found !== FIELD_ABSENT) return FIELD_TWICE;
    found = field;
  }
  return found;
}
