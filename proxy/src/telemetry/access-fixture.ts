/**
 * The record that the tests of the access log tell of: a good request with one attempt, asked for.
 *
 * Tests only.
 */
import type { AttemptRecord, RequestRecord } from '@remora/api/request-record.ts';
import { attemptRecord, requestRecord } from '@remora/api/record-fixture.ts';

export function attemptOf(changes: Partial<AttemptRecord> = {}): AttemptRecord {
  return attemptRecord({
    endpoint: '10.1.2.3:9000',
    beganMs: 0.05,
    chosenMs: 0.1,
    sentMs: 0.25,
    answeredMs: 12.375,
    endedMs: 12.5,
    limit: { inFlight: 1, waiting: 0, max: 64 },
    ...changes,
  });
}

export function recordOf(changes: Partial<RequestRecord> = {}): RequestRecord {
  return requestRecord({
    requestId: 'f3a1c2d4-5b6e-4f70-8a91-b2c3d4e5f607',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: '53995c3f42cd8ad8',
    reason: 'asked',
    isSampled: false,
    proxy: { name: 'web-v1-0', namespace: 'shop', workload: 'web-v1' },
    durationMs: 12.604,
    authority: 'catalog.shop',
    path: '/products?page=2',
    userAgent: 'curl/8.5.0',
    peer: '127.0.0.1',
    rule: 'canary/0',
    attempts: [attemptOf()],
    ...changes,
  });
}
