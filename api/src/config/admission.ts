/**
 * What is let through: how much at a time, how often for one caller, and who yields to whom.
 *
 * Limits bound what one proxy sends to a Service, and what the proxy beside an instance lets to its
 * application. Rate limits are kept only there, beside the instance: a caller that counts itself
 * could as well not.
 *
 * Pure. Used by `resilience-policy.ts` and `traffic-route.ts`.
 */
import { z } from 'zod';
import { resilienceDefaults } from '../resilience-defaults.ts';
import { exactlyOne } from './choices.ts';
import { duration } from './duration.ts';
import { fieldName } from './names.ts';
import { decimal, flag, integer, list, onlyTrue, word } from './setting.ts';

const IN_FLIGHT_MAX = 65_535;
const WAIT_MAX_MS = 60_000;
const PER_SECOND_MIN = 0.001;
const PER_SECOND_MAX = 1_000_000;
const RATE_LIMITS_MAX = 8;
const KEEP_MIN_MS = 1_000;
const KEEP_MAX_MS = 3_600_000;

const { limits: standard, duplicates: duplicatesStandard } = resilienceDefaults;

export const limits = z
  .object({
    inFlight: integer({
      min: 1,
      max: IN_FLIGHT_MAX,
      default: standard.inFlightMax,
      doc: 'Requests at a time, of one proxy to the Service and of all callers to one instance.',
    }).optional(),
    waiting: integer({
      min: 0,
      max: IN_FLIGHT_MAX,
      default: standard.waitingMax,
      doc: 'Requests over that which may wait; 0: they are refused at once.',
    }).optional(),
    wait: duration({
      minMs: 0,
      maxMs: WAIT_MAX_MS,
      defaultMs: standard.waitMaxMs,
      doc: 'How long one may wait before it is refused.',
    }).optional(),
    adaptive: flag({
      default: standard.adaptive,
      doc: 'Whether the limit follows the latency, up to inFlight.',
    }).optional(),
  })
  .meta({ description: 'How many requests may be under way.' })
  .transform(({ inFlight, waiting, wait, adaptive }) => {
    return { inFlightMax: inFlight, waitingMax: waiting, waitMaxMs: wait, adaptive };
  });

const RATE_KEYS = ['header', 'peer', 'all'] as const;

const oneRateLimit = exactlyOne(
  {
    perSecond: decimal({
      min: PER_SECOND_MIN,
      max: PER_SECOND_MAX,
      doc: 'Requests each second in the long run, at each instance.',
    }),
    burst: integer({
      min: 1,
      max: PER_SECOND_MAX,
      default: 'perSecond, rounded up',
      doc: 'Requests that may come at once.',
    }).optional(),
    header: fieldName(
      'Counted for each value of this header; requests without it count as one.',
    ).optional(),
    peer: onlyTrue('Counted for each address that calls.').optional(),
    all: onlyTrue('Counted for all callers together.').optional(),
  },
  RATE_KEYS,
  { doc: 'A bucket of tokens; over it the answer is 429 and says when to come back.' },
);

export const rateLimit = list(oneRateLimit, {
  max: RATE_LIMITS_MAX,
  default: 'none',
  doc: 'How often the instances of the Service may be called; every one of these must allow it.',
});

export const priority = word(['critical', 'default', 'sheddable'], {
  doc: 'What is refused first under load: sheddable, then default, then critical.',
  default: 'default',
});

export const duplicates = z
  .object({
    keep: duration({
      minMs: KEEP_MIN_MS,
      maxMs: KEEP_MAX_MS,
      defaultMs: duplicatesStandard.keepMs,
      doc: 'How long an answer is kept for a request that comes again.',
    }).optional(),
  })
  .meta({
    description:
      'Requests with the same Idempotency-Key run once and get the same answer, which the proxy ' +
      'beside the instance keeps. For requests that change something, such as a payment.',
  })
  .transform(({ keep }) => ({ keepMs: keep }));

export type RateLimit = z.infer<typeof oneRateLimit>;
