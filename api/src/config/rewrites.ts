/**
 * What a rule changes of the place a request is for: a rewrite on the way, or a redirect back.
 *
 * Pure. Used by `traffic-route.ts`.
 */
import { z } from 'zod';
import { atLeastOne, exactlyOne } from './choices.ts';
import { portNumber } from './metadata.ts';
import { hostname, path } from './names.ts';
import { word } from './setting.ts';

const REDIRECT_STATUSES = [301, 302, 303, 307, 308] as const;
const REDIRECT_STATUS_DEFAULT = 302;

const pathRewrite = exactlyOne(
  {
    full: path('Instead of the whole path; the query stays.').optional(),
    prefix: path('Instead of the prefix that matched, by whole segments.').optional(),
  },
  ['full', 'prefix'],
  { doc: 'The new path. `prefix` needs a rule without matches by exact or regex path.' },
);

export const rewrite = atLeastOne(
  {
    hostname: hostname('The new Host of the request.').optional(),
    path: pathRewrite.optional(),
  },
  ['hostname', 'path'],
  { doc: 'Changes the request on its way.' },
);

export const redirect = z
  .object({
    status: z
      .literal(REDIRECT_STATUSES)
      .meta({
        description: 'The status of the answer.',
        type: 'integer',
        'x-type': 'integer',
        'x-limits': REDIRECT_STATUSES.join(', '),
        'x-default': String(REDIRECT_STATUS_DEFAULT),
      })
      .optional(),
    scheme: word(['http', 'https'], { doc: 'The new scheme.', default: 'as it was' }).optional(),
    hostname: hostname('The new host.', 'as it was').optional(),
    port: portNumber('The new port.', "the scheme's").optional(),
    path: pathRewrite.optional(),
  })
  .meta({ description: 'Answers with another place, instead of going to backends.' });

export type PathRewrite = z.infer<typeof pathRewrite>;
