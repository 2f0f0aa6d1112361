/**
 * What a rule's match asks of a request: path, method, headers, query and who sends it.
 *
 * Regular expressions are only bounded here: whether one compiles, the control plane asks the
 * engine that the proxy uses. Paths are compared in their canonical form, so that a match may be
 * written as people write it (`/café`).
 *
 * Pure. Used by `traffic-route.ts`.
 */
import type { z } from 'zod';
import { flag, list, object, text } from './field.ts';
import { headerName } from './header-edits.ts';
import { exactlyOneOf, related, type Relation } from './relation.ts';
import { labelText } from './service-reference.ts';

const VALUES_MAX = 16;
const VALUE_LENGTH_MAX = 4_096;
const PATH_LENGTH_MAX = 1_024;
const REGEX_LENGTH_MAX = 512;
const METHOD_LENGTH_MAX = 32;
/** Never forwarded, so a match of them could never hold. */
const REFUSED_METHODS: readonly unknown[] = ['CONNECT', 'TRACE'];

export function pathText(doc: string, example: string): z.ZodString {
  return text({
    // No control bytes and no backslash: such a request is refused before it is routed.
    pattern: /^\/[^\p{Cc}\\]*$/u,
    lengthMax: PATH_LENGTH_MAX,
    expects: `a path of at most ${PATH_LENGTH_MAX} characters that begins with /`,
    example,
    doc,
  });
}

function regexText(doc: string, example: string): z.ZodString {
  return text({
    pattern: /^\P{Cc}+$/u,
    lengthMax: REGEX_LENGTH_MAX,
    expects: `a regular expression (RE2) of 1 to ${REGEX_LENGTH_MAX} characters`,
    example,
    doc,
  });
}

const ONE_PATH = 'Keep one, for example `path: { prefix: /items }`; list several matches for more';
const ONE_VALUE = 'Keep one, for example `exact: alice`, or `present: true`';

const path = related(
  object(
    {
      exact: pathText('The whole path.', '/items').optional(),
      prefix: pathText(
        'The first segments of the path: `/items` matches `/items` and `/items/1`, not `/items2`.',
        '/items',
      ).optional(),
      regex: regexText('Must match the whole path.', '"/items/[0-9]+"').optional(),
    },
    { doc: 'The path, without its query.' },
  ),
  [exactlyOneOf(['exact', 'prefix', 'regex'], ONE_PATH)],
);

const exact = text({
  pattern: /^\P{Cc}*$/u,
  lengthMax: VALUE_LENGTH_MAX,
  expects: `at most ${VALUE_LENGTH_MAX} characters without control characters`,
  example: '"1"',
  doc: 'The whole value.',
});

const valueFields = {
  exact: exact.optional(),
  regex: regexText('Must match the whole value.', '"[a-z]+"').optional(),
  present: flag({ doc: 'Any value will do.' }).optional(),
};
const oneValue: readonly Relation[] = [exactlyOneOf(['exact', 'regex', 'present'], ONE_VALUE)];

const header = related(
  object({ name: headerName('The header, in any case.'), ...valueFields }, { doc: 'A header.' }),
  oneValue,
);

const parameter = related(
  object(
    {
      name: text({
        pattern: /^\P{Cc}+$/u,
        lengthMax: VALUE_LENGTH_MAX,
        expects: 'the name of a query parameter',
        example: 'q',
        doc: 'The parameter, percent-decoded.',
      }),
      ...valueFields,
    },
    { doc: 'A query parameter; of several of one name the first counts.' },
  ),
  oneValue,
);

const method = text({
  pattern: /^[A-Z][A-Z0-9_-]*$/,
  lengthMax: METHOD_LENGTH_MAX,
  expects: 'a method in capital letters',
  example: 'GET',
  doc: 'The method.',
});

export const routeMatch = related(
  object(
    {
      path: path.optional(),
      method: method.optional(),
      headers: list(header, { max: VALUES_MAX, doc: 'Headers; all must match.' }).optional(),
      query: list(parameter, {
        max: VALUES_MAX,
        doc: 'Query parameters; all must match.',
      }).optional(),
      source: object(
        {
          namespace: labelText("The client's namespace.", 'shop').optional(),
          workload: labelText("The client's Deployment.", 'storefront').optional(),
        },
        { doc: 'Who sends the request; all that is given must match.' },
      ).optional(),
    },
    { doc: 'All that is given must hold.' },
  ),
  [
    {
      message: 'CONNECT and TRACE never match: Remora refuses them',
      remedy: 'Remove the match',
      cel: `!has(self.method) || !(self.method in ['CONNECT', 'TRACE'])`,
      holds: (value) => !REFUSED_METHODS.includes(value['method']),
      at: 'method',
    },
  ],
);

export type RouteMatch = z.infer<typeof routeMatch>;
export type ValueMatch = z.infer<typeof header>;
