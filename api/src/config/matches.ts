/**
 * Which requests a rule is for. Everything that one match gives must hold; of several any suffices.
 *
 * An empty match is refused: it would match everything, and the usual cause is a misspelt field.
 * A rule for everything has no matches at all.
 *
 * Pure. Used by `traffic-route.ts` and `faults.ts`.
 */
import type { z } from 'zod';
import { atLeastOne, exactlyOne } from './choices.ts';
import { fieldName, fieldValue, label, method, path, queryText, regex } from './names.ts';
import { list, onlyTrue } from './setting.ts';

const HEADERS_MAX = 16;

function valueMatch<N extends z.ZodType<string>>(
  name: N,
  exact: z.ZodType<string, string>,
  doc: string,
) {
  const fields = {
    name,
    exact: exact.optional(),
    regex: regex('Must match the whole value.').optional(),
    present: onlyTrue('Any value, as long as there is one.').optional(),
  };
  return exactlyOne(fields, ['exact', 'regex', 'present'], { doc });
}

export const headerMatch = valueMatch(
  fieldName('Of the header, in any case.'),
  fieldValue('The whole value, in this case.'),
  'A header of the request.',
);
const queryMatch = valueMatch(
  queryText('Of the parameter.'),
  queryText('The whole value of its first occurrence, decoded.'),
  'A parameter of the query.',
);

const pathMatch = exactlyOne(
  {
    exact: path('The whole path.').optional(),
    prefix: path('Whole segments of it: /items matches /items/1, and not /itemsets.').optional(),
    regex: regex('Must match the whole path.').optional(),
  },
  ['exact', 'prefix', 'regex'],
  { doc: 'The path of the request, without its query.' },
);

const source = atLeastOne(
  {
    namespace: label('Of the calling workload.').optional(),
    workload: label('The calling Deployment.').optional(),
  },
  ['namespace', 'workload'],
  { doc: 'Who calls.' },
);

export const routeMatch = atLeastOne(
  {
    path: pathMatch.optional(),
    method: method('The method.').optional(),
    headers: list(headerMatch, { max: HEADERS_MAX, doc: 'All of them must match.' }).optional(),
    query: list(queryMatch, { max: HEADERS_MAX, doc: 'All of them must match.' }).optional(),
    source: source.optional(),
  },
  ['path', 'method', 'headers', 'query', 'source'],
  { doc: 'A kind of request; everything that is given must hold.' },
);

export type RouteMatch = z.infer<typeof routeMatch>;
export type ValueMatch = z.infer<typeof headerMatch>;
