/** Claims about a tap's windows and lines: no request twice, none lost, and an id to go on with. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { paintLine } from '../dev/line.ts';
import { sampleRecord } from '../publish/sample-record.ts';
import { calleeRecord, callerRecord } from './story-fixture.ts';
import { tapLine } from './tap-line.ts';
import { TapWindows } from './tap-windows.ts';

describe('overlapping windows', () => {
  test('property: show every request once, however much each has in common with the next', () => {
    const steps = fc.array(fc.record({ forth: fc.nat(5), back: fc.nat(3) }), { maxLength: 12 });
    fc.assert(
      fc.property(steps, (windows) => {
        const tap = new TapWindows();
        const shown: string[] = [];
        let from = 0;
        let end = 0;
        for (const { forth, back } of windows) {
          from = Math.max(from, end - back); // None begins before the one before: time goes on.
          end = Math.max(end, from + forth);
          const ids = Array.from({ length: end - from }, (_, at) => String(from + at));
          const records = ids.map((requestId) => sampleRecord({ requestId }));
          shown.push(...tap.fresh(records).map(({ requestId }) => requestId));
        }
        const wanted = Array.from({ length: end }, (_, at) => String(at));
        assert.deepEqual(shown.toSorted(), wanted.toSorted());
      }),
    );
  });

  test('show one request at two proxies twice, in the order in which it ended', () => {
    const shown = new TapWindows().fresh([callerRecord, calleeRecord]);
    assert.deepEqual(shown, [calleeRecord, callerRecord]);
  });
});

describe('the line of a request', () => {
  test('says who, what, how it ended and by which rule, and ends with the id', () => {
    const lines = [sampleRecord(), calleeRecord, callerRecord].map((record) =>
      paintLine(tapLine(record), 1_000, false),
    );
    const docs = readFileSync(join(import.meta.dirname, '../../../docs/looking.md'), 'utf8');
    const shown = lines.join('\n');
    assert(docs.includes(`\n${shown}\n`), `docs/looking.md should show:\n${shown}`);
  });
});
