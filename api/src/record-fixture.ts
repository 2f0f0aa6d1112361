/**
 * A record of a request that went well at its first attempt, with the few parts that a test cares
 * about put in its place.
 *
 * Tests only.
 */
import type { AttemptRecord, RequestRecord } from './request-record.ts';

export function requestRecord(parts: Partial<RequestRecord> = {}): RequestRecord {
  return {
    requestId: 'r-1',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    parentSpanId: '',
    reason: 'sampled',
    isSampled: true,
    proxy: { name: 'web-0', namespace: 'shop', workload: 'web' },
    direction: 'outbound',
    startedAt: 1_700_000_000_000,
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
    attempts: [],
    ...parts,
  };
}

export function attemptRecord(parts: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    spanId: '00f067aa0ba902b7',
    backend: 'catalog-v1.shop:80',
    endpoint: '127.0.0.1:9001',
    instance: 'catalog-v1-0',
    reason: '',
    isProbe: false,
    isReused: true,
    beganMs: 0,
    chosenMs: 0,
    sentMs: 1,
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
