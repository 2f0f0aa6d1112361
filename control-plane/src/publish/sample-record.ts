/**
 * Records for tests: of a request that went well at its first attempt, with the parts that a test
 * cares about put in their place.
 *
 * Only for tests.
 */
import type { AttemptRecord, RequestRecord } from '@remora/api/request-record.ts';

export function sampleRecord(parts: Partial<RequestRecord> = {}): RequestRecord {
  return {
    requestId: 'r-1',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    parentSpanId: '',
    reason: 'sampled',
    isSampled: true,
    proxy: { name: 'storefront-0', namespace: 'shop', workload: 'storefront' },
    direction: 'outbound',
    startedAt: Date.UTC(2026, 0, 1, 3, 0, 0, 250),
    durationMs: 12,
    protocol: 'HTTP/1.1',
    method: 'GET',
    authority: 'catalog',
    path: '/items',
    userAgent: '',
    peer: '127.0.0.1:4711',
    status: 200,
    isFailed: false,
    cause: null,
    detail: '',
    requestBytes: 0,
    responseBytes: 250,
    destination: 'catalog.shop:80',
    rule: 'catalog/canary',
    backend: 'catalog-v1.shop:80',
    split: null,
    nearest: null,
    deadlineMs: null,
    denied: '',
    attempts: [sampleAttempt()],
    ...parts,
  };
}

export function sampleAttempt(parts: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    spanId: '00f067aa0ba902b7',
    backend: 'catalog-v1.shop:80',
    endpoint: '127.0.0.1:9001',
    instance: 'catalog-v1-0',
    reason: '',
    isProbe: false,
    isReused: true,
    beganMs: 0,
    chosenMs: 0.2,
    sentMs: 0.5,
    answeredMs: 11,
    endedMs: 12,
    status: 200,
    failure: null,
    weighed: [],
    limit: { inFlight: 0, waiting: 0, max: 100 },
    budgetLeft: 10,
    isBreakerOpen: false,
    ...parts,
  };
}
