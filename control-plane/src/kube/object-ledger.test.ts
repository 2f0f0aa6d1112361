import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ObjectLedger, readObject } from './object-ledger.ts';

function route(weight: unknown, extra: object = {}) {
  return {
    apiVersion: 'remora.dev/v1alpha1',
    kind: 'TrafficRoute',
    metadata: { name: 'catalog', namespace: 'shop', generation: 1 },
    spec: {
      targetRef: { name: 'catalog' },
      rules: [{ backends: [{ service: 'catalog-v1', weight }] }],
    },
    ...extra,
  };
}

describe('the objects of a cluster', () => {
  test('a mistaken version leaves the last good one in force, and says where it is wrong', () => {
    const ledger = new ObjectLedger();
    assert.equal(ledger.put(readObject(route(90))).length, 1);
    assert.deepEqual(ledger.put(readObject(route('many'))), []);
    const [problem] = ledger.problems;
    assert.equal(problem?.field, 'spec.rules[0].backends[0].weight');
    assert.equal(problem?.object, 'TrafficRoute shop/catalog');
    assert.equal(ledger.put(readObject(route(80))).length, 1);
    assert.deepEqual(ledger.problems, []);
  });

  test('a mistake that is said again is no news', () => {
    const ledger = new ObjectLedger();
    ledger.put(readObject(route('many')));
    const { changes } = ledger;
    ledger.put(readObject(route('many', { status: { conditions: [] } })));
    assert.equal(ledger.changes, changes);
  });

  test('a status that was written is no event', () => {
    const ledger = new ObjectLedger();
    ledger.put(readObject(route(90)));
    const written = route(90, { status: { conditions: [] } });
    assert.deepEqual(ledger.put(readObject(written)), []);
  });

  test('what a list no longer has is gone, its mistakes too', () => {
    const ledger = new ObjectLedger();
    ledger.put(readObject(route(90)));
    ledger.put(readObject(route('many')));
    assert.deepEqual(
      ledger.reset([]).map(({ type }) => type),
      ['delete'],
    );
    assert.deepEqual(ledger.problems, []);
  });

  test('a list of what is known already is no event', () => {
    const ledger = new ObjectLedger();
    ledger.put(readObject(route(90)));
    assert.deepEqual(ledger.reset([readObject(route(90))]), []);
  });
});
