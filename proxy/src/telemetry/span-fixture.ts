/**
 * The record that the tests of spans tell of: one client, one attempt, times with parts of a
 * millisecond. The same request as in `record-fixture.ts`, told in full.
 *
 * Tests only.
 */
import type { AttemptRecord, RequestRecord } from '@remora/api/request-record.ts';
import { attemptRecord, requestRecord } from '@remora/api/record-fixture.ts';

export const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
export const SERVER_SPAN_ID = 'b7ad6b7169203331';

export function anAttempt(parts: Partial<AttemptRecord> = {}): AttemptRecord {
  return attemptRecord({
    endpoint: '10.0.0.7:8080',
    beganMs: 0.25,
    chosenMs: 0.5,
    sentMs: 0.75,
    answeredMs: 11.5,
    limit: { inFlight: 3, waiting: 0, max: 20 },
    ...parts,
  });
}

export function aRecord(parts: Partial<RequestRecord> = {}): RequestRecord {
  return requestRecord({
    requestId: '0af76519-16cd-43dd-8448-eb211c80319c',
    startedAt: 1_790_000_000_123.25,
    durationMs: 12.5,
    authority: 'catalog.shop',
    path: '/items/7?lang=de',
    userAgent: 'curl/8.5.0',
    peer: '127.0.0.1',
    responseBytes: 512,
    rule: 'shop/catalog#0',
    attempts: [anAttempt()],
    ...parts,
  });
}
