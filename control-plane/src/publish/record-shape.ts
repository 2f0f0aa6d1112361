/**
 * Records as proxies send them, checked: what a person is shown was looked at once, here.
 *
 * Unknown fields pass, so that a newer proxy may say more; a record that lacks what is known is
 * not shown but counted, since half of a record would tell half of a story.
 *
 * Pure. Called by `query-pages.ts`.
 */
import type { RequestRecord } from '@remora/api/request-record.ts';
import { z } from 'zod';

const text = z.string();
const number = z.number();
const flag = z.boolean();
/** JSON has no infinity: what has no bound comes as null. */
const figure = number.nullable();

const attempt = z.object({
  spanId: text,
  backend: text,
  endpoint: text,
  instance: text,
  reason: text,
  isProbe: flag,
  isReused: flag,
  beganMs: number,
  chosenMs: number.nullable(),
  sentMs: number.nullable(),
  answeredMs: number.nullable(),
  endedMs: number,
  status: number,
  failure: text.nullable(),
  weighed: z.array(z.object({ endpoint: text, score: figure })),
  limit: z.object({ inFlight: number, waiting: number, max: figure }),
  budgetLeft: figure,
  isBreakerOpen: flag,
});

const record = z.looseObject({
  requestId: text,
  traceId: text,
  spanId: text,
  parentSpanId: text,
  reason: text,
  isSampled: flag,
  proxy: z.object({ name: text, namespace: text, workload: text }),
  direction: z.enum(['inbound', 'outbound']),
  startedAt: number,
  durationMs: number,
  protocol: text,
  method: text,
  authority: text,
  path: text,
  userAgent: text,
  peer: text,
  status: number,
  isFailed: flag,
  cause: text.nullable(),
  detail: text,
  requestBytes: number,
  responseBytes: number,
  destination: text,
  rule: text,
  backend: text,
  split: z
    .object({
      draw: number.nullable(),
      cohort: z.object({ by: text, key: text }).nullable(),
      shares: z.array(z.object({ backend: text, weight: number })),
    })
    .nullable(),
  nearest: z.object({ rule: text, why: text }).nullable(),
  deadlineMs: number.nullable(),
  denied: text,
  attempts: z.array(attempt),
});

const answer = z.looseObject({ records: z.array(z.unknown()), leftOut: number });

export interface ReadRecords {
  readonly records: readonly RequestRecord[];
  /** Those that cannot be read included. */
  readonly leftOut: number;
}

/** Null: it is no such answer. */
export function readRecords(value: unknown): ReadRecords | null {
  const read = answer.safeParse(value);
  if (!read.success) return null;
  const records = read.data.records.filter(
    (one): one is RequestRecord => record.safeParse(one).success,
  );
  const { leftOut } = read.data;
  return { records, leftOut: leftOut + read.data.records.length - records.length };
}
