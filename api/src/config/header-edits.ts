/**
 * Changes to the headers of a request or a response: `set` replaces, `add` appends, `remove` drops.
 *
 * Pure. Used by `backends.ts` and `traffic-route.ts`.
 */
import { z } from 'zod';
import { editableFieldName, fieldValue } from './names.ts';
import { list, mistaken } from './setting.ts';

const HEADERS_MAX = 16;

function headers(doc: string) {
  return z
    .record(editableFieldName('The header.'), fieldValue('The value.'))
    .superRefine((values, context) => {
      const names = Object.keys(values);
      if (names.length > HEADERS_MAX) {
        const message = `${names.length} headers, over ${HEADERS_MAX}`;
        mistaken(context, message, `Keep at most ${HEADERS_MAX}`);
      }
      const seen = new Set<string>();
      for (const name of names) {
        if (seen.has(name.toLowerCase())) {
          mistaken(context, `"${name}" is here twice, in another case`, 'Keep one of them', [name]);
        }
        seen.add(name.toLowerCase());
      }
    })
    .meta({
      description: doc,
      maxProperties: HEADERS_MAX,
      'x-type': 'map of header to value',
      'x-limits': `at most ${HEADERS_MAX}; not the headers that frame or route a message`,
    })
    .transform(lowerCased);
}

/** Case makes no other name, so there is one spelling behind this point. */
function lowerCased(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

export function headerEdits(doc: string) {
  return z
    .object({
      set: headers('Replaces every value of the header, or adds it.').optional(),
      add: headers('Adds a value to those that are there.').optional(),
      remove: list(editableFieldName('The header.'), {
        max: HEADERS_MAX,
        doc: 'Takes the header away.',
      }).optional(),
    })
    .meta({ description: doc });
}

export type HeaderEdits = z.infer<ReturnType<typeof headerEdits>>;
