/**
 * Records for tests of this plane: of a request of the shop that went well, at a known hour.
 *
 * Only for tests.
 */
import { attemptRecord, requestRecord } from '@remora/api/record-fixture.ts';
import type { AttemptRecord, RequestRecord } from '@remora/api/request-record.ts';

export function sampleRecord(parts: Partial<RequestRecord> = {}): RequestRecord {
  return requestRecord({
    proxy: { name: 'storefront-0', namespace: 'shop', workload: 'storefront' },
    startedAt: Date.UTC(2026, 0, 1, 3, 0, 0, 250),
    attempts: [sampleAttempt()],
    ...parts,
  });
}

export function sampleAttempt(parts: Partial<AttemptRecord> = {}): AttemptRecord {
  return attemptRecord({ chosenMs: 0.2, sentMs: 0.5, ...parts });
}
