/** Claims about who is said to break traces, and who is not. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { brokenTraceLines, brokenTraces, readTraces, type TraceReading } from './broken-traces.ts';

const orders: TraceReading = {
  workload: 'orders',
  namespace: 'shop',
  received: 20,
  sent: 20,
  continued: 0,
};

function isNamed(changed: Partial<TraceReading>): boolean {
  return brokenTraces([{ ...orders, ...changed }]).length === 1;
}

describe('a workload that gets traces', () => {
  test('is named from 20 requests in and 20 out, and not before', () => {
    assert.deepEqual(
      [isNamed({}), isNamed({ received: 19 }), isNamed({ sent: 19 })],
      [true, false, false],
    );
  });

  test('is named below 5% of its calls, and not at 5%', () => {
    const calls = { sent: 100 };
    assert.deepEqual(
      [isNamed({ ...calls, continued: 4 }), isNamed({ ...calls, continued: 5 })],
      [true, false],
    );
  });

  test('is judged over all its proxies, and by its namespace', () => {
    const half = { ...orders, received: 10, sent: 10 };
    assert.deepEqual(brokenTraces([half, half]), [orders]);
    assert.deepEqual(brokenTraces([half, { ...half, namespace: 'bank' }]), []);
    assert.deepEqual(brokenTraces([orders, { ...orders, continued: 20 }]), []);
  });

  test('property: what is named does not depend on how proxies share its requests', () => {
    const counts = fc.record({ received: fc.nat(40), sent: fc.nat(40), share: fc.nat(100) });
    fc.assert(
      fc.property(fc.array(counts, { minLength: 1, maxLength: 8 }), (proxies) => {
        const readings = proxies.map(({ received, sent, share }) => {
          return { ...orders, received, sent, continued: Math.floor((sent * share) / 2_000) };
        });
        const sum = (of: 'received' | 'sent' | 'continued') =>
          readings.reduce((total, reading) => total + reading[of], 0);
        const whole = {
          ...orders,
          received: sum('received'),
          sent: sum('sent'),
          continued: sum('continued'),
        };
        assert.deepEqual(brokenTraces(readings), brokenTraces([whole]));
      }),
    );
  });
});

describe('a /stats page', () => {
  const outbound = { continued: 3, begun: 4 };

  test('of a proxy without an application accuses nobody', () => {
    assert.equal(readTraces(orders, { inbound: null, traces: { outbound } }), null);
  });

  test('counts what came, by whatever port, and what was sent', () => {
    const inbound = [
      { port: 8080, requests: 1 },
      { port: 9090, requests: 2 },
    ];
    const read = readTraces(orders, { routes: [], inbound, traces: { outbound } });
    assert.deepEqual(read, { ...orders, received: 3, sent: 7, continued: 3 });
  });

  test('of an older version, without traces, is refused and not taken for zeros', () => {
    assert.throws(() => readTraces(orders, { routes: [], inbound: null }));
  });
});

describe('what is printed', () => {
  test('says who, what to do and the numbers; few where it is not none', () => {
    assert.deepEqual(brokenTraceLines([orders, { ...orders, sent: 50, continued: 2 }]), [
      'orders.shop receives traces and passes none on: copy traceparent and tracestate (or b3) ' +
        'from each request to the calls made for it (20 received; 0 of 20 calls continued one).',
      'orders.shop receives traces and passes few on: copy traceparent and tracestate (or b3) ' +
        'from each request to the calls made for it (20 received; 2 of 50 calls continued one).',
    ]);
  });

  test('is by name, and at most 20 workloads and how many more', () => {
    const many = Array.from({ length: 23 }, (_, at) => ({ ...orders, workload: `w${99 - at}` }));
    const lines = brokenTraceLines(brokenTraces(many));
    assert.deepEqual([lines.length, lines[0]?.slice(0, 8)], [21, 'w77.shop']);
    assert.match(lines.at(-1) ?? '', /^3 more workloads/);
  });
});
