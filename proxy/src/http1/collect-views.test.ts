/** Whatever is asked of the memo, it answers as `subarray` does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as limits from '../limits.ts';
import { CollectViews } from './collect-views.ts';

const BUFFERS = [0, 1].map((seed) => Uint8Array.from({ length: 1_024 }, (_, at) => at * 7 + seed));

test('property: a view is of the bytes that were asked for, from whichever buffer', () => {
  const place = fc.record({
    buffer: fc.constantFrom(...BUFFERS),
    start: fc.constantFrom(0, 10),
    // Lengths that share a slot are among them.
    length: fc.oneof(fc.nat(3), fc.constantFrom(256, 257, 512, 513)),
    times: fc.integer({ min: 1, max: 2 * limits.collectViewsMissesMax }),
  });
  fc.assert(
    fc.property(fc.array(place, { maxLength: 40 }), (places) => {
      const views = new CollectViews();
      for (const { buffer, start, length, times } of places) {
        for (let time = 0; time < times; time++) {
          const view = views.of(buffer, start, start + length);
          assert.deepEqual(view, buffer.subarray(start, start + length));
          assert.ok(length === 0 || view.buffer === buffer.buffer);
        }
      }
    }),
  );
});

test('of one place they are kept; reads from elsewhere now and then change nothing', () => {
  const views = new CollectViews();
  const [shared, other] = BUFFERS as [Uint8Array, Uint8Array];
  for (let read = 0; read < limits.collectViewsMissesMax; read++) views.of(shared, 10, 200);
  const kept = views.of(shared, 10, 200);
  views.of(other, 0, 200);
  assert.equal(views.of(shared, 10, 200), kept);
  for (let read = 0; read < limits.collectViewsMissesMax; read++) views.of(other, 0, 200);
  assert.equal(views.of(other, 0, 200), views.of(other, 0, 200));
});
