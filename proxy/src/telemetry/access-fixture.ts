/**
 * A request's record for tests: a good request with one attempt, and what a test says of it.
 *
 * Pure. Used by the tests of the access log.
 */
import type { AttemptRecord, RequestRecord } from '@remora/api/request-record.ts';

export function attemptOf(changes: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    spanId: '00f067aa0ba902b7',
    backend: 'catalog-v1.shop:80',
    endpoint: '10.1.2.3:9000',
    instance: 'catalog-v1-0',
    reason: '',
    isProbe: false,
    isReused: true,
    beganMs: 0.05,
    chosenMs: 0.1,
    sentMs: 0.25,
    answeredMs: 12.375,
    endedMs: 12.5,
    status: 200,
    failure: null,
    weighed: [],
    limit: { inFlight: 1, waiting: 0, max: 64 },
    budgetLeft: 10,
    isBreakerOpen: false,
    ...changes,
  };
}

export function recordOf(changes: Partial<RequestRecord> = {}): RequestRecord {
  return {
    requestId: 'f3a1c2d4-5b6e-4f70-8a91-b2c3d4e5f607',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: '53995c3f42cd8ad8',
    parentSpanId: '',
    reason: 'asked',
    isSampled: false,
    proxy: { name: 'web-v1-0', namespace: 'shop', workload: 'web-v1' },
    direction: 'outbound',
    startedAt: 1_700_000_000_000,
    durationMs: 12.604,
    protocol: 'HTTP/1.1',
    method: 'GET',
    authority: 'catalog.shop',
    path: '/products?page=2',
    userAgent: 'curl/8.5.0',
    peer: '127.0.0.1',
    status: 200,
    isFailed: false,
    cause: null,
    detail: '',
    requestBytes: 0,
    responseBytes: 250,
    destination: 'catalog.shop:80',
    rule: 'canary/0',
    backend: 'catalog-v1.shop:80',
    split: null,
    nearest: null,
    deadlineMs: null,
    attempts: [attemptOf()],
    ...changes,
  };
}
