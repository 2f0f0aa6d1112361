import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { nearestNames } from './nearest-names.ts';

describe('the nearest names', () => {
  test('are the closest first, and at most as many as asked for', () => {
    const known = ['weights', 'height', 'weight', 'wait', 'service'];
    assert.deepEqual(nearestNames('wieght', known), ['weight', 'weights', 'height']);
    assert.deepEqual(nearestNames('weigt', known, 1), ['weight']);
  });

  test('are the first known ones between equals', () => {
    assert.deepEqual(nearestNames('cart', ['card', 'care', 'cars'], 2), ['card', 'care']);
    assert.deepEqual(nearestNames('cart', ['cars', 'care', 'card'], 2), ['cars', 'care']);
  });

  test('take capital letters for no difference', () => {
    assert.deepEqual(nearestNames('TRAFFICROUTE', ['TrafficRoute']), ['TrafficRoute']);
    assert.deepEqual(nearestNames('trafficroute', ['xrafficRoute', 'TrafficRoute'], 1), [
      'TrafficRoute',
    ]);
  });

  test('are none where more than half would have to change', () => {
    assert.deepEqual(nearestNames('cart', ['payments', 'orders']), []);
    assert.deepEqual(nearestNames('zz', ['ab', 'zza']), ['zza']);
    assert.deepEqual(nearestNames('', ['a', 'ab']), ['a']);
  });

  test('cost time linear in the names, and nothing for names that are too many or too long', () => {
    const endless = (function* () {
      for (;;) yield 'catalog.shop:80';
    })();
    assert.equal(nearestNames('catalog.shop:80', endless).length, 3);
    const long = 'a'.repeat(100_000);
    assert.deepEqual(nearestNames(long, [long]), []);
  });

  test('property: a name that is known is its own nearest', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 20 }), { maxLength: 20 }),
        fc.nat(),
        (names, at) => {
          const wanted = names[at % Math.max(1, names.length)];
          if (wanted === undefined) return;
          const [nearest] = nearestNames(wanted, names);
          assert.equal(nearest?.toLowerCase(), wanted.toLowerCase());
        },
      ),
    );
  });
});
