/** Claims about which records are made at once, which later, and which lines are left by whom. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RequestRecord } from '@remora/api/request-record.ts';
import { Backend } from '../balance/backend.ts';
import { backendConfig, endpointConfigs } from '../balance/endpoint-fixture.ts';
import { ManualClock } from '../clock.ts';
import * as limits from '../limits.ts';
import { AccessLog, type AccessLogOptions } from '../telemetry/access-log.ts';
import type { RequestParts } from '../routing/head-fixture.ts';
import { IdSource } from '../telemetry/id-source.ts';
import { LineLog } from '../telemetry/log.ts';
import { TimerWheel } from '../timer-wheel.ts';
import { AccessBytes } from './access-bytes.ts';
import type { RecordSource } from './ended-request.ts';
import { HeldRequests } from './held-requests.ts';
import { Observer } from './observer.ts';
import { answeredSource } from './record-source-fixture.ts';
import { TraceMarks } from './trace-marks.ts';

const FLOOD = limits.recordsPerSecondMax + 500;
const NOW_MS = 23.5;
const SLOW_MS = 1_000;
const identity = { name: 'web-0', namespace: 'shop', workload: 'web' };

/** One proxy's observer, and what it handed to whom. */
class World {
  readonly log = new LineLog({ writableLength: 0, write: () => true }, 'remora-proxy', () => 0);
  readonly access: AccessLog;
  readonly observer: Observer;
  readonly held: HeldRequests;
  /** Of another sink than the access log, which asks for nothing unless it is told to. */
  readonly made: RequestRecord[] = [];
  readonly sink = {
    wantsAll: false,
    add: (record: RequestRecord): void => void this.made.push(record),
  };
  /** How often somebody was told of a request that is held. */
  told = 0;
  readonly #backend: Backend;

  constructor(mode: AccessLogOptions['mode'], sampleRatio: number) {
    const ids = new IdSource({ sampleRatio, fill: (pool) => pool.fill(7) });
    const clock = new ManualClock();
    const wheel = new TimerWheel(clock, () => undefined);
    this.#backend = new Backend('app.shop:80', { clock, wheel, chance: () => 0 });
    this.#backend.apply(backendConfig(endpointConfigs(1)), clock.nowMs());
    this.access = new AccessLog({ mode, sample: 1 }, this.log, clock);
    this.held = new HeldRequests(identity, ids);
    this.observer = new Observer({
      ...{ identity, ids, wallMs: () => 0, slowMs: SLOW_MS, sinks: [this.access, this.sink] },
      ...{ held: this.held, onHeld: () => void this.told++ },
      marks: new TraceMarks(ids),
      line: this.access.isOfAll ? new AccessBytes(this.access, identity, ids) : null,
    });
  }

  /** `fields` beside the id that it is found by. */
  source(fields: RequestParts['fields'] = []): RecordSource {
    const all = [['x-request-id', 'mine'] as const, ...(fields ?? [])];
    return answeredSource(this.#backend, '/', { fields: all });
  }

  /** What became of a good request: records made at once, those found later, lines. */
  ends(fields: RequestParts['fields'] = []): readonly [made: number, held: number, lines: number] {
    this.observer.onEnd(this.source(fields), 200, false, NOW_MS);
    this.log.flush();
    return [this.made.length, this.held.find('mine').length, this.access.written];
  }
}

/** What one second's flood leaves: requests that end with this status, at this time. */
function flood(mode: AccessLogOptions['mode'], status: number, nowMs: number, agent = 'curl') {
  const world = new World(mode, 0);
  const { observer, access, log } = world;
  const source = world.source([['user-agent', agent]]);
  for (let ended = 0; ended < FLOOD; ended++) {
    observer.onEnd(source, status, status >= 500, nowMs);
    log.flush();
  }
  return { written: access.written, dropped: access.dropped + observer.dropped };
}

describe('a good request', () => {
  test('that is not sampled leaves nothing', () => {
    assert.deepEqual(new World('errors', 0).ends(), [0, 0, 0]);
  });

  test('that is sampled is held, and no record is made of it before somebody asks', () => {
    const world = new World('errors', 1);
    assert.deepEqual(world.ends(), [0, 1, 0]);
    assert.equal(world.told, 1);
    assert.equal(world.held.find('mine')[0]!.reason, 'sampled');
  });

  test('that is sampled and logged leaves its line, and is held', () => {
    assert.deepEqual(new World('all', 1).ends(), [0, 1, 1]);
  });

  test('that is sampled and asked for leaves its record at once', () => {
    const world = new World('errors', 1);
    world.sink.wantsAll = true;
    assert.deepEqual(world.ends(), [1, 0, 0]);
    assert.equal(world.told, 0);
  });

  test('that is sampled and has a long head leaves its record at once', () => {
    const cookie = 'x'.repeat(limits.heldHeadBytesMax);
    assert.deepEqual(new World('errors', 1).ends([['cookie', cookie]]), [1, 0, 0]);
  });

  test('that is sampled and whose line needs its record leaves one of each', () => {
    assert.deepEqual(new World('all', 1).ends([['user-agent', 'a "quoted" word']]), [1, 0, 1]);
  });
});

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
