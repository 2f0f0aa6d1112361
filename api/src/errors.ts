/**
 * Every error that Remora answers, once: its status, whose fault it is, whether it may be tried
 * again, and what to look at next. A test holds docs/errors.md to this table, both ways.
 *
 * The same word stands in the header `x-remora-error`, the body, the log and the metric.
 *
 * Pure. Imported by both planes.
 */

/** `unsent`: only while nothing was sent; `elsewhere`: at another endpoint. */
export interface ErrorSpec {
  /** Of the answer. */
  readonly status: number;
  readonly source: 'downstream' | 'upstream' | 'remora' | 'config';
  readonly retry: 'never' | 'unsent' | 'elsewhere' | 'always';
  readonly hint: string;
}

export const ERRORS = {
  RMR_BAD_REQUEST: {
    status: 400,
    source: 'downstream',
    retry: 'never',
    hint: 'The request can be read in two ways, or in none; the reason names the rule it breaks.',
  },
  RMR_HEAD_TOO_LARGE: {
    status: 431,
    source: 'downstream',
    retry: 'never',
    hint: 'Heads are at most 64 KiB and 100 fields; look for a cookie that grows.',
  },
  RMR_HEAD_TIMEOUT: {
    status: 408,
    source: 'downstream',
    retry: 'always',
    hint: 'The head did not arrive within 10 s: a slow client, or one that stopped in the middle.',
  },
  RMR_URI_TOO_LONG: {
    status: 414,
    source: 'downstream',
    retry: 'never',
    hint: 'The target is longer than a head may be; send the data in the body.',
  },
  RMR_BODY_MALFORMED: {
    status: 400,
    source: 'downstream',
    retry: 'never',
    hint: 'The chunked framing of the request body is broken; check what writes it.',
  },
  RMR_VERSION_UNSUPPORTED: {
    status: 505,
    source: 'downstream',
    retry: 'never',
    hint: 'Only HTTP/1.0 and HTTP/1.1 are spoken on this port.',
  },
  RMR_METHOD_REFUSED: {
    status: 501,
    source: 'downstream',
    retry: 'never',
    hint: 'CONNECT, TRACE and methods of other protocols are not forwarded.',
  },
  RMR_EXPECTATION_FAILED: {
    status: 417,
    source: 'downstream',
    retry: 'never',
    hint: 'Only `Expect: 100-continue` is known.',
  },
  RMR_CLIENT_GONE: {
    status: 499,
    source: 'downstream',
    retry: 'never',
    hint: 'The client left before its answer: compare its timeout with the latency of the route.',
  },
  RMR_NO_DESTINATION: {
    status: 404,
    source: 'config',
    retry: 'never',
    hint: 'Check the name in the URL: `service`, `service.namespace`, each with `:port`.',
  },
  RMR_NO_ROUTE: {
    status: 404,
    source: 'config',
    retry: 'never',
    hint: 'The service has routes and none matches; `remora routes` lists their matches.',
  },
  RMR_ROUTE_INVALID: {
    status: 500,
    source: 'config',
    retry: 'never',
    hint: 'The rule cannot be served; `remora status` shows the condition and its reason.',
  },
  RMR_BACKEND_INVALID: {
    status: 500,
    source: 'config',
    retry: 'never',
    hint: 'The rule names a backend that does not exist; `remora status` names it.',
  },
  RMR_CONFIG_PENDING: {
    status: 503,
    source: 'remora',
    retry: 'always',
    hint: 'No configuration within 500 ms: is the control plane reachable? See /config.',
  },
  RMR_TOO_MANY_WAITING: {
    status: 503,
    source: 'remora',
    retry: 'always',
    hint: 'Too many requests wait for a first configuration: is the control plane reachable?',
  },
  RMR_NO_ENDPOINTS: {
    status: 503,
    source: 'upstream',
    retry: 'always',
    hint: 'No instance is ready: look at the readiness probes of the backend named above.',
  },
  RMR_CONNECT_REFUSED: {
    status: 503,
    source: 'upstream',
    retry: 'always',
    hint: 'The endpoint refuses connections: is the process running, and is the port right?',
  },
  RMR_CONNECT_TIMEOUT: {
    status: 504,
    source: 'upstream',
    retry: 'always',
    hint: 'No endpoint accepted in time: see timeouts.connect and remora_connect_failures_total.',
  },
  RMR_POOL_FULL: {
    status: 503,
    source: 'remora',
    retry: 'elsewhere',
    hint: 'The queue for a connection to this endpoint is full; see connections.waiting.',
  },
  RMR_UPSTREAM_RESET: {
    status: 502,
    source: 'upstream',
    retry: 'unsent',
    hint: 'The endpoint reset the connection: look at its log at this time.',
  },
  RMR_UPSTREAM_CLOSED: {
    status: 502,
    source: 'upstream',
    retry: 'unsent',
    hint: 'The endpoint closed the connection before its answer was whole: look at its log.',
  },
  RMR_UPSTREAM_BAD_RESPONSE: {
    status: 502,
    source: 'upstream',
    retry: 'never',
    hint: 'The answer is not HTTP that can be read in one way; check what the endpoint writes.',
  },
  RMR_REQUEST_TIMEOUT: {
    status: 504,
    source: 'upstream',
    retry: 'never',
    hint: 'timeouts.request of the route has passed; compare it with the p99 in /stats.',
  },
  RMR_PER_TRY_TIMEOUT: {
    status: 504,
    source: 'upstream',
    retry: 'never',
    hint: 'timeouts.perTry of the route has passed; compare it with the p99 in /stats.',
  },
  RMR_OVERLOADED: {
    status: 503,
    source: 'upstream',
    retry: 'elsewhere',
    hint: 'More requests than the service answers: compare remora_limit with remora_waiting.',
  },
  RMR_DEADLINE_EXCEEDED: {
    status: 504,
    source: 'downstream',
    retry: 'never',
    hint: 'Less time was left than an answer takes: see x-remora-deadline-ms and timeouts.request.',
  },
  RMR_BREAKER_OPEN: {
    status: 503,
    source: 'upstream',
    retry: 'elsewhere',
    hint: 'It has stopped answering; one request at a time looks whether it is back. See /stats.',
  },
  RMR_RATE_LIMITED: {
    status: 429,
    source: 'downstream',
    retry: 'never',
    hint: 'Over rateLimit of the policy for this caller; Retry-After says when to come back.',
  },
  RMR_FAULT_INJECTED: {
    status: 503,
    source: 'config',
    retry: 'never',
    hint: 'A fault of the route was asked for: remove faults from the TrafficRoute to end it.',
  },
  RMR_KEY_REUSED: {
    status: 422,
    source: 'downstream',
    retry: 'never',
    hint: 'This Idempotency-Key came before with another body: use a new key for each request.',
  },
  RMR_APP_GONE: {
    status: 503,
    source: 'upstream',
    retry: 'elsewhere',
    hint: 'The application beside this proxy refuses connections: has it crashed, or not started?',
  },
  RMR_LOOP: {
    status: 508,
    source: 'config',
    retry: 'never',
    hint: 'The destination is this proxy itself: check the endpoint addresses.',
  },
  RMR_INTERNAL: {
    status: 500,
    source: 'remora',
    retry: 'never',
    hint: 'A defect of Remora: please report it with the log line of this request.',
  },
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;

export function errorSpec(code: ErrorCode): ErrorSpec {
  return ERRORS[code];
}
