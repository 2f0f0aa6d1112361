/**
 * What Remora reads of the Gateway API's HTTPRoute (v1), attached to Services, and of the grants
 * that its references across namespaces need.
 *
 * Read loosely: the API server checks these kinds, and a newer release of theirs may have words
 * that are unknown here. Such a word passes the schema and is judged in `desired/`, which says in
 * the route's status what it cannot do: refusing the object here would say it nowhere. What is
 * missing has the API's own defaults, since files have no API server to fill them in.
 *
 * Pure. Used by `objects.ts`.
 */
import { z } from 'zod';
import { gatewayDuration } from './gateway-duration.ts';
import { metadata, portNumber } from './metadata.ts';
import { integer } from './setting.ts';

export const GATEWAY_GROUP = 'gateway.networking.k8s.io';

const WEIGHT_MAX = 1_000_000;
/** The largest that fits the API's int32. */
const COUNT_MAX = 2_147_483_647;

const group = z.string().optional();
const port = portNumber('The port.').optional();

/** Loose, because a status repeats it as it was written. */
const parentRef = z.looseObject({
  group,
  kind: z.string().default('Gateway'),
  name: z.string(),
  namespace: z.string().optional(),
  sectionName: z.string().optional(),
  port,
});

const objectReference = {
  group,
  kind: z.string().default('Service'),
  name: z.string(),
  namespace: z.string().optional(),
  port,
};

const header = z.object({ name: z.string(), value: z.string() });
const headerModifier = z.object({
  set: z.array(header).default([]),
  add: z.array(header).default([]),
  remove: z.array(z.string()).default([]),
});

const pathModifier = z.object({
  type: z.string(),
  replaceFullPath: z.string().optional(),
  replacePrefixMatch: z.string().optional(),
});

const percentOf = { min: 0, max: 100, doc: 'Of the requests.' };
const numerator = integer({ min: 0, max: COUNT_MAX, doc: 'Above the line.' });
const denominator = integer({ min: 1, max: COUNT_MAX, doc: 'Below the line.' });

const filter = z.object({
  type: z.string(),
  requestHeaderModifier: headerModifier.optional(),
  responseHeaderModifier: headerModifier.optional(),
  requestMirror: z
    .object({
      backendRef: z.object(objectReference),
      percent: integer(percentOf).optional(),
      fraction: z.object({ numerator, denominator: denominator.default(100) }).optional(),
    })
    .optional(),
  requestRedirect: z
    .object({
      scheme: z.string().optional(),
      hostname: z.string().optional(),
      path: pathModifier.optional(),
      port,
      statusCode: z.number().default(302),
    })
    .optional(),
  urlRewrite: z
    .object({ hostname: z.string().optional(), path: pathModifier.optional() })
    .optional(),
});

const valueMatch = z.object({
  type: z.string().default('Exact'),
  name: z.string(),
  value: z.string(),
});

const match = z.object({
  path: z
    .object({ type: z.string().default('PathPrefix'), value: z.string().default('/') })
    .optional(),
  headers: z.array(valueMatch).default([]),
  queryParams: z.array(valueMatch).default([]),
  method: z.string().optional(),
});

const rule = z.object({
  name: z.string().optional(),
  matches: z.array(match).default([]),
  filters: z.array(filter).default([]),
  backendRefs: z
    .array(
      z.object({
        ...objectReference,
        weight: integer({ min: 0, max: WEIGHT_MAX, doc: 'Its share.' }).default(1),
        filters: z.array(filter).default([]),
      }),
    )
    .default([]),
  timeouts: z
    .object({
      request: gatewayDuration().optional(),
      backendRequest: gatewayDuration().optional(),
    })
    .optional(),
  retry: z
    .object({
      codes: z.array(z.number()).optional(),
      attempts: z.number().optional(),
      backoff: z.string().optional(),
    })
    .optional(),
  sessionPersistence: z.unknown().optional(),
});

export const httpRoute = z.object({
  kind: z.literal('HTTPRoute'),
  metadata,
  spec: z.object({
    parentRefs: z.array(parentRef).default([]),
    hostnames: z.array(z.string()).default([]),
    // Without rules there is one, for every request.
    rules: z.array(rule).default(() => [rule.parse({})]),
  }),
});

export const referenceGrant = z.object({
  kind: z.literal('ReferenceGrant'),
  metadata,
  spec: z.object({
    from: z.array(z.object({ group: z.string(), kind: z.string(), namespace: z.string() })),
    to: z.array(z.object({ group: z.string(), kind: z.string(), name: z.string().optional() })),
  }),
});

export type HttpRoute = z.infer<typeof httpRoute>;
export type HttpRouteRule = HttpRoute['spec']['rules'][number];
export type HttpRouteMatch = HttpRouteRule['matches'][number];
export type HttpRouteFilter = HttpRouteRule['filters'][number];
export type HttpRouteBackend = HttpRouteRule['backendRefs'][number];
export type ParentRef = HttpRoute['spec']['parentRefs'][number];
export type ReferenceGrant = z.infer<typeof referenceGrant>;
