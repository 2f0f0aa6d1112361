/** Claims about `duplicates.ts`, and a model of it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { METHOD } from '../http1/head.ts';
import * as limits from '../limits.ts';
import { DuplicateTicket, Duplicates, ENTRY_BYTES, JOINED } from './duplicates.ts';
import { ReplayBlocks } from './replay-buffer.ts';
import { responseOf } from './response-fixture.ts';

const blocks = new ReplayBlocks();
const KEEP_MS = 60_000;

/** A request that notes when it is told. */
class Caller {
  turns = 0;
  readonly ticket: DuplicateTicket = new DuplicateTicket(this, blocks);

  onDuplicateTurn(): void {
    this.turns++;
  }

  get answer(): string | null {
    return this.ticket.answer === null ? null : String(this.ticket.answer.body);
  }
}

function join(store: Duplicates, caller: Caller, scope = 's', body = 'b', nowMs = 0): number {
  return store.join(caller.ticket, scope, body, KEEP_MS, nowMs);
}

function answer(store: Duplicates, caller: Caller, body: string, nowMs = 0, status = 200): void {
  caller.ticket.record.begin(responseOf(status), METHOD.POST);
  const bytes = Buffer.from(body);
  caller.ticket.record.append(bytes, 0, bytes.length);
  store.complete(caller.ticket, false, nowMs);
}

function crowd(store: Duplicates, size: number): Caller[] {
  const callers = Array.from({ length: size }, () => new Caller());
  for (const caller of callers) join(store, caller);
  return callers;
}

describe('a duplicate', () => {
  test('that comes while the first is in flight waits, and gets its answer', () => {
    const store = new Duplicates();
    const [first, second, third] = crowd(store, 3) as [Caller, Caller, Caller];
    assert.ok(first.ticket.isFirst && !second.ticket.isFirst);
    assert.equal(second.turns, 0);
    answer(store, first, 'paid');
    for (const caller of [second, third]) {
      assert.equal(caller.turns, 1);
      assert.equal(caller.answer, 'paid');
      assert.ok(!caller.ticket.isFirst);
    }
    assert.equal(first.turns, 0);
  });

  test('that comes later gets the stored answer until its time is over', () => {
    const store = new Duplicates();
    const caller = new Caller();
    join(store, caller);
    answer(store, caller, 'paid', 5);
    const late = new Caller();
    assert.equal(join(store, late, 's', 'b', 60_004), JOINED.REPLAY);
    assert.equal(late.answer, 'paid');
    assert.equal(join(store, late, 's', 'b', 60_005), JOINED.FIRST);
    assert.equal(late.answer, null);
  });

  test('with another body is refused, whether the first is in flight or stored', () => {
    const store = new Duplicates();
    const caller = new Caller();
    join(store, caller);
    assert.equal(join(store, new Caller(), 's', 'other'), JOINED.KEY_REUSED);
    answer(store, caller, 'paid');
    assert.equal(join(store, new Caller(), 's', 'other'), JOINED.KEY_REUSED);
    assert.equal(join(store, new Caller(), 'other', 'other'), JOINED.FIRST);
  });
});

describe('when the first comes to nothing', () => {
  test('those that wait go one by one, in their order', () => {
    const store = new Duplicates();
    const [first, second, third] = crowd(store, 3) as [Caller, Caller, Caller];
    store.leave(first.ticket);
    assert.deepEqual([second.turns, third.turns], [1, 0]);
    assert.ok(second.ticket.isFirst && second.answer === null);
    store.leave(second.ticket);
    assert.ok(third.ticket.isFirst);
    answer(store, third, 'paid');
    assert.equal(join(store, first), JOINED.REPLAY);
    assert.equal(first.answer, 'paid');
  });

  test('also by an answer that is not kept, which is not handed out', () => {
    const store = new Duplicates();
    const [first, second, third] = crowd(store, 3) as [Caller, Caller, Caller];
    answer(store, first, 'sorry', 0, 503);
    assert.ok(second.ticket.isFirst && second.answer === null);
    assert.equal(third.turns, 0);
  });

  test('and nobody waits, its key may come with another body', () => {
    const store = new Duplicates();
    const caller = new Caller();
    join(store, caller);
    store.leave(caller.ticket);
    assert.equal(store.size, 0);
    assert.equal(join(store, new Caller(), 's', 'other'), JOINED.FIRST);
  });

  test('one that left while waiting is not told any more', () => {
    const store = new Duplicates();
    const [first, second, third] = crowd(store, 3) as [Caller, Caller, Caller];
    store.leave(second.ticket);
    store.leave(first.ticket);
    assert.deepEqual([second.turns, third.turns], [0, 1]);
  });

  test('what it has recorded is let go with it', () => {
    const own = new ReplayBlocks();
    const store = new Duplicates();
    const ticket = new DuplicateTicket(new Caller(), own);
    store.join(ticket, 's', 'b', KEEP_MS, 0);
    ticket.record.begin(responseOf(200), METHOD.POST);
    assert.equal(own.leased, 1);
    store.leave(ticket);
    assert.equal(own.leased, 0);
  });

  test('one that waits cannot complete in its place', () => {
    const store = new Duplicates();
    const [first, second, third] = crowd(store, 3) as [Caller, Caller, Caller];
    answer(store, second, 'forged');
    assert.equal(third.turns, 0);
    answer(store, first, 'paid');
    assert.deepEqual([second.answer, third.answer], ['paid', 'paid']);
  });

  test('a first that left cannot complete, nor one that never joined', () => {
    const store = new Duplicates();
    const [first, second] = crowd(store, 2) as [Caller, Caller];
    store.leave(first.ticket);
    answer(store, first, 'late');
    answer(store, new Caller(), 'never');
    assert.ok(second.ticket.isFirst && second.answer === null);
    assert.equal(store.storedBytes, 0);
  });
});

describe('a bound', () => {
  const bounds = { duplicatesMax: 2, duplicateWaitersMax: 1, duplicateBytesMax: 100_000 };

  test('of waiters turns the next one away', () => {
    const store = new Duplicates(bounds);
    const [first, second] = crowd(store, 2) as [Caller, Caller];
    assert.equal(join(store, new Caller()), JOINED.CROWDED);
    store.leave(first.ticket);
    assert.ok(second.ticket.isFirst);
    assert.equal(join(store, new Caller()), JOINED.WAITS, 'who became first makes room');
  });

  test('of requests lets the oldest answer go, and never one that is in flight', () => {
    const store = new Duplicates(bounds);
    const [a, b, c] = [new Caller(), new Caller(), new Caller()];
    join(store, a, 'a');
    join(store, b, 'b');
    assert.equal(join(store, c, 'c'), JOINED.UNTRACKED);
    assert.ok(!c.ticket.isFirst);
    answer(store, b, 'paid');
    assert.equal(join(store, c, 'c'), JOINED.FIRST);
    assert.equal(store.evictions, 1);
    assert.ok(a.ticket.isFirst);
  });

  test('of bytes lets the oldest answers go first', () => {
    const store = new Duplicates({ ...bounds, duplicatesMax: 9 });
    for (const scope of ['a', 'b', 'c']) {
      const caller = new Caller();
      join(store, caller, scope);
      answer(store, caller, 'x'.repeat(40_000));
    }
    assert.ok(store.storedBytes <= 100_000 && store.storedBytes > 80_000 + 2 * ENTRY_BYTES);
    assert.equal(join(store, new Caller(), 'b'), JOINED.REPLAY);
    assert.equal(join(store, new Caller(), 'c'), JOINED.REPLAY);
    assert.equal(join(store, new Caller(), 'a'), JOINED.FIRST);
  });

  test('of memory while recording is the replay blocks: without one nothing is kept', () => {
    const few = new ReplayBlocks();
    const ticket = new DuplicateTicket(new Caller(), few);
    while (few.lease() !== null);
    const store = new Duplicates();
    store.join(ticket, 's', 'b', KEEP_MS, 0);
    assert.ok(!ticket.record.begin(responseOf(200), METHOD.POST));
    store.complete(ticket, false, 0);
    assert.equal(store.size, 0);
    assert.equal(few.leased, limits.replayTotalBytesMax / limits.replayBlockBytes);
  });
});

test('a sweep keeps what is in flight or fresh, and drops the rest', () => {
  const store = new Duplicates();
  const [a, b, c] = [new Caller(), new Caller(), new Caller()];
  for (const [caller, scope] of [
    [a, 'a'],
    [b, 'b'],
    [c, 'c'],
  ] as const)
    join(store, caller, scope);
  answer(store, a, 'paid', 0);
  answer(store, b, 'paid', 1);
  store.sweep(60_000);
  assert.equal(store.size, 2);
  assert.equal(join(store, new Caller(), 'b', 'b', 60_000), JOINED.REPLAY);
  assert.ok(c.ticket.isFirst);
  store.sweep(90_000);
  assert.equal(store.storedBytes, 0);
});

/** What the store should hold, as lists. */
interface Model {
  nowMs: number;
  readonly scopes: Map<string, ModelScope>;
  readonly callers: readonly ModelCaller[];
  served: number;
}
interface ModelScope {
  readonly body: string;
  /** In flight: the first of them executes, the others wait. */
  queue: ModelCaller[];
  stored: { readonly text: string; readonly untilMs: number } | null;
}
interface ModelCaller {
  readonly real: Caller;
  scope: string | null;
  turns: number;
  answer: string | null;
}

const WAITERS_MAX = 3;

function joinModel(model: Model, caller: ModelCaller, scope: string, body: string): number {
  let known = model.scopes.get(scope);
  if (known?.stored && known.stored.untilMs <= model.nowMs) known = undefined;
  caller.answer = null;
  if (known === undefined) {
    model.scopes.set(scope, { body, queue: [caller], stored: null });
    caller.scope = scope;
    return JOINED.FIRST;
  }
  if (known.body !== body) return JOINED.KEY_REUSED;
  if (known.stored !== null) {
    caller.answer = known.stored.text;
    return JOINED.REPLAY;
  }
  if (known.queue.length > WAITERS_MAX) return JOINED.CROWDED;
  known.queue.push(caller);
  caller.scope = scope;
  return JOINED.WAITS;
}

function leaveModel(model: Model, caller: ModelCaller): void {
  caller.answer = null;
  if (caller.scope === null) return;
  const scope = model.scopes.get(caller.scope)!;
  const wasFirst = scope.queue[0] === caller;
  scope.queue = scope.queue.filter((other) => other !== caller);
  if (scope.queue.length === 0) model.scopes.delete(caller.scope);
  else if (wasFirst) scope.queue[0]!.turns++;
  caller.scope = null;
}

function completeModel(model: Model, caller: ModelCaller, text: string, isKept: boolean): void {
  if (caller.scope === null) return;
  const scope = model.scopes.get(caller.scope)!;
  if (scope.queue[0] !== caller) return;
  if (!isKept) return leaveModel(model, caller);
  scope.stored = { text, untilMs: model.nowMs + KEEP_MS };
  for (const waiter of scope.queue.slice(1)) {
    waiter.turns++;
    waiter.answer = text;
  }
  for (const member of scope.queue) member.scope = null;
  scope.queue = [];
}

type Act = (model: Model, store: Duplicates) => void;

function command(name: string, act: Act): fc.Command<Model, Duplicates> {
  return {
    check: () => true,
    run: (model, store) => {
      act(model, store);
      let executing = 0;
      for (const { real, turns, answer: wanted, scope } of model.callers) {
        assert.equal(real.turns, turns);
        assert.equal(real.answer, wanted);
        const first = scope !== null && model.scopes.get(scope)!.queue[0]!.real === real;
        assert.equal(real.ticket.isFirst, first);
        if (first) executing++;
      }
      assert.ok(executing <= 2, 'one for each scope');
    },
    toString: () => name,
  };
}

const who = fc.nat(5);
const commands = [
  fc
    .tuple(who, fc.constantFrom('s', 't'), fc.constantFrom('b', 'b', 'b', 'c'))
    .map(([at, scope, body]) =>
      command(`${at} joins ${scope} with ${body}`, (model, store) => {
        const caller = model.callers[at]!;
        if (caller.scope !== null) return; // One place each, as an exchange has.
        const wanted = joinModel(model, caller, scope, body);
        const { ticket } = caller.real;
        assert.equal(store.join(ticket, scope, body, KEEP_MS, model.nowMs), wanted);
      }),
    ),
  who.map((at) =>
    command(`${at} leaves`, (model, store) => {
      leaveModel(model, model.callers[at]!);
      store.leave(model.callers[at]!.real.ticket);
    }),
  ),
  fc.tuple(who, fc.boolean()).map(([at, isKept]) =>
    command(`${at} completes, ${isKept ? '' : 'not '}kept`, (model, store) => {
      const caller = model.callers[at]!;
      if (!caller.real.ticket.isFirst) return;
      const text = `answer ${model.served++}`;
      completeModel(model, caller, text, isKept);
      answer(store, caller.real, text, model.nowMs, isKept ? 200 : 500);
    }),
  ),
  fc.constantFrom(1, 30_000, 60_000).map((ms) =>
    command(`pass ${ms} ms`, (model) => {
      model.nowMs += ms;
    }),
  ),
];

test('model: whatever happens, each scope executes one at a time, and no caller is lost', () => {
  const used = blocks.leased;
  fc.assert(
    fc.property(fc.commands(commands, { size: '+1' }), (steps) => {
      const bounds = { ...limits, duplicateWaitersMax: WAITERS_MAX };
      const setup = () => ({
        model: {
          nowMs: 0,
          scopes: new Map(),
          callers: Array.from({ length: 6 }, () => ({
            real: new Caller(),
            scope: null,
            turns: 0,
            answer: null,
          })),
          served: 0,
        } as Model,
        real: new Duplicates(bounds),
      });
      fc.modelRun(setup, steps);
    }),
    { numRuns: 1_000 },
  );
  assert.equal(blocks.leased, used);
});
