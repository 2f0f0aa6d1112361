/**
 * The load that suites put on a mesh: requests that come when they come, whatever became of others.
 *
 * An open loop with Poisson arrivals: a closed loop would wait with the mesh while it stands still,
 * and so never see what was lost. The function is sent as text to run in a pod, so that it goes
 * through a sidecar as an application's requests do: it names nothing outside of itself.
 *
 * Used by `load.ts`.
 */

export interface LoadOptions {
  readonly url: string;
  readonly ratePerSecond: number;
  /** Ends by itself after so long, whatever became of whoever started it. */
  readonly secondsMax?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the answer, says who answered. */
  readonly versionHeader?: string;
}

/** One request: when it started (epoch), how long it took, what came of it. */
export interface Sample {
  readonly atMs: number;
  readonly tookMs: number;
  /** 0: no answer. */
  readonly status: number;
  readonly version: string;
  /** `x-remora-error`, or the system's code. */
  readonly error: string;
}

/** Runs until a line comes on stdin, or for so long; prints samples as lists of JSON. */
export async function openLoop(options: Required<LoadOptions>): Promise<void> {
  const { Agent, get } = await import('node:http');
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const samples: [number, number, number, string, string][] = [];
  const startedAt = performance.now();
  let isOver = false;
  let inFlight = 0;
  const stop = () => {
    isOver = true;
  };
  process.stdin.once('data', stop).once('end', stop);

  const ask = () => {
    const atMs = Date.now();
    const from = performance.now();
    inFlight++;
    let hasEnded = false;
    const done = (status: number, version: string, error: string) => {
      if (hasEnded) return;
      hasEnded = true;
      inFlight--;
      samples.push([atMs, Math.round(performance.now() - from), status, version, error]);
    };
    const request = get(options.url, { agent, headers: options.headers, timeout: 15_000 });
    request.once('response', (response) => {
      const text = (name: string) => String(response.headers[name] ?? '');
      const error = text('x-remora-error');
      response.resume();
      response.once('end', () =>
        done(response.statusCode ?? 0, text(options.versionHeader), error),
      );
      response.once('error', (lost: NodeJS.ErrnoException) => done(0, '', `body ${lost.code}`));
    });
    request.once('timeout', () => request.destroy(new Error('15 s without an answer')));
    request.once('error', (lost: NodeJS.ErrnoException) => done(0, '', lost.code ?? lost.message));
  };

  console.log('started');
  // By the clock and not by timers' number: a timer that comes late must not lower the rate.
  let nextAt = startedAt;
  while (!isOver && performance.now() - startedAt < options.secondsMax * 1_000) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(1, nextAt - performance.now())));
    for (; nextAt <= performance.now() && !isOver; ) {
      ask();
      nextAt += (-Math.log(1 - Math.random()) * 1_000) / options.ratePerSecond;
    }
  }
  const lastAt = performance.now() + 20_000;
  while (inFlight > 0 && performance.now() < lastAt) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // A pipe that is full holds `exit` up no longer than the write.
  process.stdout.write(`${JSON.stringify(samples)}\n`, () => process.exit(0));
}
