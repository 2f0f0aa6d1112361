/** Claims about `fault.ts`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FaultConfig } from '@remora/api/wire-resilience.ts';
import type { StickyConfig } from '@remora/api/wire.ts';
import { type Chance, seededChance } from '../clock.ts';
import type { Head } from '../http1/head.ts';
import { headOf } from '../routing/head-fixture.ts';
import { loadRegexEngine, noRegexEngine } from '../routing/regex.ts';
import { compileFaults, FaultStrike } from './fault.ts';

const USERS = 20_000;
const head = headOf('/');
const cohort: StickyConfig = { key: { type: 'peer', name: '' }, salt: 'shop/cart' };

function fault(type: FaultConfig['type'], parts: Partial<FaultConfig> = {}): FaultConfig {
  const nothing = { delayMs: 0, status: 0, bytesPerSecond: 0, header: null, cohort: null };
  return { type, percent: 100, ...nothing, ...parts };
}

interface Asked {
  readonly request?: Head;
  readonly peer?: string;
  readonly chance?: Chance;
}

function strikeOf(configs: readonly FaultConfig[], asked: Asked = {}): FaultStrike {
  const strike = new FaultStrike();
  const { request = head, peer = '', chance = () => 0.5 } = asked;
  compileFaults(configs, noRegexEngine)!.strike(request, peer, chance, strike);
  return strike;
}

/** Which of so many users are struck. */
function struckOf(configs: readonly FaultConfig[], seed = 1): readonly boolean[] {
  const faults = compileFaults(configs, noRegexEngine)!;
  const strike = new FaultStrike();
  const chance = seededChance(seed);
  return Array.from({ length: USERS }, (_, user) =>
    faults.strike(head, `user-${user}`, chance, strike),
  );
}

function shareOf(struck: readonly boolean[]): number {
  return (100 * struck.filter(Boolean).length) / struck.length;
}

test('a rule without faults compiles to nothing', () => {
  assert.equal(compileFaults([], noRegexEngine), null);
});

describe('a fault by chance', () => {
  test('strikes its percentage, all at 100 and none at 0', () => {
    for (const percent of [0, 0.5, 10, 50, 99, 100]) {
      const share = shareOf(struckOf([fault('reset', { percent })]));
      assert.ok(
        Math.abs(share - percent) <= (percent % 100 === 0 ? 0 : 1),
        `${share} of ${percent}`,
      );
    }
  });

  test('is drawn apart from the others of its rule', () => {
    const half = { percent: 50 };
    const both = struckOf([fault('delay', { ...half, delayMs: 1 }), fault('reset', half)]);
    assert.ok(Math.abs(shareOf(both) - 75) < 1.5, String(shareOf(both)));
  });
});

describe('a fault by cohort', () => {
  const at = (percent: number) => [fault('reset', { percent, cohort })];

  test('strikes the same users whatever the chance', () => {
    assert.deepEqual(struckOf(at(10), 1), struckOf(at(10), 2));
    assert.ok(Math.abs(shareOf(struckOf(at(10))) - 10) < 1);
  });

  test('when raised strikes more users and spares none that it struck', () => {
    const few = struckOf(at(5));
    const more = struckOf(at(10));
    for (const [user, struck] of few.entries()) {
      assert.ok(!struck || more[user], `user ${user} was spared`);
    }
  });

  test('strikes by two faults the same users', () => {
    const two = [fault('delay', { percent: 10, delayMs: 5, cohort }), ...at(10)];
    assert.deepEqual(struckOf(two), struckOf(at(10)));
  });

  test('by peer says that it needs the address', () => {
    assert.ok(compileFaults(at(5), noRegexEngine)!.needsPeer);
    assert.ok(!compileFaults([fault('reset')], noRegexEngine)!.needsPeer);
  });
});

describe('a fault by header', () => {
  const marked = (parts: Partial<FaultConfig> = {}) =>
    fault('abort', {
      status: 503,
      header: { name: 'X-Fault', type: 'exact', value: 'yes' },
      ...parts,
    });

  test('strikes only those that carry it', () => {
    const request = headOf('/', { fields: [['x-fault', 'yes']] });
    assert.equal(strikeOf([marked()], { request }).abortStatus, 503);
    assert.equal(strikeOf([marked()]).abortStatus, 0);
    const other = headOf('/', { fields: [['x-fault', 'no']] });
    assert.equal(strikeOf([marked()], { request: other }).abortStatus, 0);
  });

  test('is matched as a route matches: also by pattern', async () => {
    const header = { name: 'x-user', type: 'regex', value: 'test-.*' } as const;
    const faults = compileFaults([fault('reset', { header })], await loadRegexEngine())!;
    const strike = new FaultStrike();
    const request = headOf('/', { fields: [['x-user', 'test-7']] });
    assert.ok(faults.strike(request, '', () => 0, strike));
    assert.ok(!faults.strike(head, '', () => 0, strike));
  });
});

describe('several faults', () => {
  test('combine: a delay, an abort and a slow body at once', () => {
    const all = [
      fault('delay', { delayMs: 200 }),
      fault('abort', { status: 500 }),
      fault('slow-body', { bytesPerSecond: 1_024 }),
    ];
    const { delayMs, abortStatus, bytesPerSecond, isReset } = strikeOf(all);
    assert.deepEqual([delayMs, abortStatus, bytesPerSecond, isReset], [200, 500, 1_024, false]);
    assert.ok(strikeOf([...all, fault('reset')]).isReset);
  });

  test('of one kind: the longest delay, the first status, the slowest body', () => {
    const strike = strikeOf([
      fault('delay', { delayMs: 200 }),
      fault('delay', { delayMs: 100 }),
      fault('abort', { status: 500 }),
      fault('abort', { status: 503 }),
      fault('slow-body', { bytesPerSecond: 10 }),
      fault('slow-body', { bytesPerSecond: 5 }),
      fault('slow-body', { bytesPerSecond: 20 }),
    ]);
    assert.deepEqual([strike.delayMs, strike.abortStatus, strike.bytesPerSecond], [200, 500, 5]);
  });

  test('leave nothing of the last request in the record', () => {
    const faults = compileFaults([fault('delay', { percent: 50, delayMs: 9 })], noRegexEngine)!;
    const strike = new FaultStrike();
    assert.ok(faults.strike(head, '', () => 0, strike));
    assert.ok(!faults.strike(head, '', () => 0.9, strike));
    assert.equal(strike.delayMs, 0);
  });
});
