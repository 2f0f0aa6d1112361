/** Claims about the table of `top` and `stat`: numbers stay whole, names tell routes apart. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { paintLine } from '../dev/line.ts';
import { topLines } from './top.ts';
import { byName, type TrafficRow, trafficTable } from './traffic-table.ts';

const row: TrafficRow = {
  destination: 'catalog.shop:80',
  rule: 'catalog/canary',
  source: 'storefront.shop',
  backend: 'catalog-v1.shop:80',
  requestsPerSecond: 20.04,
  successRatio: 0.9999,
  p50Ms: 4.25,
  p99Ms: 312.4,
};

function textOf(rows: readonly TrafficRow[], columns: number | null = null): string[] {
  return trafficTable(rows, columns).map((line) => paintLine(line, 1_000, false));
}

describe('the table of traffic', () => {
  test('has a line for each route, source and version', () => {
    assert.deepEqual(textOf([row, { ...row, backend: '', successRatio: null, p50Ms: null }]), [
      'ROUTE           FROM             TO               REQ/S  SUCCESS     P50     P99',
      'catalog/canary  storefront.shop  catalog-v1.shop   20.0    99.9%  4.3 ms  312 ms',
      'catalog/canary  storefront.shop  -                 20.0        -       -  312 ms',
    ]);
  });

  test('cuts names and never numbers where it is narrow', () => {
    const [, line = ''] = textOf([row], 70);
    assert.equal(line.length, 70);
    assert(line.endsWith('  20.0    99.9%  4.3 ms  312 ms'), line);
  });

  test('names the destination of a rule only where two have one of that name', () => {
    const routes = (...rows: readonly TrafficRow[]) =>
      textOf(rows).map((line) => line.split('  ')[0]);
    const fallback = { ...row, rule: 'default' };
    const other = { ...row, destination: 'cart.shop:8080' };
    assert.deepEqual(routes(row, fallback).slice(1), ['catalog/canary', 'catalog.shop']);
    assert.deepEqual(routes(row, other).slice(1), [
      'catalog.shop catalog/canary',
      'cart.shop:8080 catalog/canary',
    ]);
  });
});

describe('the view of remora top', () => {
  const look = { refusal: null, proxies: 3, silent: [] };
  const size = { columns: 100, rows: 6 };

  test('is never taller than the terminal: the busiest are shown, the rest is counted', () => {
    const rows = Array.from({ length: 50 }, (_, at) => ({
      ...{ ...row, rule: `rule-${at}`, requestsPerSecond: at === 40 ? 99 : 1 },
    }));
    const lines = topLines(look, rows, size).map((line) => paintLine(line, 100, false));
    assert.equal(lines.length, size.rows);
    assert.match(lines.join('\n'), /rule-40/);
    assert.match(lines.at(-1) ?? '', /48 more/);
  });

  test('does not move while rates change', () => {
    const other = { ...row, source: 'a.shop' };
    const at = (rate: number) => byName([row, { ...other, requestsPerSecond: rate }]);
    assert.deepEqual(
      at(1).map(({ source }) => source),
      at(100).map(({ source }) => source),
    );
  });

  test('names a proxy that is left out, before any number', () => {
    const silent = [
      { proxy: 'old-0', why: 'no answer' },
      { proxy: 'old-1', why: 'no answer' },
    ];
    const [, line = []] = topLines({ ...look, silent }, [row], size);
    assert.equal(paintLine(line, 100, false), '! old-0 is left out, and 1 more: no answer');
  });

  test('keeps what was seen while the control plane is away, and says so', () => {
    const refusal = { status: 0, why: 'No control plane.', next: '' };
    const lines = topLines({ ...look, refusal }, [row], size).map((line) =>
      paintLine(line, 100, false),
    );
    assert.equal(lines[1], '! No control plane.');
    assert.match(lines.at(-1) ?? '', /catalog\/canary/);
  });
});
