/**
 * A load program: open loop, Poisson arrivals, latency counted from the intended start.
 *
 * Open loop: a request is due when it is due, whether or not earlier ones were answered; if all
 * connections are busy it waits, and the wait counts, as a real caller's would (closed-loop tools
 * stop asking while a server stalls, and so never see the stall). Its own lateness, intended start
 * to actual write, is reported with every run: a figure is worth as much as that is small.
 *
 * A process of its own: `node generator.ts '{"port":…}'` prints one JSON line. Run by `drive.ts`.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { arrivalTimes, WAKE_LEAD_MS } from './arrival-times.ts';
import { Histogram } from './histogram.ts';
import { ResponseReader } from './response-reader.ts';

export interface GeneratorOrder {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly ratePerSecond: number;
  readonly connections: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface WakerData {
  readonly times: Float64Array;
  readonly startNanos: bigint;
}

export interface GeneratorReport {
  readonly answered: number;
  readonly failed: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  /** How late requests were written although a connection was free. */
  readonly lateP50Us: number;
  readonly lateP99Us: number;
  /** Answers slower than `SLOW_US`: when each was due (Unix ms), and its latency. */
  readonly slow: readonly (readonly [dueAtMs: number, latencyUs: number])[];
}

/** The first answers find cold code on both sides; they are counted, but not timed. */
const WARM_UP_MS = 400;
const STRAGGLERS_MS = 2_000;
export const SLOW_US = 2_000;
const SLOW_KEPT = 10_000;
const NO_REQUEST = -1;

class Connection {
  readonly socket: Socket;
  readonly reader = new ResponseReader();
  dueAtMs = NO_REQUEST;

  constructor(order: GeneratorOrder, onBytes: (connection: Connection, bytes: Buffer) => void) {
    this.socket = connect({
      host: '127.0.0.1',
      port: order.port,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(65_536),
        callback: (count, bytes) => {
          onBytes(this, Buffer.from(bytes.buffer, 0, count));
          return true;
        },
      },
    });
  }
}

class Generator {
  readonly #order: GeneratorOrder;
  readonly #request: string;
  readonly #times: Float64Array<SharedArrayBuffer>;
  readonly #idle: Connection[] = [];
  readonly #latency = new Histogram();
  readonly #lateness = new Histogram();
  readonly #slow: [number, number][] = [];
  #startNanos = 0n;
  #startedAtMs = 0;
  #next = 0;
  #answered = 0;
  #failed = 0;

  constructor(order: GeneratorOrder) {
    this.#order = order;
    this.#request =
      `GET ${order.path} HTTP/1.1\r\nHost: ${order.host}\r\n` +
      'User-Agent: remora-bench\r\nAccept: */*\r\n\r\n';
    this.#times = arrivalTimes(order.ratePerSecond, order.seconds, order.seed);
  }

  async run(): Promise<GeneratorReport> {
    await Promise.all(Array.from({ length: this.#order.connections }, () => this.#connect()));
    this.#startNanos = process.hrtime.bigint() + 50_000_000n;
    this.#startedAtMs = Date.now() + 50;
    const workerData: WakerData = { times: this.#times, startNanos: this.#startNanos };
    const waker = new Worker(new URL('./waker.ts', import.meta.url), { workerData });
    waker.once('online', sharpenTimers);
    waker.on('message', () => this.#onWoken());
    await new Promise((resolve) => waker.once('exit', resolve));
    await this.#awaitStragglers();
    return this.#report();
  }

  #connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const connection = new Connection(this.#order, (from, bytes) => this.#onBytes(from, bytes));
      connection.socket.once('error', reject);
      connection.socket.once('connect', () => {
        this.#idle.push(connection);
        resolve();
      });
      connection.socket.once('close', () => this.#onClose(connection));
    });
  }

  #nowMs(): number {
    return Number(process.hrtime.bigint() - this.#startNanos) / 1e6;
  }

  /** The alarm rings a little early, once for arrivals close together: too short to sleep. */
  #onWoken(): void {
    for (;;) {
      const at = this.#next;
      const dueAtMs = this.#times[at];
      if (dueAtMs === undefined || dueAtMs - this.#nowMs() > WAKE_LEAD_MS) return;
      while (this.#nowMs() < dueAtMs);
      this.#sendDue();
      if (this.#next === at) return; // No connection is free: an answer will send it.
    }
  }

  #sendDue(): void {
    const nowMs = this.#nowMs();
    while (this.#next < this.#times.length && this.#times[this.#next]! <= nowMs) {
      const connection = this.#idle.shift(); // The one unused longest: all stay in use.
      if (connection === undefined) return;
      connection.dueAtMs = this.#times[this.#next++]!;
      if (connection.dueAtMs > WARM_UP_MS) {
        this.#lateness.record((nowMs - connection.dueAtMs) * 1000);
      }
      connection.socket.write(this.#request, 'latin1');
    }
  }

  #onBytes(connection: Connection, bytes: Buffer): void {
    if (!connection.reader.feed(bytes)) return;
    const { dueAtMs } = connection;
    if (dueAtMs === NO_REQUEST) throw new Error('an answer that nobody asked for');
    if (connection.reader.status === 200) this.#answered++;
    else this.#failed++;
    this.#record(dueAtMs, (this.#nowMs() - dueAtMs) * 1000);
    connection.dueAtMs = NO_REQUEST;
    this.#idle.push(connection);
    this.#sendDue();
  }

  #record(dueAtMs: number, latencyUs: number): void {
    if (dueAtMs <= WARM_UP_MS) return;
    this.#latency.record(latencyUs);
    if (latencyUs > SLOW_US && this.#slow.length < SLOW_KEPT) {
      this.#slow.push([Math.round(this.#startedAtMs + dueAtMs), Math.round(latencyUs)]);
    }
  }

  /** A connection that the proxy closed: its request failed, and another takes its place. */
  #onClose(connection: Connection): void {
    if (connection.dueAtMs !== NO_REQUEST) this.#failed++;
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    this.#connect().catch(() => this.#failed++);
  }

  async #awaitStragglers(): Promise<void> {
    const untilMs = performance.now() + STRAGGLERS_MS;
    const wanted = this.#times.length;
    while (this.#answered + this.#failed < wanted && performance.now() < untilMs) {
      this.#sendDue();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.#failed += Math.max(0, wanted - this.#answered - this.#failed);
  }

  #report(): GeneratorReport {
    return {
      answered: this.#answered,
      failed: this.#failed,
      p50Us: this.#latency.quantile(0.5),
      p99Us: this.#latency.quantile(0.99),
      maxUs: this.#latency.max,
      lateP50Us: this.#lateness.quantile(0.5),
      lateP99Us: this.#lateness.quantile(0.99),
      slow: this.#slow,
    };
  }
}

/** The kernel lets sleeps run 50 µs over unless told otherwise; it may refuse to be told. */
function sharpenTimers(): void {
  for (const task of readdirSync('/proc/self/task')) {
    try {
      writeFileSync(`/proc/${task}/timerslack_ns`, '1000');
    } catch {
      return;
    }
  }
}

if (import.meta.main) {
  const order = JSON.parse(process.argv[2] ?? '{}') as GeneratorOrder;
  const report = await new Generator(order).run();
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
}
