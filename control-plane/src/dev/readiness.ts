/**
 * Asks an application whether it is ready, as the kubelet would, at the application's own port.
 *
 * The counting is `ReadinessCount`, pure. Before the first success it asks every 100 ms and not
 * every `periodSeconds`: nobody should wait ten seconds for a process that was up after one.
 *
 * Called by `instance.ts`.
 */
import { get } from 'node:http';
import { connect } from 'node:net';

export interface Probe {
  /** `accepts`: no HTTP probe is given, so a port that accepts connections is ready. */
  readonly type: 'http' | 'accepts';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

const EAGER_PERIOD_MS = 100;

/** Ready after so many successes in a row, not ready after so many failures in a row. */
export class ReadinessCount {
  readonly #probe: Probe;
  #isReady = false;
  #successes = 0;
  #failures = 0;

  constructor(probe: Probe) {
    this.#probe = probe;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  note(succeeded: boolean): void {
    this.#successes = succeeded ? this.#successes + 1 : 0;
    this.#failures = succeeded ? 0 : this.#failures + 1;
    if (this.#successes >= this.#probe.successThreshold) this.#isReady = true;
    if (this.#failures >= this.#probe.failureThreshold) this.#isReady = false;
  }
}

/** Probes until stopped; `onChange` hears each turn from ready to not ready and back. */
export class Prober {
  readonly #probe: Probe;
  readonly #port: number;
  readonly #onChange: (isReady: boolean) => void;
  readonly #count: ReadinessCount;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(probe: Probe, port: number, onChange: (isReady: boolean) => void) {
    this.#probe = probe;
    this.#port = port;
    this.#onChange = onChange;
    this.#count = new ReadinessCount(probe);
    void this.#ask();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #ask(): Promise<void> {
    const succeeded = await isAnswered(this.#probe, this.#port);
    if (this.#isStopped) return;
    const wasReady = this.#count.isReady;
    this.#count.note(succeeded);
    if (wasReady !== this.#count.isReady) this.#onChange(this.#count.isReady);
    const periodMs = this.#count.isReady ? this.#probe.periodMs : EAGER_PERIOD_MS;
    this.#timer = setTimeout(() => void this.#ask(), periodMs);
  }
}

function isAnswered(probe: Probe, port: number): Promise<boolean> {
  const host = '127.0.0.1';
  if (probe.type === 'accepts') {
    return new Promise((resolve) => {
      const socket = connect({ host, port, timeout: probe.timeoutMs });
      const end = (succeeded: boolean) => {
        socket.destroy();
        resolve(succeeded);
      };
      socket.once('connect', () => end(true));
      socket.once('timeout', () => end(false));
      socket.once('error', () => end(false));
    });
  }
  return new Promise((resolve) => {
    const request = get(
      // No agent: a probe must not keep a connection, and must not be led through a proxy.
      { host, port, path: probe.path, headers: probe.headers, agent: false },
      (response) => {
        response.resume();
        const status = response.statusCode ?? 0;
        resolve(status >= 200 && status < 400);
      },
    );
    request.setTimeout(probe.timeoutMs, () => request.destroy());
    request.once('close', () => resolve(false));
    request.once('error', () => resolve(false));
  });
}
