/**
 * A request that was answered at its first attempt, as its exchange is at its end.
 *
 * Tests only.
 */
import type { Backend } from '../balance/backend.ts';
import { NO_DEADLINE } from '../resilience/deadline.ts';
import type { Rule, Target } from '../routing/compiled.ts';
import { headOf, type RequestParts } from '../routing/head-fixture.ts';
import type { RecordSource } from './ended-request.ts';
import { FIRST, Trail } from './trail.ts';

export function answeredSource(
  backend: Backend,
  target: string,
  parts: RequestParts = {},
  peer = '127.0.0.1',
): RecordSource {
  const trail = new Trail();
  const note = trail.next();
  note.begin(FIRST, backend, 10.25);
  note.choose(backend.endpoints[0]!, 10.5);
  note.sentAtMs = 10.75;
  note.answeredAtMs = 22.125;
  note.status = 200;
  trail.requestBytes = 12;
  trail.responseBytes = 250;
  return {
    request: headOf(target, parts),
    downstream: { peer } as RecordSource['downstream'],
    role: { direction: 'outbound' } as RecordSource['role'],
    rule: { id: 'catalog/canary', targets: [] } as unknown as Rule,
    target: { backend } as unknown as Target,
    trail,
    series: null,
    startedAtMs: 10,
    deadlineAtMs: NO_DEADLINE,
  };
}
