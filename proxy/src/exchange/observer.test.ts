/** Claims about a flood of failures: which records it leaves, and that a full log loses no line. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Backend } from '../balance/backend.ts';
import { backendConfig, endpointConfigs } from '../balance/endpoint-fixture.ts';
import { ManualClock } from '../clock.ts';
import * as limits from '../limits.ts';
import { AccessLog, type AccessLogOptions } from '../telemetry/access-log.ts';
import { IdSource } from '../telemetry/id-source.ts';
import { LineLog } from '../telemetry/log.ts';
import { TimerWheel } from '../timer-wheel.ts';
import { AccessBytes } from './access-bytes.ts';
import { Observer } from './observer.ts';
import { answeredSource } from './record-source-fixture.ts';
import { TraceMarks } from './trace-marks.ts';

const FLOOD = limits.recordsPerSecondMax + 500;
const NOW_MS = 23.5;
const SLOW_MS = 1_000;

/** What one second's flood leaves: requests that end with this status, at this time. */
function flood(mode: AccessLogOptions['mode'], status: number, nowMs: number, agent = 'curl') {
  const identity = { name: 'web-0', namespace: 'shop', workload: 'web' };
  const ids = new IdSource({ sampleRatio: 0, fill: (pool) => pool.fill(7) });
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock, () => undefined);
  const backend = new Backend('app.shop:80', { clock, wheel, chance: () => 0 });
  backend.apply(backendConfig(endpointConfigs(1)), clock.nowMs());
  const sink = { writableLength: 0, write: () => true };
  const log = new LineLog(sink, 'remora-proxy', () => 0);
  const access = new AccessLog({ mode, sample: 1 }, log, clock);
  const observer = new Observer({
    ...{ identity, ids, wallMs: () => 0, slowMs: SLOW_MS, sinks: [access] },
    marks: new TraceMarks(ids),
    line: access.isOfAll ? new AccessBytes(access, identity, ids) : null,
  });
  const source = answeredSource(backend, '/', { fields: [['user-agent', agent]] });
  for (let ended = 0; ended < FLOOD; ended++) {
    observer.onEnd(source, status, status >= 500, nowMs);
    log.flush();
  }
  return { written: access.written, dropped: access.dropped + observer.dropped };
}

describe('a flood', () => {
  test('leaves a line for each request where all are logged, whatever made its record', () => {
    const all = { written: FLOOD, dropped: 0 };
    assert.deepEqual(flood('all', 503, NOW_MS), all, 'failed');
    assert.deepEqual(flood('all', 200, NOW_MS + SLOW_MS), all, 'slow');
    assert.deepEqual(flood('all', 200, NOW_MS, 'a "quoted" word'), all, 'left to the record');
    assert.deepEqual(flood('all', 200, NOW_MS), all, 'plain');
  });

  test('leaves so many records a second where nobody asked, and counts the others', () => {
    const kept = limits.recordsPerSecondMax;
    assert.deepEqual(flood('errors', 503, NOW_MS), { written: kept, dropped: FLOOD - kept });
  });
});
