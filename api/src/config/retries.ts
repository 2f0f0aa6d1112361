/**
 * What is tried again: which answers, how often and after which wait; and what bounds it.
 *
 * A connection that fails is always fit for another try. An answer is so only where it is listed,
 * and of the 4xx only those may be that say "not now": the others say that the request is wrong,
 * and a wrong request is wrong again. The words are the Gateway API's (HTTPRouteRetry), Linkerd's
 * and Envoy's, where they agree.
 *
 * Pure. Used by `resilience-policy.ts` and `traffic-route.ts`.
 */
import { z } from 'zod';
import { resilienceDefaults } from '../resilience-defaults.ts';
import type { ServerRule } from './choices.ts';
import { duration } from './duration.ts';
import { decimal, integer, list, mistaken, ratio } from './setting.ts';

export const RETRIES_MAX = 10;
const STATUSES_MAX = 16;
const BACKOFF_MAX_MS = 60_000;
const HEDGE_MAX_MS = 60_000;
const PER_SECOND_MAX = 100_000;

const { retry, budget } = resilienceDefaults;

const RETRIED_4XX: ReadonlySet<number> = new Set([408, 425, 429]);
const STATUS_LIMITS = '408, 425, 429, 500 to 599';
const STATUS_RULE: ServerRule = {
  rule: 'self in [408, 425, 429] || (self >= 500 && self <= 599)',
  message: `of statuses only ${STATUS_LIMITS} may be tried again`,
};

function refusalOf(status: number): string | null {
  if (RETRIED_4XX.has(status) || (status >= 500 && status <= 599)) return null;
  if (status >= 400 && status <= 499)
    return 'says that the request is wrong: so would the next try';
  return 'is no failure';
}

export const retriedStatus = z
  .int()
  .superRefine((status, context) => {
    const reason = refusalOf(status);
    if (reason === null) return;
    mistaken(context, `${status} ${reason}`, `Take it away: ${STATUS_LIMITS} may be listed`);
  })
  .meta({ type: 'integer', minimum: 408, maximum: 599, 'x-kubernetes-validations': [STATUS_RULE] });

const BACKOFF_RULE: ServerRule = {
  rule: '!has(self.base) || !has(self.max) || duration(self.base) <= duration(self.max)',
  message: 'base is longer than max, to which it would grow',
};

/** `inherited`: what holds where nothing is said, instead of the number. */
function backoff(inherited?: string) {
  const bounds = { minMs: 1, maxMs: BACKOFF_MAX_MS };
  const standard = (defaultMs: number) => {
    return inherited === undefined ? { defaultMs } : { otherwise: inherited };
  };
  return z
    .object({
      base: duration({
        ...bounds,
        ...standard(retry.backoffBaseMs),
        doc: 'The first wait is drawn from 0s to this, and each next one from twice as much.',
      }).optional(),
      max: duration({
        ...bounds,
        ...standard(retry.backoffMaxMs),
        doc: 'No wait is longer.',
      }).optional(),
    })
    .superRefine(({ base, max }, context) => {
      // What is wrong in itself arrives here unread.
      if (typeof base !== 'number' || typeof max !== 'number' || base <= max) return;
      mistaken(context, BACKOFF_RULE.message, 'Make base shorter, or max longer', ['base']);
    })
    .meta({
      description: 'How long is waited before a try.',
      'x-kubernetes-validations': [BACKOFF_RULE],
    });
}

export function retries(inherited?: string) {
  return z
    .object({
      attempts: integer({
        min: 0,
        max: RETRIES_MAX,
        default: inherited ?? retry.retriesMax,
        doc: 'Tries after the first, each at another endpoint where there is one; 0: none.',
      }).optional(),
      statuses: list(retriedStatus, {
        max: STATUSES_MAX,
        default: inherited ?? 'none',
        doc:
          'Answers that are tried again, where the method is idempotent or the request has an ' +
          'Idempotency-Key. Connections that fail need not be listed.',
      })
        .meta({ 'x-limits': `${STATUS_LIMITS}; at most ${STATUSES_MAX}` })
        .optional(),
      backoff: backoff(inherited).optional(),
    })
    .meta({ description: 'What is tried again, and how often.' })
    .transform(({ attempts, statuses, backoff: wait }) => {
      return {
        retriesMax: attempts,
        statuses,
        backoffBaseMs: wait?.base,
        backoffMaxMs: wait?.max,
      };
    });
}

export const retryBudget = z
  .object({
    percent: decimal({
      min: 0,
      max: 100,
      default: budget.ratio * 100,
      doc: 'How many retries and hedges a hundred requests earn.',
    }).optional(),
    minPerSecond: integer({
      min: 0,
      max: PER_SECOND_MAX,
      default: budget.minPerSecond,
      doc: 'So many are allowed in any case; with percent at 0 as well there are none.',
    }).optional(),
  })
  .meta({
    description:
      'What retries and hedges may add to the load of the Service, over all rules that lead there.',
  })
  .transform(({ percent, minPerSecond }) => {
    return { ratio: ratio(percent), minPerSecond };
  });

export const hedge = z
  .object({
    after: duration({
      minMs: 1,
      maxMs: HEDGE_MAX_MS,
      doc: 'How long the first try is awaited alone. A good start is the p95 of the Service.',
    }),
  })
  .meta({
    description:
      'A second try while the first is still awaited; the first answer wins. Only of what may be ' +
      'sent twice, and within the retry budget.',
  })
  .transform(({ after }) => ({ afterMs: after }));
