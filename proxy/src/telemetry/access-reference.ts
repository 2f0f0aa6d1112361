/**
 * The reference page of the access log: what a line says, and how to ask for more of them.
 *
 * Pure. docs/access-log.md is this text, held so by `access-log-page.test.ts`, which also writes
 * it; `access-line.test.ts` holds the table equal to the lines.
 */
import * as limits from '../limits.ts';

interface Field {
  readonly name: string;
  /** The command operator that says it in Envoy's access log; '': none does. */
  readonly envoy: string;
  readonly says: string;
}

/** In the order of a line. */
export const ACCESS_FIELDS: readonly Field[] = [
  {
    name: 'level',
    envoy: '',
    says: "Pino's number: 50 failed; 40 refused by Remora, or its client left; 30 the rest.",
  },
  { name: 'time', envoy: '', says: 'When the line was written, in milliseconds since 1970.' },
  { name: 'name', envoy: '', says: 'Of the program: `remora-proxy`.' },
  {
    name: 'startedAt',
    envoy: '%START_TIME%',
    says: "When the request's head had come, in milliseconds since 1970.",
  },
  { name: 'durationMs', envoy: '%DURATION%', says: 'Until the last byte of the answer.' },
  {
    name: 'upstreamMs',
    envoy: '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
    says: "Of the attempt at `endpoint`: head sent to answer's head; null: no answer.",
  },
  {
    name: 'status',
    envoy: '%RESPONSE_CODE%',
    says: 'Of the answer; 499: the client left before one began.',
  },
  { name: 'requestBytes', envoy: '%BYTES_RECEIVED%', says: 'Of the body, without framing.' },
  { name: 'responseBytes', envoy: '%BYTES_SENT%', says: 'Of the body, without framing.' },
  {
    name: 'direction',
    envoy: '',
    says: '`outbound`, from the application beside the proxy, or `inbound`, to it.',
  },
  { name: 'method', envoy: '%REQ(:METHOD)%', says: '' },
  { name: 'authority', envoy: '%REQ(:AUTHORITY)%', says: 'The Host, as it came.' },
  {
    name: 'path',
    envoy: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
    says: 'With the query, as it came.',
  },
  { name: 'protocol', envoy: '%PROTOCOL%', says: 'Of the request.' },
  { name: 'userAgent', envoy: '%REQ(USER-AGENT)%', says: '' },
  {
    name: 'peer',
    envoy: '%REQ(X-FORWARDED-FOR)%',
    says: 'The address of the client, from its connection and not from what it says.',
  },
  {
    name: 'requestId',
    envoy: '%REQ(X-REQUEST-ID)%',
    says: 'What the answer bears as `x-request-id`.',
  },
  { name: 'traceId', envoy: '%TRACE_ID%', says: '32 hex digits.' },
  { name: 'destination', envoy: '', says: '`name.namespace:port`, as the caller meant it.' },
  { name: 'rule', envoy: '%ROUTE_NAME%', says: 'Of the route that matched.' },
  { name: 'backend', envoy: '%UPSTREAM_CLUSTER%', says: 'What the rule chose.' },
  {
    name: 'endpoint',
    envoy: '%UPSTREAM_HOST%',
    says: 'Whose answer this is; where Remora answered, the last that was tried.',
  },
  { name: 'isFailed', envoy: '', says: 'As the metrics count it: `response_total`.' },
  {
    name: 'cause',
    envoy: '%RESPONSE_FLAGS%',
    says: 'The code of an answer that Remora made itself ([errors.md](errors.md)); null: none.',
  },
  { name: 'detail', envoy: '%RESPONSE_CODE_DETAILS%', says: 'What the answer said of the cause.' },
  {
    name: 'attempts',
    envoy: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
    says: 'How many were made, hedges included.',
  },
  { name: 'retries', envoy: '', says: 'Why each attempt after the first was made.' },
  { name: 'proxy', envoy: '', says: "The proxy's name: in a cluster its pod's." },
  { name: 'msg', envoy: '', says: 'Always `request`: what tells these lines from the others.' },
];

const HEAD = `# Access log

One line of JSON for a request, in pino's format, among the other lines of the log on stderr.
Lines wait for each other, ${limits.logBatchMs} ms at most, and leave in one write.

Generated from the code: \`REMORA_WRITE=1 node --test proxy/src/admin/access-log-page.test.ts\`.

## What is logged

| mode | lines |
|---|---|
| \`errors\`, the default | requests that failed or that Remora refused |
| \`all\` | every request; a sample of those that are no errors, where one is set |
| \`none\` | none |

A request whose client left (499) is an error when it had waited ${limits.cancelMissMs} ms and no
answer had begun: a service that hangs shows in no other way. A client that left sooner, or in the
middle of an answer, is none.

A sample is taken by the trace id, so all sidecars of a trace log the same requests, and errors are
always among them.

## More, for a while

On the loopback admin listener:

\`\`\`sh
curl -X POST '127.0.0.1:<admin>/access-log?mode=all&for=5m&rule=canary/0&minDuration=250ms'
curl 127.0.0.1:<admin>/access-log
curl -X DELETE 127.0.0.1:<admin>/access-log
\`\`\`

Each answers with what is then in force. A POST adds a filter, ${limits.accessFiltersMax} at most;
the same filter again is renewed. All parameters that are given must hold. A filter ends by itself;
DELETE, or \`mode=default\`, ends them all. While a filter with \`mode=all\` is there, every request
costs its record.

| parameter | must be | example |
|---|---|---|
`;

const LINE = `
## What a line says

A text that does not apply is empty, a number null; no field is ever missing. A path is cut after
${limits.accessPathMax} characters and other texts after ${limits.accessTextMax}; what was cut is
counted at the end: \`/long...(+63488)\`. Durations are milliseconds with fractions.

Levels are numbers, as pino writes them: 50 failed, 40 refused by Remora or given up by its client,
30 went well. An alert on level 50 is one on failed requests. Loki's own detection wants names: let
the collector map 30, 40 and 50 to info, warn and error.

| field | Envoy's operator | what it says |
|---|---|---|
`;

const BOUNDS = `
## What is lost, and how you know

A log must not stop requests. A line is dropped when ${limits.accessBufferBytesMax / 1_024} KiB wait
for a slow reader, and while there is none: an output whose reader has
gone is tried again each second. The proxy's other lines still have the rest of
${limits.logBufferBytesMax / 1_024} KiB. Of errors that nobody asked for (\`--access-log errors\`) a
second has ${limits.accessLinesPerSecondMax} lines at most. Both are counted: GET \`/access-log\`
shows \`lines.written\`, \`lines.dropped\`, and what of these were over the rate; and the log says
once a second how many were dropped.
`;

interface ParameterText {
  readonly name: string;
  readonly must: string;
  readonly example: string;
}

export function accessReference(parameters: readonly ParameterText[]): string {
  const parameterRows = parameters.map(
    ({ name, must, example }) => `| \`${name}\` | ${must} | ${codes(example)} |\n`,
  );
  const fieldRows = ACCESS_FIELDS.map(
    ({ name, envoy, says }) => `| \`${name}\` | ${envoy && `\`${envoy}\``} | ${says} |\n`,
  );
  return HEAD + parameterRows.join('') + LINE + fieldRows.join('') + BOUNDS;
}

/** The examples of a list, without its words. */
function codes(examples: string): string {
  return examples.replace(/\S+=[^\s,]+/g, (example) => `\`${example}\``);
}
