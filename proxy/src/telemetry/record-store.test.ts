/** Claims about what is kept of requests, and what taps see. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RequestRecord } from '@remora/api/request-record.ts';
import { type TapFilter, wireLimits } from '@remora/api/wire.ts';
import fc from 'fast-check';
import * as limits from '../limits.ts';
import { requestRecord } from '@remora/api/record-fixture.ts';
import { RecordRing } from './record-ring.ts';
import { LateByHand } from './late-records-fixture.ts';
import { RecordStore } from './record-store.ts';

const ALL: TapFilter = { route: null, onlyFailed: false, method: null, path: null };
const MANY = 1_000;
const MIB = 1024 * 1024;

const WORD = fc.string({ unit: fc.constantFrom('a', '"', 'é', '好', '\\'), maxLength: 40 });

describe('the ring of records', () => {
  test('property: holds the newest, oldest first, and all that leave room for one more', () => {
    const bytesMax = 2_000;
    fc.assert(
      fc.property(
        fc.array(WORD, { maxLength: 60 }),
        fc.integer({ min: 1, max: 8 }),
        (words, most) => {
          const ring = new RecordRing(most, bytesMax);
          const added: { readonly record: RequestRecord; readonly bytes: number }[] = [];
          for (const [at, word] of words.entries()) {
            const record = requestRecord({ startedAt: at, path: word, attempts: [] });
            const text = JSON.stringify(record);
            const bytes = Buffer.byteLength(text);
            ring.add(text, bytes);
            added.push({ record, bytes });
            const held = ring.find('r-1');
            assert.deepEqual(
              held,
              added.slice(-held.length).map((one) => one.record),
            );
            // The end of the buffer stays empty where the next one did not fit.
            const widest = Math.max(...added.map((one) => one.bytes));
            let sum = 0;
            const fit = added
              .toReversed()
              .findIndex((one) => (sum += one.bytes) > bytesMax - widest);
            const least = Math.min(most, fit === -1 ? added.length : fit);
            assert.ok(held.length >= least && held.length <= most, `${held.length} of ${least}`);
          }
        },
      ),
    );
  });

  test('keeps none that is larger than itself, and loses none for it', () => {
    const ring = new RecordRing(8, 2_000);
    const text = JSON.stringify(requestRecord({ attempts: [] }));
    ring.add(text, text.length);
    ring.add(JSON.stringify(requestRecord({ path: 'x'.repeat(2_000) })), 4_000);
    assert.equal(ring.find('r-1').length, 1);
  });

  test('property: finds an id whatever is in it', () => {
    fc.assert(
      fc.property(WORD, (id) => {
        const ring = new RecordRing(2, 4_000);
        const text = JSON.stringify(requestRecord({ requestId: id, attempts: [] }));
        ring.add(text, Buffer.byteLength(text));
        assert.equal(ring.find(id).length, 1);
        assert.equal(ring.find(`${id}x`).length, 0);
      }),
    );
  });
});

describe('the store of records', () => {
  test('finds a request by its own id and by the id of its trace', () => {
    const store = new RecordStore(new LateByHand());
    const record = requestRecord({ requestId: 'mine', traceId: 'a'.repeat(32) });
    store.add(record);
    store.add(requestRecord({ requestId: 'other' }));
    assert.deepEqual(store.find('mine'), [record]);
    assert.deepEqual(store.find('a'.repeat(32)), [record]);
    assert.deepEqual(store.find(''), []);
  });

  test('a tap on a busy route does not push out what failed', () => {
    const store = new RecordStore(new LateByHand());
    store.add(requestRecord({ requestId: 'failed', reason: 'failed' }));
    store.openTap(ALL, MANY, MIB);
    for (let at = 0; at < 2 * limits.recordsKept; at++) {
      store.add(requestRecord({ requestId: 'busy', reason: 'asked' }));
    }
    assert.equal(store.find('failed').length, 1);
    assert.equal(store.find('busy').length, limits.commonRecordsKept);
  });

  test('what is sampled does not push out what failed either', () => {
    const store = new RecordStore(new LateByHand());
    store.add(requestRecord({ requestId: 'failed', reason: 'failed' }));
    for (let at = 0; at < 2 * limits.recordsKept; at++) {
      store.add(requestRecord({ requestId: 'sampled', reason: 'sampled' }));
    }
    assert.equal(store.find('failed').length, 1);
    assert.equal(store.find('sampled').length, limits.commonRecordsKept);
  });

  test('keeps nothing that only somebody else had asked for', () => {
    const store = new RecordStore(new LateByHand());
    store.add(requestRecord({ requestId: 'logged', reason: 'asked' }));
    assert.deepEqual(store.find('logged'), []);
  });

  test('asks for the records of all requests only while a tap wants more than failures', () => {
    const store = new RecordStore(new LateByHand());
    assert.equal(store.wantsAll, false);
    const failures = store.openTap({ ...ALL, onlyFailed: true }, MANY, MIB)!;
    assert.equal(store.wantsAll, false);
    const all = store.openTap(ALL, MANY, MIB)!;
    assert.equal(store.wantsAll, true);
    all.close();
    assert.equal(store.wantsAll, false);
    failures.close();
  });

  test('asks for no more once a tap is full, and says that there was more', () => {
    const store = new RecordStore(new LateByHand());
    const tap = store.openTap(ALL, 2, MIB)!;
    for (let at = 0; at < 5; at++) store.add(requestRecord());
    assert.deepEqual([store.wantsAll, store.wants(requestRecord())], [false, false]);
    assert.deepEqual([tap.leftOut, tap.take().length], [3, 2]);
    assert.equal(store.wantsAll, true);
    store.add(requestRecord());
    assert.deepEqual([tap.take().length, tap.leftOut], [1, 0]);
  });

  test('a tap holds no more bytes than it was given', () => {
    const store = new RecordStore(new LateByHand());
    const record = requestRecord({ path: 'x'.repeat(2_000) });
    const bytes = Buffer.byteLength(JSON.stringify(record));
    const tap = store.openTap(ALL, MANY, 3 * bytes)!;
    for (let at = 0; at < 5; at++) store.add(record);
    assert.deepEqual([tap.leftOut, tap.take().length], [2, 3]);
  });

  for (const [what, filter, seen] of [
    ['part of a rule', { route: 'canary' }, true],
    ['part of a destination', { route: 'catalog.shop' }, true],
    ['another route', { route: 'cart' }, false],
    ['the beginning of a path', { path: '/it' }, true],
    ['the middle of a path', { path: 'tems' }, false],
    ['another method', { method: 'POST' }, false],
    ['failures', { onlyFailed: true }, false],
  ] as const) {
    test(`a tap for ${what} sees ${seen ? 'the request' : 'nothing'}`, () => {
      const store = new RecordStore(new LateByHand());
      const tap = store.openTap({ ...ALL, ...filter }, MANY, MIB)!;
      assert.equal(store.wants(requestRecord()), seen);
      store.add(requestRecord());
      assert.equal(tap.take().length, Number(seen));
    });
  }

  test('opens only so many taps at a time', () => {
    const store = new RecordStore(new LateByHand());
    const taps = Array.from({ length: wireLimits.tapsMax }, () => store.openTap(ALL, MANY, MIB));
    assert.equal(store.openTap(ALL, MANY, MIB), null);
    taps[0]!.close();
    assert.notEqual(store.openTap(ALL, MANY, MIB), null);
  });
});
