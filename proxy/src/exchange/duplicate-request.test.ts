/** What a request does between its turn and the tick, which no client can time. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Backend } from '../balance/backend.ts';
import { ManualClock } from '../clock.ts';
import { BODY_NONE } from '../http1/body-framing.ts';
import type { BodyPiece } from '../net/body-writer.ts';
import { type DuplicateEnd, Duplicates } from '../resilience/duplicates.ts';
import { ReplayBlocks } from '../resilience/replay-buffer.ts';
import { responseOf } from '../resilience/response-fixture.ts';
import { headOf } from '../routing/head-fixture.ts';
import { TimerWheel } from '../timer-wheel.ts';
import { type DuplicateRequest, duplicateOf, type DuplicateUser } from './duplicate-request.ts';
import type { ExchangeWorld } from './exchange-world.ts';
import { RequestBody } from './request-body.ts';
import type { TickJob } from './tick.ts';

const KEEP_MS = 1_000;
const TEXT = Buffer.from('paid');

/** Ticks by hand: what is queued is asked for its epoch, as the real one asks. */
class ManualTick {
  #jobs: (readonly [job: TickJob, epoch: number])[] = [];

  add(job: TickJob): void {
    this.#jobs.push([job, job.epoch]);
  }

  run(): void {
    const jobs = this.#jobs;
    this.#jobs = [];
    for (const [job, epoch] of jobs) if (job.epoch === epoch) job.onTick();
  }
}

function newWorld(duplicates = new Duplicates()) {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock, () => undefined);
  const ends: DuplicateEnd[] = [];
  const tick = new ManualTick();
  const replayBlocks = new ReplayBlocks();
  const onDuplicate = (end: DuplicateEnd): void => void ends.push(end);
  const parts = { clock, tick, replayBlocks, duplicates, onDuplicate };
  const world = parts as unknown as ExchangeWorld;
  return { ...parts, ends, world, backend: new Backend('b', { clock, wheel, chance: () => 0 }) };
}

/** A request without a body, and what became of it. */
class Caller {
  readonly became: string[] = [];
  readonly duplicate: DuplicateRequest;

  constructor({ world, backend, replayBlocks }: ReturnType<typeof newWorld>) {
    const body = new RequestBody(replayBlocks);
    body.begin(BODY_NONE, true, null);
    const { became } = this;
    const user = {
      request: headOf('/pay', { method: 'POST', fields: [['idempotency-key', 'k']] }),
      body,
      downstream: { peer: '127.0.0.1' },
      send: () => void became.push('sent'),
      replay: ({ body: text }: { readonly body: Buffer }) => void became.push(String(text)),
      answer: (code: string) => void became.push(code),
    };
    user.request.filled = user.request.length;
    this.duplicate = duplicateOf(world, user as unknown as DuplicateUser, KEEP_MS, backend)!;
  }

  getsAnswer(status = 200): void {
    this.getsHead(status, true);
    this.duplicate.leave();
  }

  getsHead(status: number, isLast: boolean): void {
    const piece = { bytes: TEXT, start: 0, end: TEXT.length, isLast, trailers: null };
    this.duplicate.onAnswerHead(responseOf(status), piece as BodyPiece);
  }
}

function callers(world: ReturnType<typeof newWorld>): readonly [Caller, Caller, Caller] {
  const made = [new Caller(world), new Caller(world), new Caller(world)] as const;
  world.tick.run();
  return made;
}

describe('a request with a key', () => {
  test('does nothing inside the call that makes it, nor inside that of the first', () => {
    const world = newWorld();
    const first = new Caller(world);
    const second = new Caller(world);
    assert.deepEqual(first.became, []);
    world.tick.run();
    assert.deepEqual([first.became, second.became], [['sent'], []]);
    first.getsAnswer();
    assert.deepEqual(second.became, []);
    world.tick.run();
    assert.deepEqual(second.became, ['paid']);
    assert.deepEqual(world.ends, ['executed', 'waited']);
  });

  test('that leaves after its turn has come, and before it is taken, hands it on', () => {
    const world = newWorld();
    const [first, second, third] = callers(world);
    first.duplicate.leave();
    second.duplicate.leave();
    world.tick.run();
    assert.deepEqual([second.became, third.became], [[], ['sent']]);
  });

  test('that leaves with an answer waiting for it is not answered any more', () => {
    const world = newWorld();
    const [first, second, third] = callers(world);
    first.getsAnswer();
    second.duplicate.leave();
    world.tick.run();
    assert.deepEqual([second.became, third.became], [[], ['paid']]);
  });

  test('that leaves before it has joined takes no place', () => {
    const world = newWorld();
    const caller = new Caller(world);
    caller.duplicate.leave();
    world.tick.run();
    assert.deepEqual(caller.became, []);
    assert.equal(world.duplicates.size, 0);
  });

  test('is sent once, though the first before it failed while the next came', () => {
    const world = newWorld();
    const [first, second, third] = callers(world);
    first.getsAnswer(503);
    world.tick.run();
    world.tick.run();
    assert.deepEqual([second.became, third.became], [['sent'], []]);
    second.getsAnswer();
    world.tick.run();
    assert.deepEqual([second.became, third.became], [['sent'], ['paid']]);
    assert.equal(world.replayBlocks.leased, 0);
  });

  test('that there is no room to remember is sent like any other, and not recorded', () => {
    const bounds = { duplicatesMax: 0, duplicateWaitersMax: 1, duplicateBytesMax: 1 };
    const world = newWorld(new Duplicates(bounds));
    const [first, second] = callers(world);
    assert.deepEqual([first.became, second.became], [['sent'], ['sent']]);
    first.getsHead(200, false);
    assert.equal(world.replayBlocks.leased, 0);
    assert.deepEqual(world.ends, ['untracked', 'untracked', 'untracked']);
  });

  test('says whom it waits for, until it is sent', () => {
    const world = newWorld();
    const [first, second] = callers(world);
    assert.equal(first.duplicate.where, null);
    assert.match(second.duplicate.where!, /first request/);
    assert.match(new Caller(world).duplicate.where!, /^b, .*body/);
  });
});
