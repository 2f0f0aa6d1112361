/** Claims about the registry: what it exposes, what bounds it, and when series go. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import * as limits from '../limits.ts';
import { BY_NAME } from './family.ts';
import { Registry } from './registry.ts';

const hits = { name: 'hits_total', help: 'Hits.', labels: { who: BY_NAME } } as const;
const waits = { name: 'waits_ms', help: 'Waits.', labels: { who: BY_NAME } } as const;

function textOf(registry: Registry): string {
  return [...registry.expose()].join('');
}

describe('the exposition', () => {
  test('writes help, type and every series, labels escaped', () => {
    const registry = new Registry();
    registry.counter(hits).bind({ who: 'a"b\\c\nd' }).add(2);
    const expected = [
      '# HELP hits_total Hits.',
      '# TYPE hits_total counter',
      'hits_total{who="a\\"b\\\\c\\nd"} 2',
      '',
    ];
    assert.equal(textOf(registry), expected.join('\n'));
  });

  test('shows a bound series at 0, and leaves out a label without a value', () => {
    const registry = new Registry();
    registry.counter(hits).bind({ who: '' });
    assert.match(textOf(registry), /^hits_total 0$/m);
  });

  test('cumulates the buckets of a histogram up to its count', () => {
    const registry = new Registry();
    const series = registry.histogram(waits).bind({ who: 'me' });
    for (const ms of [0.5, 1, 3.5, 70_000]) series.observe(ms);
    const text = textOf(registry);
    assert.match(text, /^waits_ms_bucket\{who="me",le="1"\} 2$/m);
    assert.match(text, /^waits_ms_bucket\{who="me",le="4"\} 3$/m);
    assert.match(text, /^waits_ms_bucket\{who="me",le="50000"\} 3$/m);
    assert.match(text, /^waits_ms_bucket\{who="me",le="\+Inf"\} 4$/m);
    assert.match(text, /^waits_ms_sum\{who="me"\} 70005$/m);
    assert.match(text, /^waits_ms_count\{who="me"\} 4$/m);
  });

  test('comes in pieces, so that thousands of series never stall the loop', () => {
    const registry = new Registry();
    const family = registry.histogram(waits);
    for (let i = 0; i < 500; i++) family.bind({ who: `caller-${i}` });
    const pieces = [...registry.expose()];
    assert(pieces.length > 50, `${pieces.length} pieces`);
    assert(pieces.every((piece) => piece.length < 20_000));
  });

  test('goes on when series come and go between two pieces', () => {
    const registry = new Registry();
    const family = registry.histogram(waits);
    const all = Array.from({ length: 100 }, (_, i) => family.bind({ who: `caller-${i}` }));
    const pieces = registry.expose();
    let text = pieces.next().value as string;
    for (const series of all) family.release(series, 0);
    registry.sweep(limits.seriesIdleMs);
    family.bind({ who: 'late' });
    for (const piece of pieces) text += piece;
    assert.match(text, /who="late"/);
    assert.doesNotMatch(text, /who="caller-99"/);
  });

  test('reads what is kept elsewhere when it is asked for', () => {
    const registry = new Registry();
    let now = 1;
    registry.read({ name: 'now', help: 'Now.', type: 'gauge', read: () => now });
    now = 7;
    assert.match(textOf(registry), /^# TYPE now gauge\nnow 7$/m);
  });
});

describe('a series', () => {
  test('is found again by its labels, with what it has counted', () => {
    const family = new Registry().counter(hits);
    family.bind({ who: 'a' }).inc();
    const again = family.bind({ who: 'a' });
    assert.equal(again.value, 1);
    assert.equal(family.bind({ who: 'b' }).value, 0);
  });

  test('goes when nothing was bound to it for ten minutes, and not before', () => {
    const family = new Registry().counter(hits);
    const series = family.bind({ who: 'a' });
    series.inc();
    family.sweep(10 * limits.seriesIdleMs);
    assert.equal(family.size, 1);
    family.release(series, 1_000);
    family.sweep(1_000 + limits.seriesIdleMs - 1);
    assert.equal(family.size, 1);
    family.sweep(1_000 + limits.seriesIdleMs);
    assert.equal(family.size, 0);
    assert.equal(family.bind({ who: 'a' }).value, 0);
  });

  test('that is gone never counts on a series that took its place', () => {
    const family = new Registry().counter(hits);
    const gone = family.bind({ who: 'a' });
    family.release(gone, 0);
    family.sweep(limits.seriesIdleMs);
    const next = family.bind({ who: 'b' });
    gone.inc();
    assert.equal(next.value, 0);
  });

  test('beyond the bound shares one with all that come later', () => {
    const family = new Registry().counter(hits);
    for (let i = 0; i < limits.metricSeriesMax; i++) family.bind({ who: `name-${i}` });
    const late = family.bind({ who: 'late' });
    assert.equal(family.bind({ who: 'later' }), late);
    assert.equal(late.labels, 'who="_overflow"');
    assert.equal(family.size, limits.metricSeriesMax + 1);
  });

  test('with a value that a closed label does not list is refused', () => {
    const family = new Registry().counter({ ...hits, labels: { who: ['a', 'b'] } });
    assert.throws(() => family.bind({ who: 'c' }), /who cannot be "c"/);
  });

  test('property: slots of any mix of sizes never overlap', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 300 }), (kinds) => {
        const registry = new Registry();
        const counters = registry.counter(hits);
        const histograms = registry.histogram(waits);
        const bound = kinds.map((isCounter, i) => {
          const who = `${i}`;
          return isCounter ? counters.bind({ who }) : histograms.bind({ who });
        });
        for (const [i, series] of bound.entries()) series.set(i + 1);
        for (const [i, series] of bound.entries()) assert.equal(series.value, i + 1);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a quantile', () => {
  test('lies within the bucket that holds it, and is null before anything was observed', () => {
    const series = new Registry().histogram(waits).bind({ who: 'me' });
    assert.equal(series.quantile(0.5), null);
    for (let i = 0; i < 100; i++) series.observe(i < 90 ? 15 : 150);
    assert.equal(series.quantile(0.45), 15);
    assert.equal(series.quantile(0.95), 150);
    assert.equal(series.quantile(1), 200);
  });
});
