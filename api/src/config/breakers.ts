/**
 * When what fails is left alone: an endpoint (ejection), or a backend of a rule (breaker).
 *
 * Ejection is what Envoy calls outlier detection and Linkerd failure accrual: always on, since it
 * only ever moves load to the endpoints that are left. A rule's breaker refuses requests, or hands
 * them to the fallback; nobody gets one unasked.
 *
 * Pure. Used by `resilience-policy.ts` and `traffic-route.ts`.
 */
import { z } from 'zod';
import { resilienceDefaults } from '../resilience-defaults.ts';
import type { ServerRule } from './choices.ts';
import { duration } from './duration.ts';
import { decimal, integer, mistaken, ratio } from './setting.ts';

const FAILURES_MAX = 1_000;
const REQUESTS_MAX = 100_000;
const LATENCY_FACTOR_MAX = 100;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const PENALTY_MIN_MS = 100;

const { ejection: standard, breaker: breakerStandard } = resilienceDefaults;

const FACTOR_RULE: ServerRule = {
  rule: 'self == 0.0 || self > 1.0',
  message: 'a factor of at most 1 would eject endpoints that are as quick as the others',
};
const PENALTY_RULE: ServerRule = {
  rule:
    '!has(self.penalty) || !has(self.penaltyMax) || ' +
    'duration(self.penalty) <= duration(self.penaltyMax)',
  message: 'penalty is longer than penaltyMax, to which it would grow',
};

const judgement = {
  failures: integer({
    min: 0,
    max: FAILURES_MAX,
    default: standard.failuresMax,
    doc: 'Failures in a row that eject an endpoint; 0: not judged by this.',
  }).optional(),
  successPercent: decimal({
    min: 0,
    max: 100,
    default: standard.successRatioMin * 100,
    doc: 'Less success than this within the window ejects; 0: not judged by this.',
  }).optional(),
  latencyFactor: decimal({
    min: 0,
    max: LATENCY_FACTOR_MAX,
    default: standard.latencyFactorMax,
    doc: "Ejects where the latency is over this multiple of the others' median; 0: not judged.",
  })
    .superRefine((factor, context) => {
      if (factor <= 0 || factor > 1) return;
      mistaken(context, FACTOR_RULE.message, 'Write 0, or a factor over 1 such as 3');
    })
    .meta({
      'x-limits': `0, or over 1 to ${LATENCY_FACTOR_MAX}`,
      'x-kubernetes-validations': [FACTOR_RULE],
    })
    .optional(),
  window: duration({
    minMs: 1_000,
    maxMs: 10 * MINUTE_MS,
    defaultMs: standard.windowMs,
    doc: 'Over this long success and latency are measured.',
  }).optional(),
  requests: integer({
    min: 1,
    max: REQUESTS_MAX,
    default: standard.requestsMin,
    doc: 'Fewer requests within the window say nothing.',
  }).optional(),
};

const consequence = {
  penalty: duration({
    minMs: PENALTY_MIN_MS,
    maxMs: HOUR_MS,
    defaultMs: standard.penaltyMs,
    doc: 'How long the first ejection lasts; each relapse doubles it.',
  }).optional(),
  penaltyMax: duration({
    minMs: PENALTY_MIN_MS,
    maxMs: HOUR_MS,
    defaultMs: standard.penaltyMaxMs,
    doc: 'No ejection lasts longer.',
  }).optional(),
  percentMax: decimal({
    min: 0,
    max: 100,
    default: standard.ejectedRatioMax * 100,
    doc: 'How many of a hundred endpoints may be out at once, the last one never; 0: no ejection.',
  }).optional(),
  panicPercent: decimal({
    min: 0,
    max: 100,
    default: standard.panicRatio * 100,
    doc: 'With fewer of a hundred endpoints left, ejection is ignored; 0: never.',
  }).optional(),
};

export const ejection = z
  .object({ ...judgement, ...consequence })
  .superRefine(({ penalty, penaltyMax }, context) => {
    // What is wrong in itself arrives here unread.
    if (typeof penalty !== 'number' || typeof penaltyMax !== 'number') return;
    if (penalty <= penaltyMax) return;
    const remedy = 'Make penalty shorter, or penaltyMax longer';
    mistaken(context, PENALTY_RULE.message, remedy, ['penalty']);
  })
  .meta({
    description:
      'When an endpoint that fails gets no more requests, and for how long (Envoy: outlier ' +
      'detection; Linkerd: failure accrual).',
    'x-kubernetes-validations': [PENALTY_RULE],
  })
  .transform((written) => ({
    failuresMax: written.failures,
    successRatioMin: ratio(written.successPercent),
    latencyFactorMax: written.latencyFactor,
    windowMs: written.window,
    requestsMin: written.requests,
    penaltyMs: written.penalty,
    penaltyMaxMs: written.penaltyMax,
    ejectedRatioMax: ratio(written.percentMax),
    panicRatio: ratio(written.panicPercent),
  }));

export const breaker = z
  .object({
    failures: integer({
      min: 1,
      max: FAILURES_MAX,
      default: breakerStandard.failuresMax,
      doc: 'Failures in a row that open it.',
    }).optional(),
    cooldown: duration({
      minMs: PENALTY_MIN_MS,
      maxMs: HOUR_MS,
      defaultMs: breakerStandard.cooldownMs,
      doc: 'How long it is open before one request is let through as a probe.',
    }).optional(),
  })
  .meta({
    description:
      'A breaker for each backend of the rule. While one is open its share is answered 503, ' +
      'unless spillover or fallback says where it goes.',
  })
  .transform(({ failures, cooldown }) => ({ failuresMax: failures, cooldownMs: cooldown }));
