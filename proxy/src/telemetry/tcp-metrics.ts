/**
 * What is counted of connections that are passed on as bytes, under Linkerd's names: how many, how
 * they ended, how many bytes.
 *
 * `protocol` says why they are not taken for HTTP: the configuration says so or nobody knows the
 * address (`opaque`), the first bytes were another protocol's (`http2`, `tls`, `other`), or none
 * came before the server spoke (`server_first`), or before one side ended or half-way through a
 * request line (`silent`). `dst` is the destination's key, or `unknown`.
 *
 * Registered by `proxy-metrics.ts`; bound for each connection by `proxy.ts`. No allocation a read.
 */
import type { Clock } from '../clock.ts';
import type { GateRefusal, RelayReason } from '../net/intercepted.ts';
import type { RelayEnd } from '../net/relay.ts';
import { BY_NAME, type Family } from './family.ts';
import type { Registry } from './registry.ts';
import type { Series } from './series.ts';

const REASONS = [
  'opaque',
  'http2',
  'tls',
  'other',
  'silent',
  'server_first',
] as const satisfies readonly RelayReason[];
const ENDS = [
  'closed',
  'reset',
  'refused',
  'idle',
  'drained',
] as const satisfies readonly RelayEnd[];
const GATE_REFUSALS = ['not_redirected', 'loop'] as const satisfies readonly GateRefusal[];
const TCP = { direction: ['inbound', 'outbound'], dst: BY_NAME, protocol: REASONS } as const;

type TcpLabel = keyof typeof TCP;

export interface TcpLabels {
  readonly direction: 'inbound' | 'outbound';
  readonly dst: string;
  readonly protocol: RelayReason;
}

export class TcpMetrics {
  readonly opened: Family<TcpLabel>;
  readonly closed: Family<TcpLabel | 'end'>;
  readonly open: Family<TcpLabel>;
  readonly read: Family<TcpLabel>;
  readonly wrote: Family<TcpLabel>;
  readonly clock: Clock;
  readonly #refused: ReadonlyMap<GateRefusal, Series>;

  constructor(registry: Registry, clock: Clock) {
    this.clock = clock;
    this.opened = registry.counter({
      name: 'tcp_open_total',
      help: 'Connections passed on as bytes.',
      labels: TCP,
    });
    this.closed = registry.counter({
      name: 'tcp_close_total',
      help: 'Of those, the ones that ended; refused: their server could not be reached.',
      labels: { ...TCP, end: ENDS },
    });
    this.open = registry.gauge({
      name: 'tcp_open_connections',
      help: 'Connections being passed on as bytes.',
      labels: TCP,
    });
    this.read = registry.counter({
      name: 'tcp_read_bytes_total',
      help: 'Bytes read from clients of connections passed on.',
      labels: TCP,
    });
    this.wrote = registry.counter({
      name: 'tcp_write_bytes_total',
      help: 'Bytes written to clients of connections passed on.',
      labels: TCP,
    });
    const refused = registry.counter({
      name: 'remora_intercept_refused_total',
      help: 'Connections not taken: made to our own listener, or made by this proxy itself.',
      labels: { reason: GATE_REFUSALS },
    });
    this.#refused = new Map(GATE_REFUSALS.map((reason) => [reason, refused.bind({ reason })]));
  }

  refused(reason: GateRefusal): void {
    this.#refused.get(reason)!.inc();
  }

  /** One connection that was opened. */
  count(labels: TcpLabels): TcpCount {
    return new TcpCount(this, labels);
  }
}

/** What one connection counts in. Lets its series go when it closes. */
export class TcpCount {
  readonly #metrics: TcpMetrics;
  readonly #labels: TcpLabels;
  readonly #opened: Series;
  readonly #open: Series;
  readonly #read: Series;
  readonly #wrote: Series;

  constructor(metrics: TcpMetrics, labels: TcpLabels) {
    this.#metrics = metrics;
    this.#labels = labels;
    this.#opened = metrics.opened.bind(labels);
    this.#open = metrics.open.bind(labels);
    this.#read = metrics.read.bind(labels);
    this.#wrote = metrics.wrote.bind(labels);
    this.#opened.inc();
    this.#open.add(1);
  }

  read(bytes: number): void {
    this.#read.add(bytes);
  }

  wrote(bytes: number): void {
    this.#wrote.add(bytes);
  }

  closed(end: RelayEnd): void {
    const { clock, opened, closed, open, read, wrote } = this.#metrics;
    const nowMs = clock.nowMs();
    this.#open.add(-1);
    const ended = closed.bind({ ...this.#labels, end });
    ended.inc();
    closed.release(ended, nowMs);
    opened.release(this.#opened, nowMs);
    open.release(this.#open, nowMs);
    read.release(this.#read, nowMs);
    wrote.release(this.#wrote, nowMs);
  }
}
