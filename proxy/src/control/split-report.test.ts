import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rule } from '../routing/compiled.ts';
import { SplitReporter } from './split-report.ts';

/** What is read of a target: which backend, and how many requests ended there. */
function target(key: string, requests: number) {
  return { backend: { key }, series: { requests } };
}

function splitting(targets: ReturnType<typeof target>[]) {
  const rules = [{ id: 'catalog/0', targets: targets as unknown as Rule['targets'] }];
  return { compiled: { destination: { key: 'catalog.shop:80' }, rules } };
}

test('reports what came since the last report, and nothing where nothing came', () => {
  const reporter = new SplitReporter();
  const old = target('catalog-v1.shop:80', 90);
  const canary = target('catalog-v2.shop:80', 10);
  const entries = [splitting([old, canary])];
  const first = reporter.take(entries);
  assert.deepEqual(first, [
    {
      destination: 'catalog.shop:80',
      rule: 'catalog/0',
      backends: { 'catalog-v1.shop:80': 90, 'catalog-v2.shop:80': 10 },
    },
  ]);
  assert.deepEqual(reporter.take(entries), []);
  canary.series.requests += 5;
  assert.deepEqual(reporter.take(entries)[0]?.backends, { 'catalog-v2.shop:80': 5 });
});

test('one Service that is reached by two addresses is counted once', () => {
  const reporter = new SplitReporter();
  const targets = [target('catalog-v1.shop:80', 3), target('catalog-v2.shop:80', 1)];
  assert.equal(reporter.take([splitting(targets), splitting(targets)]).length, 1);
});

test('a rule with one backend splits nothing', () => {
  const entries = [splitting([target('catalog-v1.shop:80', 3)])];
  assert.deepEqual(new SplitReporter().take(entries), []);
});
