/** Claims about what is counted of connections passed on as bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../clock.ts';
import * as limits from '../limits.ts';
import { Registry } from './registry.ts';
import { TcpMetrics } from './tcp-metrics.ts';

const LABELS = { direction: 'outbound', dst: 'unknown', protocol: 'tls' } as const;

test('connections passed on are counted while open and after, and their series let go', () => {
  const clock = new ManualClock();
  const registry = new Registry();
  const tcp = new TcpMetrics(registry, clock);
  const linesOf = () => [...registry.expose()].join('').split('\n');
  const value = (name: string, end = '') => {
    const labels = `direction="outbound",dst="unknown",protocol="tls"${end}`;
    return linesOf()
      .find((line) => line.startsWith(`${name}{${labels}} `))
      ?.split(' ')[1];
  };
  const [one, other] = [tcp.count(LABELS), tcp.count(LABELS)];
  one.read(3);
  other.wrote(5);
  one.closed('reset');
  assert.equal(value('tcp_open_total'), '2');
  assert.equal(value('tcp_open_connections'), '1');
  assert.equal(value('tcp_close_total', ',end="reset"'), '1');
  assert.equal(value('tcp_close_total', ',end="closed"'), undefined);
  assert.equal(value('tcp_read_bytes_total'), '3');
  assert.equal(value('tcp_write_bytes_total'), '5');
  clock.advanceMs(limits.seriesIdleMs);
  registry.sweep(clock.nowMs());
  assert.equal(value('tcp_open_total'), '2', 'one is still open');
  other.closed('closed');
  clock.advanceMs(limits.seriesIdleMs);
  registry.sweep(clock.nowMs());
  assert.equal(linesOf().filter((line) => line.startsWith('tcp_')).length, 0);
});
