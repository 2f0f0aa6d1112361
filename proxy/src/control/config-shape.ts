/**
 * Whether what came as a configuration has the shape of one; the first thing wrong is named.
 *
 * The control plane has validated what users wrote. This is about what a newer control plane may
 * send, or a hand that edited a snapshot: a balancer of a kind that is not known here, a weight
 * that is text. Compiled unseen they would throw at a request, where nothing can refuse them.
 * Unknown fields pass. `zod` was refused: it costs a sidecar megabytes for one fixed shape.
 *
 * Pure: a generator, since a table has thousands of rules. Called by `installer.ts`.
 */
import type { DestinationConfig } from '@remora/api/wire.ts';

type Check = (value: unknown, at: string) => void;

const PORT_MAX = 65_535;
const WEIGHT_MAX = 1_000_000;
/** Neither line ends nor other controls, but the tab that a header's value may have. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const PLAIN = /^[^\u0000-\u0008\u000a-\u001f\u007f]*$/;

const text: Check = (value, at) => {
  if (typeof value !== 'string') throw wrong(at, 'text', value);
  if (!PLAIN.test(value)) throw wrong(at, 'text without control characters', value);
};
const count = number(0, Number.MAX_SAFE_INTEGER);

const hashKey = fields({ type: oneOf('header', 'cookie', 'peer'), name: text });
const valueMatches = list(
  fields({ name: text, type: oneOf('exact', 'regex', 'present'), value: text }),
);
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
  headers: valueMatches,
  query: valueMatches,
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
  sticky: orNull(fields({ key: hashKey, salt: text })),
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
});

const endpoint = fields({
  address: text,
  port: count,
  weight: number(0, WEIGHT_MAX),
  instance: text,
});

const destination = fields({
  key: text,
  name: text,
  namespace: text,
  port: number(1, PORT_MAX),
  protocol: oneOf('http', 'opaque'),
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

function* each(value: unknown, check: Check, at: string): Generator<void> {
  if (!Array.isArray(value)) throw wrong(at, 'a list', value);
  for (const [index, item] of value.entries()) {
    check(item, `${at}[${index}]`);
    yield;
  }
}

function fields(checks: Readonly<Record<string, Check>>): Check {
  const entries = Object.entries(checks);
  return (value, at) => {
    const record = recordOf(value, at);
    for (const [name, check] of entries) {
      check(Object.hasOwn(record, name) ? record[name] : undefined, `${at}.${name}`);
    }
  };
}

function list(check: Check): Check {
  return (value, at) => {
    if (!Array.isArray(value)) throw wrong(at, 'a list', value);
    for (const [index, item] of value.entries()) check(item, `${at}[${index}]`);
  };
}

function orNull(check: Check): Check {
  return (value, at) => {
    if (value !== null) check(value, at);
  };
}

function optional(check: Check): Check {
  return (value, at) => {
    if (value !== undefined) check(value, at);
  };
}

function number(min: number, max: number): Check {
  return (value, at) => {
    // Not NaN either, which is neither.
    if (typeof value === 'number' && value >= min && value <= max) return;
    throw wrong(at, `a number from ${min} to ${max}`, value);
  };
}

function oneOf(...values: readonly (string | number)[]): Check {
  return (value, at) => {
    if (!values.includes(value as string)) throw wrong(at, `one of ${values.join(', ')}`, value);
  };
}

function recordOf(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw wrong(at, 'an object', value);
}

const SHOWN_CHARACTERS_MAX = 60;

function wrong(at: string, wanted: string, value: unknown): Error {
  const found = (JSON.stringify(value) ?? 'missing').slice(0, SHOWN_CHARACTERS_MAX);
  return new Error(`${at} is ${found}, expected ${wanted}`);
}
