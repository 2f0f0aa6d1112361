/** Claims about the metrics of backends: there at 0, and true of what a backend goes through. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BackendConfig } from '@remora/api/wire.ts';
import { backendConfig, endpointConfigs } from '../balance/endpoint-fixture.ts';
import { Backend } from '../balance/backend.ts';
import { ManualClock } from '../clock.ts';
import { OUTCOME } from '../resilience/outcome.ts';
import { ADMITTED, QUEUED, SHED, Ticket } from '../resilience/ticket.ts';
import { TimerWheel } from '../timer-wheel.ts';
import { idleSources, type PoolReading } from './metric-sources.ts';
import { ProxyMetrics } from './proxy-metrics.ts';

const holder = { onAdmitted: () => undefined, onShed: () => undefined };

/** A backend of two endpoints with one place in flight and one to wait. */
class Bench {
  readonly clock = new ManualClock();
  readonly backend: Backend;
  pool: PoolReading | null = null;
  readonly #metrics: ProxyMetrics;

  constructor(changed: Partial<BackendConfig> = {}) {
    const wheel = new TimerWheel(this.clock, () => undefined);
    this.backend = new Backend('catalog.shop:80', { clock: this.clock, wheel, chance: () => 0.5 });
    const config = backendConfig(endpointConfigs(2));
    const limits = { ...config.limits, inFlightMax: 1, waitingMax: 1, adaptive: false };
    this.backend.apply({ ...config, limits, ...changed }, this.clock.nowMs());
    const sources = idleSources({ backends: () => [this.backend], poolOf: () => this.pool });
    this.#metrics = new ProxyMetrics(sources, this.clock);
  }

  ask(): { readonly outcome: number; readonly ticket: Ticket } {
    const ticket = new Ticket(holder);
    return { outcome: this.backend.admission.ask(ticket, this.clock.nowMs()), ticket };
  }

  /** Of one line, without its name and the backend's label. */
  read(name: string, labels = ''): number {
    const text = [...this.#metrics.registry.expose()].join('');
    const line = `${name}{backend="catalog.shop:80"${labels}} `;
    const found = text.split('\n').find((one) => one.startsWith(line));
    assert.ok(found !== undefined, `no ${line}`);
    return Number(found.slice(line.length));
  }
}

describe('the metrics of a backend', () => {
  test('are there at 0 before anything was sent', () => {
    const bench = new Bench();
    for (const name of ['remora_in_flight', 'remora_waiting', 'remora_breaker_open']) {
      assert.equal(bench.read(name), 0, name);
    }
    assert.equal(bench.read('remora_queue_wait_seconds_count'), 0);
    assert.equal(bench.read('remora_breaker_opened_total'), 0);
    assert.equal(bench.read('remora_shed_total', ',reason="queue_full"'), 0);
    assert.equal(bench.read('remora_shed_total', ',reason="breaker_open"'), 0);
    assert.equal(bench.read('remora_pool_connections', ',state="idle"'), 0);
    assert.equal(bench.read('remora_ejection_events_total', ',event="spared"'), 0);
    assert.equal(bench.read('remora_endpoints', ',state="serving"'), 2);
  });

  test('tell who is in, who waits, and who was refused why', () => {
    const bench = new Bench();
    const outcomes = [bench.ask(), bench.ask(), bench.ask()].map(({ outcome }) => outcome);
    assert.deepEqual(outcomes, [ADMITTED, QUEUED, SHED]);
    assert.equal(bench.read('remora_limit'), 1);
    assert.equal(bench.read('remora_in_flight'), 1);
    assert.equal(bench.read('remora_waiting'), 1);
    assert.equal(bench.read('remora_shed_total', ',reason="queue_full"'), 1);
    assert.equal(bench.read('remora_shed_total', ',reason="waited_too_long"'), 0);
  });

  test('tell how long those waited who were let in, and of nobody else', () => {
    const bench = new Bench();
    const first = bench.ask();
    bench.ask();
    bench.clock.advanceMs(40);
    bench.backend.admission.cancel(first.ticket);
    assert.equal(bench.read('remora_queue_wait_seconds_count'), 1);
    assert.equal(bench.read('remora_queue_wait_seconds_sum'), 0.04);
    assert.equal(bench.read('remora_queue_wait_seconds_bucket', ',le="0.02"'), 0);
    assert.equal(bench.read('remora_queue_wait_seconds_bucket', ',le="0.05"'), 1);
  });

  test('tell who was shed from the queue', () => {
    const bench = new Bench();
    bench.ask();
    bench.ask();
    bench.clock.advanceMs(1_000);
    bench.backend.admission.apply(
      { inFlightMax: 1, waitingMax: 1, waitMaxMs: 500, adaptive: false },
      bench.backend.endpoints.map(({ slot }) => slot),
    );
    assert.equal(bench.read('remora_shed_total', ',reason="waited_too_long"'), 1);
    assert.equal(bench.read('remora_queue_wait_seconds_count'), 0);
  });

  test('tell which endpoints are left out, and what ejection did', () => {
    const bench = new Bench();
    const { backend, clock } = bench;
    const endpoint = backend.endpoints[0]!;
    for (let failure = 0; failure < 7; failure++) {
      const epoch = backend.onSent(endpoint, clock.nowMs());
      backend.onDone(endpoint, epoch, 1, OUTCOME.FAILED, clock.nowMs());
    }
    backend.holdBack(backend.endpoints[1]!, 1_000, clock.nowMs());
    assert.equal(bench.read('remora_endpoints', ',state="ejected"'), 1);
    assert.equal(bench.read('remora_endpoints', ',state="serving"'), 1);
    assert.equal(bench.read('remora_ejection_events_total', ',event="ejected"'), 1);
  });

  test('tell what is left of the retry budget', () => {
    const bench = new Bench();
    const before = bench.read('remora_retry_budget_left');
    assert.ok(before > 0);
    assert.ok(bench.backend.budget.trySpend(bench.clock.nowMs()));
    assert.equal(bench.read('remora_retry_budget_left'), before - 1);
  });

  test('add up the connections of all endpoints, by state', () => {
    const bench = new Bench();
    bench.pool = { total: 10, idle: 3, connecting: 2, waiting: 4 };
    assert.equal(bench.read('remora_pool_connections', ',state="idle"'), 6);
    assert.equal(bench.read('remora_pool_connections', ',state="busy"'), 10);
    assert.equal(bench.read('remora_pool_connections', ',state="connecting"'), 4);
    assert.equal(bench.read('remora_pool_waiting'), 8);
  });
});
