/** Claims about the application's page: what is read, what is refused, and how it is written. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Format } from '../telemetry/exposition.ts';
import { AppFamilies } from './app-families.ts';

const NOTHING: ReadonlySet<string> = new Set();
const PAGE = `# A comment.
# HELP jobs_total Jobs "done".
# TYPE jobs_total counter
jobs_total{kind="a, b", ok = "yes",} 3 1700000000500
jobs_total{kind="c}"} 4
# TYPE wait_seconds histogram
wait_seconds_bucket{le="1"} 1
wait_seconds_bucket{le="+Inf"} 2
wait_seconds_sum 7.5e0
wait_seconds_count 2
# TYPE calls counter
calls 1
loose{} NaN\r
`;

function read(page: string, pieceChars = page.length): AppFamilies {
  const families = new AppFamilies();
  for (let at = 0; at < page.length; at += pieceChars)
    families.push(page.slice(at, at + pieceChars));
  families.end();
  return families;
}

function write(families: AppFamilies, format: Format, taken = NOTHING): string {
  return [...families.pieces(format, families.dropped(taken, format))].join('');
}

describe("the application's page", () => {
  test('is written as it came, its labels tidied, its comments dropped', () => {
    assert.equal(
      write(read(PAGE), 'text'),
      `# HELP jobs_total Jobs "done".
# TYPE jobs_total counter
jobs_total{kind="a, b",ok="yes"} 3 1700000000500
jobs_total{kind="c}"} 4
# TYPE wait_seconds histogram
wait_seconds_bucket{le="1"} 1
wait_seconds_bucket{le="+Inf"} 2
wait_seconds_sum 7.5e0
wait_seconds_count 2
# TYPE calls counter
calls 1
# TYPE loose untyped
loose NaN
`,
    );
  });

  test('becomes OpenMetrics: other names of counters, no untyped, seconds', () => {
    const text = write(read(PAGE), 'openmetrics');
    assert.match(text, /^# HELP jobs Jobs \\"done\\"\.\n# TYPE jobs counter\njobs_total\{/m);
    assert.match(text, /^jobs_total\{kind="a, b",ok="yes"\} 3 1700000000\.5$/m);
    assert.match(text, /^# TYPE calls unknown\ncalls 1$/m);
    assert.match(text, /^# TYPE loose unknown$/m);
  });

  test('comes by family, however its samples were mixed', () => {
    const text = write(read('a 1\nb 2\na{x="1"} 3\n'), 'text');
    assert.equal(text, '# TYPE a untyped\na 1\na{x="1"} 3\n# TYPE b untyped\nb 2\n');
  });

  test('property: where the network cuts it never changes what it means', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: PAGE.length }), (chars) => {
        assert.equal(write(read(PAGE, chars), 'text'), write(read(PAGE), 'text'));
      }),
    );
  });

  for (const line of [
    'no value',
    'name',
    '1name 1',
    'a{b} 1',
    'a{b="c} 1',
    'a{b="\\x"} 1',
    'a{b="c"} 0x10',
    'a{b="c"} 1 1.5',
    'a 1 # {trace_id="x"} 1',
    'a{b="c" d="e"} 1',
    '<html>',
  ]) {
    test(`is refused for the line ${line}`, () => {
      assert.equal(read(`good 1\n${line}\n`).malformed, line);
    });
  }
});

describe('a family whose name is taken', () => {
  test('is left out with all its samples, and counted', () => {
    const families = read(PAGE);
    const dropped = families.dropped(new Set(['jobs_total', 'wait_seconds_sum']), 'text');
    assert.deepEqual([...dropped], ['jobs_total', 'wait_seconds']);
    assert.doesNotMatch([...families.pieces('text', dropped)].join(''), /jobs|wait/);
  });

  test('by another one of the same page comes once in OpenMetrics', () => {
    const families = read('# TYPE x_total counter\nx_total 1\n# TYPE x gauge\nx 2\n');
    assert.deepEqual([...families.dropped(NOTHING, 'text')], []);
    assert.deepEqual([...families.dropped(NOTHING, 'openmetrics')], ['x']);
  });
});
