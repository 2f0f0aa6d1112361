/**
 * The shape of what a configuration says on failing well: of a rule, of a backend, and of the
 * application beside this proxy.
 *
 * Pure. Used by `config-shape.ts`.
 */
import {
  type Check,
  count,
  fields,
  flag,
  list,
  number,
  oneOf,
  optional,
  orNull,
  text,
} from './shape.ts';

const ratio = number(0, 1);
const some = number(1, Number.MAX_SAFE_INTEGER);
const percent = number(0, 100);

export const hashKey = fields({ type: oneOf('header', 'cookie', 'peer'), name: text });
export const sticky = fields({ key: hashKey, salt: text });
export const valueMatch = fields({
  name: text,
  type: oneOf('exact', 'regex', 'present'),
  value: text,
});

const ofFault = fields({
  type: oneOf('delay', 'abort', 'reset', 'slow-body'),
  percent,
  delayMs: count,
  status: count,
  bytesPerSecond: count,
  header: orNull(valueMatch),
  cohort: orNull(sticky),
});

const fault: Check = (value, at) => {
  ofFault(value, at);
  const { type, status } = value as Readonly<Record<string, unknown>>;
  // It is written as it is, as the status of an answer.
  if (type === 'abort') number(400, 599)(status, `${at}.status`);
};

export const portProtocol = oneOf('http', 'opaque', 'detect');

const priority = oneOf('critical', 'default', 'sheddable');

/** Of a rule, besides where its requests go. */
export const failureFields = {
  retry: fields({
    retriesMax: count,
    statuses: list(number(400, 599)),
    backoffBaseMs: count,
    backoffMaxMs: count,
  }),
  hedge: orNull(fields({ afterMs: some })),
  faults: list(fault),
  breaker: orNull(fields({ failuresMax: some, cooldownMs: some })),
  spillover: flag,
  fallback: orNull(text),
  priority,
};

const limits = fields({ inFlightMax: some, waitingMax: count, waitMaxMs: count, adaptive: flag });

/** Of a backend, besides its endpoints. */
export const shieldFields = {
  ejection: fields({
    failuresMax: count,
    successRatioMin: ratio,
    latencyFactorMax: count,
    windowMs: some,
    requestsMin: count,
    penaltyMs: some,
    penaltyMaxMs: some,
    ejectedRatioMax: ratio,
    panicRatio: ratio,
  }),
  limits,
  budget: fields({ ratio, minPerSecond: count }),
};

const rateLimit = fields({
  ratePerSecond: number(Number.MIN_VALUE, Number.MAX_SAFE_INTEGER),
  burst: some,
  key: fields({ type: oneOf('header', 'peer', 'all'), name: text }),
});

export const inboundRule = fields({
  id: text,
  priority,
  duplicates: orNull(fields({ keepMs: some })),
});

/** But for its matches and rules, which may be many. */
export const inbound = fields({
  limits,
  rateLimits: list(rateLimit),
  fallback: inboundRule,
  ports: list(fields({ port: count, protocol: portProtocol })),
  tracing: optional(
    fields({
      collector: orNull(text),
      sampleRatio: orNull(number(0, 1)),
      slowMs: orNull(count),
    }),
  ),
});
