/** Claims about the strict reader of OpenMetrics: it refuses what is wrong, and only that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openMetricsFaults } from './openmetrics.ts';

const GOOD = `# HELP hits Hits.
# TYPE hits counter
hits_total{who="a\\"b"} 1 # {trace_id="x"} 1 1.5
# TYPE wait_seconds histogram
# UNIT wait_seconds seconds
wait_seconds_bucket{le="1"} 1 # {trace_id="x"} 0.5 1.5
wait_seconds_bucket{le="+Inf"} 2
wait_seconds_sum 1.5
wait_seconds_count 2
# TYPE size gauge
size -1e-7 1.5
# EOF
`;

test('a page that is right has no fault', () => assert.deepEqual(openMetricsFaults(GOOD), []));

for (const [what, from, to] of [
  ['no end', '# EOF\n', ''],
  ['a counter named by its sample', '# TYPE hits counter', '# TYPE hits_total counter'],
  ['a sample without _total', 'hits_total{', 'hits{'],
  ['an unknown type', 'size gauge', 'size untyped'],
  ['a unit that is not in the name', 'UNIT wait_seconds seconds', 'UNIT wait_seconds bytes'],
  ['an exemplar on a sum', 'wait_seconds_sum 1.5', 'wait_seconds_sum 1.5 # {a="b"} 1'],
  ['buckets that fall', 'le="+Inf"} 2', 'le="+Inf"} 0'],
  ['a series that comes twice', 'size -1e-7 1.5\n', 'size 1\nsize 2\n'],
  ['a family in two pieces', '# EOF', '# TYPE hits counter\nhits_total 1\n# EOF'],
  ['an empty line', '# EOF', '\n# EOF'],
  ['a label without quotes', 'who="a\\"b"', 'who=a'],
  ['no number', 'size -1e-7', 'size Infinity'],
] as const) {
  test(`a page with ${what} has one`, () => {
    assert.ok(GOOD.includes(from), from);
    assert.notDeepEqual(openMetricsFaults(GOOD.replace(from, to)), []);
  });
}
