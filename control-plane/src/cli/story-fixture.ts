/**
 * Records of one request that two proxies saw: an outbound one with a retry, and the inbound of the
 * first endpoint, which refused.
 *
 * Only for tests.
 */
import type { RequestRecord } from '@remora/api/request-record.ts';
import { sampleAttempt, sampleRecord } from '../publish/sample-record.ts';

const V2 = 'catalog-v2.shop:80';

const refused = sampleAttempt({
  spanId: '1111111111111111',
  ...{ backend: V2, endpoint: '10.0.0.8:8080', instance: 'catalog-v2-0' },
  ...{ beganMs: 0.3, chosenMs: 4.5, sentMs: 5.8, answeredMs: 250, endedMs: 250.2 },
  ...{ isReused: false, status: 503, failure: 'RMR_OVERLOADED' },
  weighed: [
    { endpoint: '10.0.0.8:8080', score: 12.4 },
    { endpoint: '10.0.0.9:8080', score: 148 },
  ],
  limit: { inFlight: 31, waiting: 4, max: 32 },
  budgetLeft: 3.7,
});

const retried = sampleAttempt({
  spanId: '2222222222222222',
  ...{ backend: V2, endpoint: '10.0.0.9:8080', instance: 'catalog-v2-1', reason: 'status' },
  ...{ beganMs: 262, chosenMs: 262.1, sentMs: 262.2, answeredMs: null, endedMs: 1_000 },
  ...{ status: 0, failure: 'RMR_REQUEST_TIMEOUT', budgetLeft: 2.7 },
});

export const callerRecord: RequestRecord = sampleRecord({
  requestId: '5f0c6a52-7d7e-4a83-9df5-2f0a9f6b1c11',
  ...{ reason: 'failed', isFailed: true, status: 504, durationMs: 1_000.4, responseBytes: 196 },
  ...{ cause: 'RMR_REQUEST_TIMEOUT', detail: 'after 1000 ms, attempt 2 of 3' },
  ...{ path: '/items?page=2', userAgent: 'curl/8.5.0', backend: V2, deadlineMs: 1_000 },
  denied: 'deadline',
  nearest: { rule: 'catalog/alice', why: 'header x-user is "bob", not "alice"' },
  split: {
    draw: 0.93,
    cohort: null,
    shares: [
      { backend: 'catalog-v1.shop:80', weight: 90 },
      { backend: V2, weight: 10 },
    ],
  },
  attempts: [refused, retried],
});

export const calleeRecord: RequestRecord = sampleRecord({
  requestId: callerRecord.requestId,
  ...{ spanId: '3333333333333333', parentSpanId: refused.spanId },
  proxy: { name: 'catalog-v2-0', namespace: 'shop', workload: 'catalog-v2' },
  ...{ direction: 'inbound', startedAt: callerRecord.startedAt + 6, durationMs: 243 },
  ...{ reason: 'failed', isFailed: true, status: 503, cause: 'RMR_OVERLOADED' },
  ...{ detail: '32 in flight, 64 waiting', destination: '', rule: 'default', backend: '' },
  ...{ path: '/items?page=2', attempts: [], responseBytes: 170 },
});
