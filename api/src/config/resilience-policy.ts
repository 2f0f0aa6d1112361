/**
 * The kind ResiliencePolicy: how a Service is called. The same settings are a MeshConfig's
 * defaults.
 *
 * Everything is optional, and a layer overrides the one below field by field, so a schema default
 * is impossible here: `resilienceDefaults` is the lowest layer.
 *
 * Pure. Used by `mesh-config.ts`, `traffic-route.ts`, `objects.ts`, `desired/policy.ts`.
 */
import { z } from 'zod';
import { resilienceDefaults } from '../resilience-defaults.ts';
import { limits, rateLimit } from './admission.ts';
import { hashKey } from './backends.ts';
import { ejection } from './breakers.ts';
import type { ServerRule } from './choices.ts';
import { duration } from './duration.ts';
import { metadata, targetRef } from './metadata.ts';
import { retries, retryBudget } from './retries.ts';
import { integer, mistaken, word } from './setting.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export const RESILIENCE_POLICY_DOC =
  'How a Service is called and shielded: timeouts, balancing, retries, ejection, limits.';

const REQUEST_DOC = 'From the request to the end of its answer, tries included; 0s: no limit.';
const PER_TRY_DOC = 'The same for one try; 0s: no limit.';

const PER_TRY_RULE: ServerRule = {
  rule:
    "!has(self.perTry) || !has(self.request) || duration(self.request) == duration('0s') || " +
    'duration(self.perTry) <= duration(self.request)',
  message: 'perTry is longer than request, which ends the request first',
};

function perTryWithinRequest(
  written: { readonly request?: number | undefined; readonly perTry?: number | undefined },
  context: z.core.$RefinementCtx,
): void {
  const { request, perTry } = written;
  // What is wrong in itself arrives here unread.
  if (typeof request !== 'number' || typeof perTry !== 'number') return;
  if (request === 0 || perTry <= request) return;
  mistaken(context, PER_TRY_RULE.message, 'Make perTry shorter, or request longer', ['perTry']);
}

const timeouts = z
  .object({
    connect: duration({
      minMs: 1,
      maxMs: MINUTE_MS,
      defaultMs: resilienceDefaults.timeouts.connectMs,
      doc: 'How long an endpoint may take to accept a connection.',
    }).optional(),
    request: duration({
      minMs: 0,
      maxMs: HOUR_MS,
      defaultMs: resilienceDefaults.timeouts.requestMs,
      doc: REQUEST_DOC,
    }).optional(),
    perTry: duration({
      minMs: 0,
      maxMs: HOUR_MS,
      defaultMs: resilienceDefaults.timeouts.perTryMs,
      doc: PER_TRY_DOC,
    }).optional(),
    idle: duration({
      minMs: 1_000,
      maxMs: HOUR_MS,
      defaultMs: resilienceDefaults.timeouts.idleMs,
      doc: 'How long an unused connection is kept for reuse.',
    }).optional(),
  })
  .superRefine(perTryWithinRequest)
  .meta({ description: 'How long things may take.', 'x-kubernetes-validations': [PER_TRY_RULE] })
  .transform(({ connect, request, perTry, idle }) => {
    return { connectMs: connect, requestMs: request, perTryMs: perTry, idleMs: idle };
  });

/** Of a rule of a route, in force instead of the Service's. */
export const ruleTimeouts = z
  .object({
    request: duration({
      minMs: 0,
      maxMs: HOUR_MS,
      otherwise: "the Service's",
      doc: REQUEST_DOC,
    }).optional(),
    perTry: duration({
      minMs: 0,
      maxMs: HOUR_MS,
      otherwise: "the Service's",
      doc: PER_TRY_DOC,
    }).optional(),
  })
  .superRefine(perTryWithinRequest)
  .meta({
    description: "Instead of the Service's timeouts.",
    'x-kubernetes-validations': [PER_TRY_RULE],
  })
  .transform(({ request, perTry }) => ({ requestMs: request, perTryMs: perTry }));

const balancer = z
  .object({
    type: word(['ewma', 'least-request', 'round-robin', 'ring-hash'], {
      doc: 'How an endpoint is chosen.',
      default: resilienceDefaults.balancer.type,
    }).optional(),
    hashKey: hashKey.optional(),
    slowStart: duration({
      minMs: 0,
      maxMs: HOUR_MS,
      defaultMs: resilienceDefaults.balancer.slowStartMs,
      doc: 'Over this long the share of a new endpoint grows to full; 0s: at once.',
    }).optional(),
    decay: duration({
      minMs: 100,
      maxMs: HOUR_MS,
      defaultMs: resilienceDefaults.balancer.decayMs,
      doc: 'For ewma: how long a latency is remembered.',
    }).optional(),
  })
  .meta({ description: 'How requests are spread over the endpoints.' })
  .transform(({ slowStart, decay, ...rest }) => {
    return { ...rest, slowStartMs: slowStart, decayMs: decay };
  });

const connections = z
  .object({
    perEndpoint: integer({
      min: 1,
      max: 65_535,
      default: resilienceDefaults.connections.perEndpoint,
      doc: 'Connections of one proxy to one endpoint.',
    }).optional(),
    waiting: integer({
      min: 0,
      max: 65_535,
      default: resilienceDefaults.connections.waiting,
      doc: 'Requests that may wait for a connection to one endpoint.',
    }).optional(),
  })
  .meta({ description: 'The bounds of what one proxy may open.' });

export const resilienceLayer = {
  timeouts: timeouts.optional(),
  balancer: balancer.optional(),
  connections: connections.optional(),
  retries: retries().optional(),
  retryBudget: retryBudget.optional(),
  ejection: ejection.optional(),
  limits: limits.optional(),
  rateLimit: rateLimit.optional(),
};

const PRODUCER_ONLY =
  "rates are limited beside the instances, where only the Service's own namespace has a say";

export const resiliencePolicy = z
  .object({
    kind: z.literal('ResiliencePolicy'),
    metadata,
    spec: z.object({ targetRef, ...resilienceLayer }),
  })
  .superRefine(({ metadata: { namespace }, spec }, context) => {
    const home = spec.targetRef.namespace ?? namespace;
    if (spec.rateLimit === undefined || home === namespace) return;
    const remedy = `Move it to a ResiliencePolicy in ${home}`;
    mistaken(context, PRODUCER_ONLY, remedy, ['spec', 'rateLimit']);
  })
  .meta({ description: RESILIENCE_POLICY_DOC });

const layer = z.object(resilienceLayer);
export type ResilienceLayer = z.infer<typeof layer>;
export type ResiliencePolicy = z.infer<typeof resiliencePolicy>;
