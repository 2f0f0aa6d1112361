/**
 * Where the requests of a rule go: its backends by weight, the copies it sends, and what keeps a
 * user at one backend.
 *
 * Pure. Used by `traffic-route.ts`, `resilience-policy.ts` and `faults.ts`.
 */
import { z } from 'zod';
import { exactlyOne } from './choices.ts';
import { headerEdits } from './header-edits.ts';
import { portNumber } from './metadata.ts';
import { fieldName, label } from './names.ts';
import { decimal, integer, mistaken, onlyTrue, text } from './setting.ts';

const WEIGHT_MAX = 1_000_000;
const WEIGHT_DEFAULT = 1;

const serviceReference = {
  service: label('The Service.'),
  port: portNumber('Its port.', "the target's").optional(),
  namespace: label('Its namespace.').meta({ 'x-default': "the route's" }).optional(),
};

export const routeBackend = z
  .object({
    ...serviceReference,
    weight: integer({
      min: 0,
      max: WEIGHT_MAX,
      default: WEIGHT_DEFAULT,
      doc: 'Its share, relative to the other backends of the rule; 0 gets nothing.',
    }).optional(),
    requestHeaders: headerEdits('Changes requests to this backend.').optional(),
    responseHeaders: headerEdits('Changes responses of this backend.').optional(),
  })
  .meta({ description: 'A Service that serves a share of the requests.' });

export const fallback = z.object(serviceReference).meta({
  description:
    'Gets the share of a backend that has no endpoints, or an open breaker; with spillover only ' +
    'what no other backend is left for.',
});

export const mirror = z
  .object({
    ...serviceReference,
    percent: decimal({ min: 0, max: 100, doc: 'How many of a hundred requests are copied.' }),
  })
  .meta({ description: 'A Service that gets copies; its answers are thrown away.' });

const hashSources = {
  header: fieldName('The value of this header.').optional(),
  cookie: fieldName('The value of this cookie.', 'session').optional(),
  peer: onlyTrue('The address of the client.').optional(),
};
const HASH_SOURCES = ['header', 'cookie', 'peer'] as const;

export const hashKey = exactlyOne(hashSources, HASH_SOURCES, { doc: 'What is hashed.' });

/** Of `sticky` and of a fault's cohort: who shares it shares the users. */
function salt(standard: string) {
  return text({
    pattern: /^[!-~]+$/,
    lengthMax: 253,
    what: 'visible text',
    example: 'spring-canary',
    default: standard,
    doc: 'Routes with the same salt send a user the same way.',
  });
}

const CLAIM_REFUSED =
  'a claim cannot be trusted before callers have an identity, which is for a later release';

const claim = z
  .string()
  .superRefine((_, context) => {
    mistaken(context, CLAIM_REFUSED, 'Use header, cookie or peer');
  })
  .meta({
    description: `Refused: ${CLAIM_REFUSED}.`,
    maxLength: 253,
    'x-type': 'text',
    'x-limits': 'refused',
  });

export const sticky = exactlyOne(
  {
    ...hashSources,
    claim: claim.optional(),
    salt: salt('<namespace>/<name> of the route').optional(),
  },
  [...HASH_SOURCES, 'claim'],
  {
    doc: 'Keeps a user at one backend, as long as the weights stay.',
    rules: [{ rule: '!has(self.claim)', message: CLAIM_REFUSED }],
  },
);

/** Not the salt of `sticky`: else the users of a canary would be those who get the faults. */
export const cohort = exactlyOne(
  { ...hashSources, salt: salt('<namespace>/<name>/faults of the route').optional() },
  HASH_SOURCES,
  { doc: 'Always the same users instead of chance: as many of a hundred as percent says.' },
);

export type Cohort = z.infer<typeof cohort>;
export type RouteBackend = z.infer<typeof routeBackend>;
export type Sticky = z.infer<typeof sticky>;
