/** A line made of bytes says what the line of the same request's record says. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { RequestRecord } from '@remora/api/request-record.ts';
import fc from 'fast-check';
import { Backend } from '../balance/backend.ts';
import { backendConfig, endpointConfigs } from '../balance/endpoint-fixture.ts';
import { ManualClock } from '../clock.ts';
import * as limits from '../limits.ts';
import type { Rule } from '../routing/compiled.ts';
import type { RequestParts } from '../routing/head-fixture.ts';
import { AccessLog, type AccessLogOptions } from '../telemetry/access-log.ts';
import { IdSource } from '../telemetry/id-source.ts';
import { LineLog } from '../telemetry/log.ts';
import { TimerWheel } from '../timer-wheel.ts';
import { AccessBytes } from './access-bytes.ts';
import { EndedRequest, type RecordEnd, type RecordSource } from './ended-request.ts';
import { recordOf } from './record.ts';
import { answeredSource } from './record-source-fixture.ts';
import { FIRST } from './trail.ts';

const identity = { name: 'web-0', namespace: 'shop', workload: 'web' };
const ids = new IdSource({ sampleRatio: 0, fill: (pool) => pool.fill(7) });
const WALL_MS = 1_790_000_000_123;
const END = {
  status: 200,
  isFailed: false,
  reason: 'asked',
  nowMs: 23.5,
  wallMs: WALL_MS,
} as const;

/** One proxy's log of all requests, and what was written to it. */
class World {
  readonly clock = new ManualClock();
  readonly backend: Backend;
  readonly log: LineLog;
  readonly access: AccessLog;
  readonly bytes: AccessBytes;
  readonly sink = {
    writableLength: 0,
    written: '',
    write: (bytes: Uint8Array) => this.#keep(bytes),
  };

  constructor(options: Partial<AccessLogOptions> = {}) {
    const { clock } = this;
    const wheel = new TimerWheel(clock, () => undefined);
    this.backend = new Backend('app.shop:80', { clock, wheel, chance: () => 0 });
    this.backend.apply(backendConfig(endpointConfigs(1)), clock.nowMs());
    this.log = new LineLog(this.sink, 'remora-proxy', () => WALL_MS);
    this.access = new AccessLog({ mode: 'all', sample: 1, ...options }, this.log, clock);
    this.bytes = new AccessBytes(this.access, identity, ids);
  }

  /** A request that was answered, as its exchange is at its end. */
  source(target: string, parts: RequestParts = {}, peer = '127.0.0.1'): RecordSource {
    return answeredSource(this.backend, target, parts, peer);
  }

  /** The line that was made of bytes; null: it was left to the record. */
  lean(source: RecordSource, status = 200): unknown {
    if (!this.bytes.add(source, status, 23.5, WALL_MS)) return null;
    return this.#line();
  }

  /** All that was written since the last look, as lines. */
  lines(): readonly unknown[] {
    this.log.flush();
    const lines = this.sink.written.split('\n').slice(0, -1);
    this.sink.written = '';
    return lines.map((line) => JSON.parse(line) as unknown);
  }

  /** The line of the request's record. */
  full(source: RecordSource, status = 200): unknown {
    this.access.add(recordAtOnce(source, { ...END, status }));
    return this.#line();
  }

  #line(): unknown {
    const lines = this.lines();
    assert(lines.length <= 1);
    return lines[0];
  }

  #keep(bytes: Uint8Array): boolean {
    this.sink.written += Buffer.from(bytes).toString();
    return true;
  }
}

describe('a line made of bytes', () => {
  test('is the line of the record', () => {
    const world = new World();
    const fields = [
      ['user-agent', 'curl/8.5.0'],
      ['x-request-id', 'mine-1'],
      ['traceparent', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`],
    ] as const;
    for (const source of [
      world.source('/items/7?lang=de', { fields }),
      world.source('/', { version: '1.0', method: 'PURGE' }),
      world.source('/a?', {}, '2001:db8::1'),
      world.source('http://catalog.shop:80/b?c=d'),
    ]) {
      assert.deepEqual(world.lean(source), world.full(source));
    }
  });

  test('property: is that, or none, whatever the request says', () => {
    const text = fc.string({ unit: 'binary-ascii', maxLength: 700 });
    fc.assert(
      fc.property(text, text, fc.nat(99_999), (path, agent, durationUs) => {
        const world = new World();
        const clean = path.replace(/[^\x21-\x7e]|[#?%\\]/g, 'x');
        const value = agent.replace(/[^\t\x20-\x7e]/g, 'y').trim();
        const fields = value === '' ? [] : ([['user-agent', value]] as const);
        const source = {
          ...world.source(`/${clean}`, { fields }),
          startedAtMs: -durationUs / 1_000,
        };
        const lean = world.lean(source);
        if (lean !== null) assert.deepEqual(lean, world.full(source));
      }),
    );
  });

  test('is none where the record has more to say, or cuts', () => {
    const world = new World();
    const twice = world.source('/');
    twice.trail.next().begin(FIRST, world.backend, 11);
    const long = '/'.padEnd(limits.recordTextMax + 2, 'x');
    const agent = (value: string) => ({ fields: [['user-agent', value]] as const });
    for (const source of [
      twice,
      world.source(long),
      world.source('/', agent('a "quoted" word')),
      world.source('/', agent('x'.repeat(limits.accessTextMax + 1))),
    ]) {
      assert.equal(world.lean(source), null);
    }
    assert.equal(world.lean(world.source('/'), 499), null);
    assert.notEqual(world.lean(world.source('/')), null);
  });

  test('is sampled by its trace, and counted', () => {
    const world = new World({ sample: 0.000_001 });
    assert.equal(world.lean(world.source('/')), undefined);
    assert.deepEqual([world.access.written, world.access.dropped], [0, 0]);
    const all = new World();
    all.lean(all.source('/'));
    assert.deepEqual([all.access.written, all.access.dropped], [1, 0]);
  });

  test('is dropped and counted where the reader is too slow', () => {
    const world = new World();
    world.sink.writableLength = limits.accessBufferBytesMax;
    assert.equal(world.lean(world.source('/')), undefined);
    assert.deepEqual([world.access.written, world.access.dropped], [0, 1]);
  });

  test('knows one target by each of its rules', () => {
    const world = new World();
    const source = world.source('/');
    world.lean(source);
    const other = { ...source, rule: { id: 'other', targets: [] } as unknown as Rule };
    assert.deepEqual(world.lean(other), world.full(other));
  });
});

describe('lines that are held', () => {
  /** Requests that differ in each text, as one would find another's. */
  function sources(world: World, count: number, agentBytes: number): readonly RecordSource[] {
    return Array.from({ length: count }, (_, n) => {
      const fields = [['user-agent', `${n} `.padEnd(n % 3 === 0 ? 3 : agentBytes, 'a')]] as const;
      return world.source(`/${'p'.repeat(n % 7)}?n=${n}`, { fields }, `10.0.0.${n % 250}`);
    });
  }

  test('are laid in their order, each as it would be alone', () => {
    const world = new World();
    // More than are held at once, and in the second case more text.
    for (const [count, agentBytes] of [
      [3 * limits.accessHeldMax + 1, 20],
      [limits.accessHeldMax, limits.accessTextMax],
      [200, limits.accessTextMax],
    ] as const) {
      const all = sources(world, count, agentBytes);
      for (const source of all) assert(world.bytes.add(source, 200, 23.5, WALL_MS));
      const lean = world.lines();
      const full = all.map((source) => world.full(source));
      assert.deepEqual(lean, full);
    }
  });

  test('come before what is logged after them', () => {
    const world = new World();
    world.bytes.add(world.source('/first'), 200, 23.5, WALL_MS);
    world.log.warn({}, 'second');
    world.bytes.add(world.source('/third'), 200, 23.5, WALL_MS);
    world.access.add(recordAtOnce(world.source('/fourth'), { ...END, reason: 'failed' }));
    const told = world.lines() as readonly { path?: string; msg: string }[];
    const seen = told.map(({ path, msg }) => path ?? msg);
    assert.deepEqual(seen, ['/first', 'second', '/third', '/fourth']);
  });

  test('are counted when they are held, and leave by themselves', async () => {
    const world = new World();
    world.bytes.add(world.source('/'), 200, 23.5, WALL_MS);
    assert.deepEqual([world.access.written, world.sink.written], [1, '']);
    await setTimeout(limits.logBatchMs + 50);
    assert.match(world.sink.written, /"path":"\/"/);
  });

  test('one that turns out not to be plain leaves the others as they are', () => {
    const world = new World();
    const quoted = world.source('/b', { fields: [['user-agent', 'a "b"']] });
    assert(world.bytes.add(world.source('/a'), 200, 23.5, WALL_MS));
    assert(!world.bytes.add(quoted, 200, 23.5, WALL_MS));
    assert(world.bytes.add(world.source('/c'), 200, 23.5, WALL_MS));
    const told = world.lines() as readonly { path: string }[];
    assert.deepEqual(
      told.map(({ path }) => path),
      ['/a', '/c'],
    );
  });
});

function recordAtOnce(source: RecordSource, end: RecordEnd): RequestRecord {
  const ended = new EndedRequest();
  ended.take(source, end, ids);
  return recordOf(ended, source.request, identity, ids);
}
