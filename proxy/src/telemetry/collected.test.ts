/** Claims about metrics that are read from elsewhere: rows as they are, and never too many. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as limits from '../limits.ts';
import { type CollectedSpec, collectedLines } from './collected.ts';
import { secondsScale } from './latency-buckets.ts';

const EXTRA = 3;
const names = Array.from({ length: limits.metricSeriesMax + EXTRA }, (_, at) => `name-${at}`);
const about = { name: 'size', help: 'Size.', labels: ['who', 'what'] };

function linesOf(spec: CollectedSpec): string[] {
  return [...collectedLines(spec, 'text')];
}

describe('rows', () => {
  test('bear their labels in order, escaped, without those that are empty', () => {
    const rows = [
      { labels: ['a"b', 'x'], value: 1 },
      { labels: ['', 'y'], value: Number.POSITIVE_INFINITY },
    ];
    const lines = linesOf({ ...about, type: 'gauge', rows: () => rows });
    assert.deepEqual(lines, ['size{who="a\\"b",what="x"} 1\n', 'size{what="y"} +Inf\n']);
  });

  test('beyond the cap are added up in one', () => {
    const rows = names.map((name) => ({ labels: [name, 'x'], value: 2 }));
    const lines = linesOf({ ...about, type: 'gauge', rows: () => rows });
    assert.equal(lines.length, limits.metricSeriesMax + 1);
    assert.equal(lines.at(-1), `size{who="_overflow",what="_overflow"} ${2 * EXTRA}\n`);
  });

  test('of histograms beyond the cap are added up bucket by bucket', () => {
    const value = { sum: 1_500, bucket: (index: number) => index };
    const rows = names.map((name) => ({ labels: [name, 'x'], value }));
    const scale = secondsScale([1_000, 2_000]);
    const last = linesOf({ ...about, type: 'histogram', scale, rows: () => rows }).at(-1)!;
    assert.match(last, /^size_bucket\{who="_overflow",what="_overflow",le="1"\} 0$/m);
    assert.match(last, /le="2"\} 3$/m);
    assert.match(last, /le="\+Inf"\} 9$/m);
    assert.match(last, /^size_sum\{.*\} 4.5$/m);
    assert.match(last, /^size_count\{.*\} 9$/m);
  });
});
