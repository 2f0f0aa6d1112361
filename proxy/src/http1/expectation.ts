/**
 * Expect: the one expectation there is, `100-continue`, and what becomes of the others.
 *
 * One that is named and that nobody here meets is refused (RFC 9110 §10.1.1 lets a server answer
 * 417). Words with only blanks between them name none, `x 100-continue` for one: a careless reader
 * hears a 100-continue in it and waits, a careful one does not. It is ignored, and never passed on,
 * so nobody behind us gets to choose; a client that waits in vain loses its connection at worst.
 *
 * Pure. Called once per head that has the field, by `field-rules`. No allocation.
 */
import { FIELD, type Head, VALUE_END, VALUE_START } from './head.ts';
import { memberEnd, memberStart, memberStop, valueIs } from './list-members.ts';
import { ascii, TOKEN } from './octets.ts';

const CONTINUE = ascii('100-continue');

/** Sets `expectContinue`. False: something is expected that is not met. */
export function readExpectations(head: Head, bytes: Uint8Array, base: number): boolean {
  for (let field = 0; field < head.fieldCount; field++) {
    if (head.ids[field] !== FIELD.EXPECT) continue;
    const to = base + head.spans[field * 4 + VALUE_END]!;
    let at = base + head.spans[field * 4 + VALUE_START]!;
    while (at < to) {
      const stop = memberStop(bytes, at, to);
      const start = memberStart(bytes, at, stop);
      const end = memberEnd(bytes, start, stop);
      if (valueIs(bytes, start, end, CONTINUE)) head.expectContinue = true;
      else if (end > start && !isTwoWords(bytes, start, end)) return false;
      at = stop + 1;
    }
  }
  return true;
}

/** A token, blanks, and what may begin another token. */
function isTwoWords(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && TOKEN[bytes[at]!] === 1) at++;
  const next = memberStart(bytes, at, end);
  return next < end && TOKEN[bytes[next]!] === 1;
}
