/** Claims about `rule-breaker.ts`, and a model of it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { OUTCOME } from './outcome.ts';
import { BREAKER, REJECTED, RuleBreaker } from './rule-breaker.ts';

const config = { failuresMax: 3, cooldownMs: 1_000 };
const { OK: SUCCESS, FAILED: FAILURE, NOTHING_LEARNED: NEITHER } = OUTCOME;

function end(breaker: RuleBreaker, outcome: number, nowMs: number): void {
  breaker.report(breaker.admit(nowMs), outcome, nowMs);
}

function opened(nowMs = 0): RuleBreaker {
  const breaker = new RuleBreaker(config);
  for (let failure = 0; failure < 3; failure++) end(breaker, FAILURE, nowMs);
  return breaker;
}

describe('a closed breaker', () => {
  test('opens at the configured failure in a row, not before', () => {
    const breaker = new RuleBreaker(config);
    end(breaker, FAILURE, 0);
    end(breaker, FAILURE, 0);
    assert.equal(breaker.state, BREAKER.CLOSED);
    end(breaker, FAILURE, 0);
    assert.equal(breaker.state, BREAKER.OPEN);
  });

  test('begins to count anew after any success, and goes on counting over refusals', () => {
    const breaker = new RuleBreaker(config);
    for (const outcome of [FAILURE, FAILURE, SUCCESS, FAILURE, NEITHER, FAILURE]) {
      end(breaker, outcome, 0);
    }
    assert.equal(breaker.state, BREAKER.CLOSED);
    end(breaker, FAILURE, 0);
    assert.equal(breaker.state, BREAKER.OPEN);
  });
});

describe('an open breaker', () => {
  test('rejects until the cooldown is over, then admits exactly one', () => {
    const breaker = opened();
    assert.equal(breaker.admit(999), REJECTED);
    assert.notEqual(breaker.admit(1_000), REJECTED);
    assert.equal(breaker.state, BREAKER.HALF_OPEN);
    assert.equal(breaker.admit(1_000), REJECTED);
  });

  test('says for Retry-After how long it is until the next may look', () => {
    const breaker = opened();
    assert.equal(breaker.retryAfterMs(0), 1_000);
    assert.equal(breaker.retryAfterMs(998.5), 2);
    assert.equal(breaker.retryAfterMs(1_000), 0);
    breaker.admit(1_200);
    assert.equal(breaker.retryAfterMs(1_200), 1_000);
    assert.equal(new RuleBreaker(config).retryAfterMs(0), 0);
  });

  test('is not closed by who was admitted before it opened', () => {
    const breaker = new RuleBreaker(config);
    const straggler = breaker.admit(0);
    for (let failure = 0; failure < 3; failure++) end(breaker, FAILURE, 0);
    breaker.report(straggler, SUCCESS, 1);
    assert.equal(breaker.state, BREAKER.OPEN);
  });
});

describe('a half-open breaker', () => {
  test('closes on a success and opens for another cooldown on a failure', () => {
    const good = opened();
    end(good, SUCCESS, 1_000);
    assert.equal(good.state, BREAKER.CLOSED);
    const bad = opened();
    const probe = bad.admit(1_000);
    bad.report(probe, FAILURE, 1_700);
    assert.equal(bad.state, BREAKER.OPEN);
    assert.equal(bad.admit(2_699), REJECTED);
    assert.notEqual(bad.admit(2_700), REJECTED);
  });

  test('gives the place of one that came to nothing to the next at once', () => {
    const breaker = opened();
    const probe = breaker.admit(1_000);
    breaker.report(probe, NEITHER, 1_100);
    assert.notEqual(breaker.admit(1_100), REJECTED);
  });

  test('admits another after a cooldown when one is lost', () => {
    const breaker = opened();
    breaker.admit(1_000);
    assert.equal(breaker.admit(1_999), REJECTED);
    assert.notEqual(breaker.admit(2_000), REJECTED);
  });

  test('closes by answers that take longer than the cooldown', () => {
    const breaker = opened();
    const slow = breaker.admit(1_000);
    breaker.admit(2_000);
    breaker.report(slow, SUCCESS, 2_500);
    assert.equal(breaker.state, BREAKER.CLOSED);
  });

  test('once closed hears no failure of a probe that was out meanwhile', () => {
    const breaker = new RuleBreaker({ failuresMax: 1, cooldownMs: 1_000 });
    end(breaker, FAILURE, 0);
    const first = breaker.admit(1_000);
    const second = breaker.admit(2_000);
    breaker.report(second, SUCCESS, 2_001);
    breaker.report(first, FAILURE, 2_002);
    assert.equal(breaker.state, BREAKER.CLOSED);
  });
});

/** The breaker as a list of what happened since the last change. */
interface Model {
  state: number;
  life: number;
  failures: number;
  probeAtMs: number;
  nowMs: number;
  readonly out: { readonly epoch: number; readonly life: number }[];
}

const commands = [
  fc.nat(1_500).map((ms) => command(`pass ${ms} ms`, (model) => void (model.nowMs += ms))),
  fc.constant(
    command('admit', (model, breaker) => {
      const may = model.state === BREAKER.CLOSED || model.nowMs >= model.probeAtMs;
      const epoch = breaker.admit(model.nowMs);
      assert.equal(epoch !== REJECTED, may);
      if (!may) return;
      if (model.state !== BREAKER.CLOSED) {
        model.state = BREAKER.HALF_OPEN;
        model.probeAtMs = model.nowMs + 1_000;
      }
      model.out.push({ epoch, life: model.life });
    }),
  ),
  fc.tuple(fc.nat(), fc.constantFrom(SUCCESS, FAILURE, FAILURE, NEITHER)).map(([which, outcome]) =>
    command(`end ${which} as ${outcome}`, (model, breaker) => {
      if (model.out.length === 0) return;
      const [ended] = model.out.splice(which % model.out.length, 1);
      breaker.report(ended!.epoch, outcome, model.nowMs);
      if (ended!.life === model.life) vote(model, outcome);
    }),
  ),
];

function vote(model: Model, outcome: number): void {
  if (outcome === NEITHER) {
    if (model.state === BREAKER.HALF_OPEN) model.probeAtMs = model.nowMs;
    return;
  }
  model.failures = outcome === FAILURE ? model.failures + 1 : 0;
  const opens = outcome === FAILURE && (model.state !== BREAKER.CLOSED || model.failures === 3);
  const closes = outcome === SUCCESS && model.state !== BREAKER.CLOSED;
  if (!opens && !closes) return;
  model.state = opens ? BREAKER.OPEN : BREAKER.CLOSED;
  model.failures = 0;
  model.life++;
  model.probeAtMs = model.nowMs + 1_000;
}

function command(
  name: string,
  act: (model: Model, breaker: RuleBreaker) => void,
): fc.Command<Model, RuleBreaker> {
  return {
    check: () => true,
    run: (model, breaker) => {
      act(model, breaker);
      assert.equal(breaker.state, model.state);
      const left = model.state === BREAKER.CLOSED ? 0 : Math.max(0, model.probeAtMs - model.nowMs);
      assert.equal(breaker.retryAfterMs(model.nowMs), left);
    },
    toString: () => name,
  };
}

test('model: through any order of ends, it does what the picture in its header says', () => {
  fc.assert(
    fc.property(fc.commands(commands, { size: '+1' }), (steps) => {
      const setup = () => ({
        model: { state: 0, life: 0, failures: 0, probeAtMs: 0, nowMs: 0, out: [] } as Model,
        real: new RuleBreaker(config),
      });
      fc.modelRun(setup, steps);
    }),
    { numRuns: 500 },
  );
});
