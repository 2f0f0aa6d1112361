/** Claims about the access log: who gets a line, how many there may be, and what is confessed. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { ManualClock } from '../clock.ts';
import * as limits from '../limits.ts';
import { recordOf } from './access-fixture.ts';
import type { AccessFilter } from './access-filter.ts';
import { AccessLog, type AccessLogOptions } from './access-log.ts';
import { LineLog, type LogSink } from './log.ts';

/** A pipe: keeps what it is given, and is read or not. */
class Pipe implements LogSink {
  readonly writes: Uint8Array[] = [];
  isRead = true;
  /** Of somebody else, waiting in it. */
  others = 0;

  get writableLength(): number {
    if (this.isRead) return this.others;
    return this.writes.reduce((sum, { length }) => sum + length, this.others);
  }

  write(bytes: Uint8Array): boolean {
    this.writes.push(this.isRead ? Buffer.from(bytes) : bytes);
    return this.isRead;
  }
}

const EVERYTHING: AccessFilter = {
  ...{ mode: 'all', sample: 1, rule: null, status: null, method: null, path: null },
  ...{ minDurationMs: 0, direction: null },
};
const FAILED = recordOf({ isFailed: true, status: 503, cause: 'RMR_NO_ENDPOINTS' });
const GOOD = recordOf();

class World {
  readonly clock = new ManualClock();
  readonly pipe = new Pipe();
  readonly log = new LineLog(this.pipe, 'remora-proxy', () => 0);
  readonly access: AccessLog;

  constructor(options: Partial<AccessLogOptions> = {}) {
    this.access = new AccessLog({ mode: 'errors', sample: 1, ...options }, this.log, this.clock);
  }

  add(record = GOOD, times = 1): void {
    for (let i = 0; i < times; i++) this.access.add(record);
  }

  lines(): Readonly<Record<string, unknown>>[] {
    this.log.flush();
    const text = this.pipe.writes.splice(0).map(String).join('');
    return text === ''
      ? []
      : text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line));
  }

  /** Lines of requests. */
  requests() {
    return this.lines().filter(({ msg }) => msg === 'request');
  }
}

describe('the access log', () => {
  test('of errors has lines of errors, of all of all, of none of none', () => {
    const statuses = (mode: AccessLogOptions['mode']) => {
      const world = new World({ mode });
      world.add(GOOD);
      world.add(FAILED);
      return world.requests().map(({ status }) => status);
    };
    assert.deepEqual(statuses('errors'), [503]);
    assert.deepEqual(statuses('all'), [200, 503]);
    assert.deepEqual(statuses('none'), []);
  });

  test('is 50 for failed, 40 for refused and 30 for what went well', () => {
    const world = new World({ mode: 'all' });
    world.add(FAILED);
    world.add(recordOf({ cause: 'RMR_RATE_LIMITED', status: 429 }));
    world.add(GOOD);
    assert.deepEqual(
      world.requests().map(({ level }) => level),
      [50, 40, 30],
    );
  });

  test("stands among the log's other lines in order, in one write", () => {
    const { log, pipe, access } = new World({ mode: 'all' });
    log.info({}, 'before');
    access.add(GOOD);
    log.info({}, 'after');
    log.flush();
    assert.equal(pipe.writes.length, 1);
    assert.match(
      String(pipe.writes[0]),
      /"before".*\n.*"name":"remora-proxy","startedAt":.*\n.*"after"/,
    );
  });

  test('asks for records of good requests only where they would be logged', () => {
    assert.equal(new World({ mode: 'errors' }).access.wantsAll, false);
    assert.equal(new World({ mode: 'none' }).access.wantsAll, false);
    assert.equal(new World({ mode: 'all' }).access.wantsAll, false); // Lines without records.
    assert.equal(new World({ mode: 'all' }).access.isOfAll, true);
    assert.equal(new World({ mode: 'all', sample: 0 }).access.isOfAll, false);
    assert.equal(new World({ mode: 'errors' }).access.isOfAll, false);
  });

  test('samples good requests by their trace, and logs every error', () => {
    const world = new World({ mode: 'all', sample: 0.5 });
    world.add(recordOf({ traceId: '0'.repeat(32) }));
    assert.equal(world.requests().length, 0);
    world.add(recordOf({ traceId: 'f'.repeat(32) }));
    world.add({ ...FAILED, traceId: '0'.repeat(32) });
    assert.equal(world.requests().length, 2);
  });
});

describe('a filter in force', () => {
  test('adds lines until its time is over, and not a moment longer', () => {
    const world = new World({ mode: 'none' });
    assert(world.access.order({ ...EVERYTHING, method: 'GET' }, 60_000));
    assert.equal(world.access.wantsAll, true);
    world.clock.advanceMs(59_999);
    world.add(GOOD);
    world.add(recordOf({ method: 'POST' }));
    assert.equal(world.requests().length, 1);
    world.clock.advanceMs(1);
    world.add(GOOD);
    assert.equal(world.requests().length, 0);
    assert.equal(world.access.wantsAll, false);
  });

  test('of errors wants no records of good requests', () => {
    const world = new World({ mode: 'none' });
    world.access.order({ ...EVERYTHING, mode: 'errors' }, 60_000);
    assert.equal(world.access.wantsAll, false);
    world.add(FAILED);
    assert.equal(world.requests().length, 1);
  });

  test('counts what it matched, and costs a request no second line', () => {
    const world = new World();
    world.access.order({ ...EVERYTHING, status: { from: 500, to: 599 } }, 60_000);
    world.access.order({ ...EVERYTHING, mode: 'errors' }, 60_000);
    world.add(FAILED);
    world.add(GOOD);
    assert.equal(world.requests().length, 1);
    const { filters } = world.access.state();
    assert.deepEqual(
      filters.map(({ matched }) => matched),
      [1, 1],
    );
  });

  test('is renewed by the same filter again, and is one of so many', () => {
    const { access, clock } = new World();
    for (let at = 0; at < limits.accessFiltersMax; at++) {
      assert(access.order({ ...EVERYTHING, rule: `rule/${at}` }, 60_000));
    }
    assert(!access.order({ ...EVERYTHING, rule: 'one more' }, 60_000));
    clock.advanceMs(30_000);
    assert(access.order({ ...EVERYTHING, rule: 'rule/0' }, 60_000));
    clock.advanceMs(30_000);
    const { filters } = access.state();
    assert.deepEqual(
      filters.map(({ rule, endsInMs }) => [rule, endsInMs]),
      [['rule/0', 30_000]],
    );
    assert(access.order({ ...EVERYTHING, rule: 'one more' }, 60_000));
  });

  test('makes room for another when its time is over', () => {
    const { access, clock } = new World();
    for (let at = 0; at < limits.accessFiltersMax; at++) {
      access.order({ ...EVERYTHING, rule: `rule/${at}` }, 60_000);
    }
    clock.advanceMs(60_000);
    assert(access.order({ ...EVERYTHING, rule: 'one more' }, 60_000));
  });

  test('lasts no longer than the bound, whatever is asked', () => {
    const { access } = new World();
    access.order(EVERYTHING, 10 * limits.accessFilterMsMax);
    assert.equal(access.state().filters[0]!.endsInMs, limits.accessFilterMsMax);
  });

  test('ends with all others at a word, and leaves what the proxy was started with', () => {
    const world = new World({ mode: 'errors' });
    world.access.order(EVERYTHING, 60_000);
    world.access.endOrders();
    assert.equal(world.access.wantsAll, false);
    world.add(GOOD);
    world.add(FAILED);
    assert.deepEqual(
      world.requests().map(({ status }) => status),
      [503],
    );
    assert.deepEqual(world.access.state().filters, []);
  });
});

describe('a flood', () => {
  const max = limits.accessLinesPerSecondMax;

  test('has so many lines a second, and the next second as many again', () => {
    const world = new World();
    const { access, clock, log } = world;
    world.add(FAILED, 3 * max);
    assert.equal(access.written, max);
    assert.equal(access.dropped, 2 * max);
    assert.equal(access.droppedByRate, 2 * max);
    assert.equal(log.dropped, 0);
    clock.advanceMs(999);
    access.add(FAILED);
    assert.equal(access.written, max);
    clock.advanceMs(1);
    access.add(FAILED);
    assert.equal(access.written, max + 1);
  });

  test('that was asked for, by the mode or by a filter, has all its lines', () => {
    const all = new World({ mode: 'all' });
    all.add(GOOD, max);
    all.lines(); // One turn's lines are bounded too.
    all.add(FAILED, max);
    assert.deepEqual([all.access.written, all.access.dropped], [2 * max, 0]);
    const ordered = new World();
    ordered.access.order({ ...EVERYTHING, mode: 'errors' }, 60_000);
    ordered.add(FAILED, max);
    ordered.lines();
    ordered.add(FAILED, max);
    assert.deepEqual([ordered.access.written, ordered.access.dropped], [2 * max, 0]);
  });

  test('is confessed once a second, with how many were dropped since', (context: TestContext) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const world = new World();
    const confessions = () => world.lines().filter(({ msg }) => msg !== 'request');
    world.add(FAILED, max + 5);
    context.mock.timers.tick(999);
    assert.deepEqual(confessions(), []);
    context.mock.timers.tick(1);
    const message = `over ${max} access lines a second: some were dropped`;
    const [first, ...rest] = confessions();
    assert.deepEqual(rest, []);
    assert.deepEqual(first, {
      ...{ level: 40, time: 0, name: 'remora-proxy', dropped: 5, msg: message },
    });
    context.mock.timers.tick(10_000);
    assert.deepEqual(confessions(), []);
    world.add(FAILED, 7);
    context.mock.timers.tick(1_000);
    assert.equal(confessions()[0]!['dropped'], 7);
  });

  test('is confessed later where the reader is too slow now', (context: TestContext) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const world = new World();
    world.add(FAILED, max + 5);
    world.lines();
    world.pipe.others = limits.logBufferBytesMax;
    context.mock.timers.tick(1_000);
    assert.deepEqual(world.lines(), []);
    world.pipe.others = 0;
    context.mock.timers.tick(1_000);
    assert.equal(world.lines().at(-1)!['dropped'], 5);
  });
});

describe('a reader that does not read', () => {
  /** Ten seconds of as many lines as there may be, a turn for every hundred. */
  function stall(world: World, seconds: number): number {
    const offered = seconds * limits.accessLinesPerSecondMax;
    for (let i = 0; i < offered; i++) {
      const path = `/${i}`.padEnd(1_000, 'x');
      world.add(recordOf({ isFailed: true, path }));
      if (i % 100 === 99) world.log.flush();
      world.clock.advanceMs(1_000 / limits.accessLinesPerSecondMax);
    }
    return offered;
  }

  test('costs lines that are counted, and no memory beyond the bound', () => {
    const world = new World();
    world.pipe.isRead = false;
    const offered = stall(world, 10);
    const { written, dropped, droppedByRate } = world.access;
    const waiting = world.pipe.writableLength;
    const line = waiting / written;
    assert(waiting >= limits.accessBufferBytesMax);
    assert(waiting < limits.accessBufferBytesMax + 2 * line, `${waiting}`);
    assert.equal(written + dropped, offered);
    assert.equal(droppedByRate, 0);
    assert.equal(world.log.dropped, dropped);
    assert.equal(world.requests().length, written);
  });

  test("leaves room for the log's own words", () => {
    const world = new World();
    world.pipe.isRead = false;
    stall(world, 2);
    const before = world.log.dropped;
    world.log.error({}, 'the control plane is gone');
    assert.equal(world.log.dropped, before);
    const lines = world.lines();
    assert.equal(lines.at(-2)!['dropped'], before);
    assert.equal(lines.at(-1)!['msg'], 'the control plane is gone');
  });

  test('that comes back gets lines again, after how many it lost', () => {
    const world = new World();
    world.pipe.isRead = false;
    stall(world, 2);
    const { written, dropped } = world.access;
    world.pipe.isRead = true;
    world.lines();
    world.add(FAILED);
    assert.equal(world.access.written, written + 1);
    assert.equal(world.access.dropped, dropped);
    const [confession, line] = world.lines();
    assert.equal(confession!['dropped'], dropped);
    assert.equal(line!['msg'], 'request');
  });

  test('keeps bytes waiting and not what they were made of', () => {
    const world = new World();
    world.pipe.isRead = false;
    world.add(FAILED);
    world.log.flush();
    assert(world.pipe.writes[0] instanceof Uint8Array);
  });
});

test('property: every line that is wanted is written or counted', () => {
  const some = (max: number) => fc.integer({ min: 1, max });
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constantFrom('fail', 'succeed'), some(700)) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('wait'), some(1_500)) },
    { weight: 2, arbitrary: fc.tuple(fc.constantFrom('stall', 'read'), fc.constant(0)) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const world = new World({ mode: 'all' });
      let offered = 0;
      let seen = 0;
      for (const [what, amount] of steps) {
        if (what === 'wait') world.clock.advanceMs(amount);
        else if (what === 'stall' || what === 'read') world.pipe.isRead = what === 'read';
        else {
          world.add(what === 'fail' ? FAILED : GOOD, amount);
          offered += amount;
        }
        if (world.pipe.isRead) seen += world.requests().length;
        assert(world.pipe.writableLength < limits.logBufferBytesMax);
      }
      seen += world.requests().length;
      const { written, dropped, droppedByRate } = world.access;
      assert.equal(written + dropped, offered);
      assert.equal(seen, written);
      assert.equal(world.log.dropped, dropped - droppedByRate);
    }),
    { numRuns: 50 },
  );
});
