/**
 * Whether what came as a configuration has the shape of one; the first thing wrong is named.
 *
 * The control plane has validated what users wrote. This is about what a newer control plane may
 * send, or a hand that edited a snapshot: a balancer of a kind that is not known here, a weight
 * that is text. Compiled unseen they would throw at a request, where nothing can refuse them.
 * Unknown fields pass; a field that is missing, as in a last-good of an older version, does not.
 *
 * Pure: generators, since a table has thousands of rules. Called by `installer.ts`.
 */
import type { DestinationConfig } from '@remora/api/wire.ts';
import type { InboundConfig } from '@remora/api/wire-resilience.ts';
import {
  failureFields,
  hashKey,
  inbound,
  inboundRule,
  portProtocol,
  shieldFields,
  sticky,
  valueMatch,
} from './resilience-shape.ts';
import {
  type Check,
  count,
  each,
  fields,
  flag,
  list,
  number,
  oneOf,
  optional,
  orNull,
  recordOf,
  text,
  wrong,
} from './shape.ts';

const PORT_MAX = 65_535;
const WEIGHT_MAX = 1_000_000;

const pathRewrite = fields({ type: oneOf('full', 'prefix'), value: text });
const header: Check = (value, at) => {
  list(text)(value, at);
  if ((value as unknown[]).length !== 2) throw wrong(at, 'a name and a value', value);
};
const headerEdits = fields({ set: list(header), add: list(header), remove: list(text) });

const match = fields({
  rule: count,
  path: orNull(fields({ type: oneOf('exact', 'prefix', 'regex'), value: text })),
  method: orNull(text),
  headers: list(valueMatch),
  query: list(valueMatch),
  source: orNull(fields({ namespace: optional(text), workload: optional(text) })),
});

const rule = fields({
  id: text,
  invalid: orNull(text),
  backends: list(
    fields({
      backend: orNull(text),
      invalid: orNull(text),
      weight: number(0, WEIGHT_MAX),
      requestHeaders: orNull(headerEdits),
      responseHeaders: orNull(headerEdits),
    }),
  ),
  sticky: orNull(sticky),
  redirect: orNull(
    fields({
      status: oneOf(301, 302, 303, 307, 308),
      scheme: orNull(oneOf('http', 'https')),
      hostname: orNull(text),
      port: orNull(number(1, PORT_MAX)),
      path: orNull(pathRewrite),
    }),
  ),
  rewrite: orNull(fields({ hostname: orNull(text), path: orNull(pathRewrite) })),
  mirrors: list(fields({ backend: text, percent: number(0, 100) })),
  requestHeaders: orNull(headerEdits),
  responseHeaders: orNull(headerEdits),
  timeouts: fields({ requestMs: count, perTryMs: count }),
  ...failureFields,
});

const backend = fields({
  key: text,
  balancer: fields({
    type: oneOf('ewma', 'least-request', 'round-robin', 'ring-hash'),
    hashKey: orNull(hashKey),
    slowStartMs: count,
    decayMs: number(1, Number.MAX_SAFE_INTEGER),
  }),
  connectTimeoutMs: count,
  idleTimeoutMs: count,
  connectionsPerEndpointMax: number(1, PORT_MAX),
  waitingPerEndpointMax: count,
  ...shieldFields,
});

const endpoint = fields({
  address: text,
  port: count,
  weight: number(0, WEIGHT_MAX),
  instance: text,
  inMesh: flag,
});

const destination = fields({
  key: text,
  name: text,
  namespace: text,
  port: number(1, PORT_MAX),
  protocol: portProtocol,
  fallback: rule,
});

/** Throws an Error that names the field, what it is and what it must be. */
export function* checkedConfig(value: unknown): Generator<void, DestinationConfig> {
  destination(value, 'configuration');
  const { matches, rules, backends } = value as Readonly<Record<string, unknown>>;
  if (matches !== null) yield* each(matches, match, 'matches');
  yield* each(rules, rule, 'rules');
  const held = recordOf(backends, 'backends');
  for (const [key, found] of Object.entries(held)) {
    const at = `backends["${key}"]`;
    backend(found, at);
    const { key: own, endpoints } = found as Readonly<Record<string, unknown>>;
    if (own !== key) throw wrong(`${at}.key`, `"${key}"`, own);
    yield* each(endpoints, endpoint, `${at}.endpoints`);
  }
  return value as DestinationConfig;
}

/** The same of what a proxy is told about its application. */
export function* checkedInbound(value: unknown): Generator<void, InboundConfig> {
  inbound(value, 'configuration');
  const { matches, rules } = value as Readonly<Record<string, unknown>>;
  if (matches !== null) yield* each(matches, match, 'matches');
  yield* each(rules, inboundRule, 'rules');
  return value as InboundConfig;
}
