/** Claims about the two formats: the same series in both, and what only OpenMetrics has. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import * as limits from '../limits.ts';
import { type Format, numberText } from './exposition.ts';
import { BY_NAME } from './family.ts';
import { LINKERD_MS, REQUEST_SECONDS, type Scale } from './latency-buckets.ts';
import { Registry } from './registry.ts';

const hits = { name: 'hits_total', help: 'Hits.', labels: { who: BY_NAME } } as const;
const waits = { name: 'wait_seconds', help: 'Waits.', labels: { who: BY_NAME } } as const;

function textOf(registry: Registry, format: Format = 'text'): string {
  return [...registry.expose(format)].join('');
}

function oneWait(scale: Scale = REQUEST_SECONDS) {
  const registry = new Registry();
  const family = registry.histogram(waits, scale);
  return { registry, family, series: family.bind({ who: 'me' }) };
}

describe('OpenMetrics', () => {
  test('names a counter without _total, and its samples with it', () => {
    const registry = new Registry();
    registry.counter(hits).bind({ who: 'a' }).inc();
    assert.match(
      textOf(registry, 'openmetrics'),
      /^# TYPE hits counter\nhits_total\{who="a"\} 1$/m,
    );
    assert.match(textOf(registry), /^# TYPE hits_total counter$/m);
  });

  test('names the unit, where the name has one', () => {
    const { registry } = oneWait();
    registry.counter(hits).bind({ who: 'a' });
    const units = textOf(registry, 'openmetrics').match(/^# UNIT .*$/gm);
    assert.deepEqual(units, ['# UNIT wait_seconds seconds']);
    assert.doesNotMatch(textOf(registry), /# UNIT/);
  });

  test('has every series of the text, by the same name', () => {
    const { registry, series } = oneWait();
    series.observe(30);
    series.exemplify(30, 'abc', 1_700_000_000.5);
    registry.counter(hits).bind({ who: 'a' });
    const samples = (format: Format) =>
      textOf(registry, format)
        .split('\n')
        .filter((line) => !line.startsWith('# '))
        .map((line) => line.replace(/ # \{.*$/, ''));
    assert.deepEqual(samples('openmetrics'), samples('text'));
  });
});

describe('an exemplar', () => {
  test('stands on the bucket of its request, in the unit of the metric, the last one only', () => {
    const { registry, series } = oneWait();
    for (const [ms, trace] of [
      [30, 'old'],
      [40, 'new'],
      [70_000, 'slow'],
    ] as const) {
      series.observe(ms);
      series.exemplify(ms, trace, 1_700_000_000.5);
    }
    const lines = textOf(registry, 'openmetrics').match(/^.* # \{.*$/gm);
    assert.deepEqual(lines, [
      'wait_seconds_bucket{who="me",le="0.05"} 2 # {trace_id="new"} 0.04 1700000000.5',
      'wait_seconds_bucket{who="me",le="+Inf"} 3 # {trace_id="slow"} 70 1700000000.5',
    ]);
    assert.doesNotMatch(textOf(registry), /trace_id/);
  });

  test('is wanted once in a while for each bucket', () => {
    const { series } = oneWait();
    const wants = (ms: number, seconds: number) => series.wantsExemplar(ms, seconds);
    assert(wants(30, 100));
    series.exemplify(30, 'abc', 100);
    const later = 100 + limits.exemplarFreshSeconds;
    assert.deepEqual([wants(40, later - 0.001), wants(40, later)], [false, true]);
    assert(wants(70_000, 100), 'another bucket');
  });

  test('is kept for so many series and no more, and leaves its room with its series', () => {
    const { registry, family } = oneWait();
    const names = Array.from({ length: limits.exemplarSeriesMax + 1 }, (_, at) => `${at}`);
    const all = names.map((who) => family.bind({ who }));
    for (const series of all) series.exemplify(1, 'trace', 1);
    const kept = () => (textOf(registry, 'openmetrics').match(/trace_id/g) ?? []).length;
    assert.equal(kept(), limits.exemplarSeriesMax);
    family.release(all[0]!, 0);
    family.sweep(limits.seriesIdleMs);
    all[0]!.exemplify(1, 'late', 1);
    all.at(-1)!.exemplify(1, 'trace', 1);
    assert.equal(kept(), limits.exemplarSeriesMax);
  });
});

describe('a scale', () => {
  for (const [name, scale] of [
    ["Linkerd's", LINKERD_MS],
    ['that of seconds', REQUEST_SECONDS],
  ] as const) {
    test(`property: ${name} has the first bound that is not below`, () => {
      const ms = fc.oneof(
        fc.double({ min: -1, max: 120_000, noNaN: true }),
        fc.double({ min: 0, max: 1_100, noNaN: true }),
        fc.constantFrom(...scale.boundsMs, ...scale.boundsMs.map((bound) => bound + 1e-9)),
      );
      fc.assert(
        fc.property(ms, (value) => {
          const found = scale.boundsMs.findIndex((bound) => value <= bound);
          const expected = found === -1 ? scale.boundsMs.length : found;
          assert.equal(scale.bucketOf(value), expected);
        }),
      );
    });
  }

  test('of seconds shows seconds, and sums them', () => {
    const { registry, series } = oneWait();
    series.observe(1_500);
    series.observe(2);
    const text = textOf(registry);
    assert.match(text, /^wait_seconds_bucket\{who="me",le="0.005"\} 1$/m);
    assert.match(text, /^wait_seconds_bucket\{who="me",le="2.5"\} 2$/m);
    assert.match(text, /^wait_seconds_sum\{who="me"\} 1.502$/m);
  });
});

test('what is no number is written in the words that Prometheus knows', () => {
  const words = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN].map(numberText);
  assert.deepEqual(words, ['+Inf', '-Inf', 'NaN']);
});
