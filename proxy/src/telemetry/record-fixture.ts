/**
 * Records of requests for tests: one that went well at the first attempt, and parts to vary.
 *
 * Pure. Used by the tests of what reads records.
 */
import type { AttemptRecord, RequestRecord } from '@remora/api/request-record.ts';

export const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
export const SERVER_SPAN_ID = 'b7ad6b7169203331';

export function anAttempt(parts: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    spanId: '00f067aa0ba902b7',
    backend: 'catalog-v1.shop:80',
    endpoint: '10.0.0.7:8080',
    instance: 'catalog-v1-0',
    reason: '',
    isProbe: false,
    isReused: true,
    beganMs: 0.25,
    chosenMs: 0.5,
    sentMs: 0.75,
    answeredMs: 11.5,
    endedMs: 12,
    status: 200,
    failure: null,
    weighed: [],
    limit: { inFlight: 3, waiting: 0, max: 20 },
    budgetLeft: 10,
    isBreakerOpen: false,
    ...parts,
  };
}

export function aRecord(parts: Partial<RequestRecord> = {}): RequestRecord {
  return {
    requestId: '0af76519-16cd-43dd-8448-eb211c80319c',
    traceId: TRACE_ID,
    spanId: SERVER_SPAN_ID,
    parentSpanId: '',
    reason: 'sampled',
    isSampled: true,
    proxy: { name: 'web-0', namespace: 'shop', workload: 'web' },
    direction: 'outbound',
    startedAt: 1_790_000_000_123.25,
    durationMs: 12.5,
    protocol: 'HTTP/1.1',
    method: 'GET',
    authority: 'catalog.shop',
    path: '/items/7?lang=de',
    userAgent: 'curl/8.5.0',
    peer: '127.0.0.1',
    status: 200,
    isFailed: false,
    cause: null,
    detail: '',
    requestBytes: 0,
    responseBytes: 512,
    destination: 'catalog.shop:80',
    rule: 'shop/catalog#0',
    backend: 'catalog-v1.shop:80',
    split: null,
    nearest: null,
    deadlineMs: null,
    attempts: [anAttempt()],
    ...parts,
  };
}
