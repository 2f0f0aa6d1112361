/**
 * The claim that a scrape lets requests through: with a thousand destinations that have all been
 * used, none of its steps holds the loop up for more than 5 ms.
 *
 * Judged is the time that this thread computed between two turns of the loop, the reader's part
 * included: by the wall clock a shared machine measures its neighbours. What making the thousand
 * left behind is collected first: it is not the scrape's.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { threadClock } from '../../../test/support/thread-clock.ts';
import { systemClock } from '../clock.ts';
import { ControlWorld, destinationConfig, textOf } from '../control/control-fixture.ts';
import { adminWorld } from './admin-fixture.ts';
import type { AdminWorld } from './page.ts';
import { AdminServer, METRICS_PAGES } from './server.ts';

const DESTINATIONS = 1_000;
const SCRAPES = 5;
const STALL_MS_MAX = 5;

const computedMs = threadClock();
for (let count = 0; count < 1_000; count++) reading();

interface Scrape {
  readonly computedMs: number;
  readonly wallMs: number;
  readonly bytes: number;
}

describe('a scrape of a thousand destinations', () => {
  for (const format of ['text/plain', 'application/openmetrics-text'] as const) {
    test(`as ${format} lets requests through every few milliseconds`, async () => {
      const server = new AdminServer(METRICS_PAGES, busyWorld());
      const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
      collectGarbage();
      const scrapes: Scrape[] = [];
      for (let at = 0; at < SCRAPES; at++) scrapes.push(await stallOf(port, format));
      await server.close();
      const megabytes = scrapes[0]!.bytes / 1e6;
      const figures = scrapes.map((one) => `${one.computedMs.toFixed(1)}/${one.wallMs.toFixed(1)}`);
      console.log(`# ${format}: ${megabytes.toFixed(1)} MB; computed/wall ${figures.join(' ')} ms`);
      assert.ok(megabytes > 4, `only ${megabytes} MB`);
      const least = Math.min(...scrapes.map((one) => one.computedMs));
      assert.ok(least < STALL_MS_MAX, figures.join(' '));
    });
  }
});

/** Each destination was asked, with two statuses; its backend is in force. */
function busyWorld(): AdminWorld {
  const control = new ControlWorld();
  const { live } = control;
  for (let at = 0; at < DESTINATIONS; at++) {
    const config = destinationConfig(`destination-${at}`);
    const compiled = control.compile(config);
    live.install(compiled, textOf(config));
    for (const { series } of compiled.rules[0]!.targets) {
      series.record(200, at % 300, false);
      series.record(404, 3, false);
      series.exemplify(3, '4bf92f3577b34da6a3ce929d0e0e4736', 1_700_000_000);
    }
  }
  return adminWorld(control, { clock: systemClock });
}

/** The longest time between two turns of the loop, by this thread's clock and by the wall's. */
async function stallOf(port: number, accept: string): Promise<Scrape> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect'); // What a client costs that connects is not the scrape's.
  const longest = { computedMs: 0, wallMs: 0 };
  let last = reading();
  let isOver = false;
  const turn = (): void => {
    const now = reading();
    longest.computedMs = Math.max(longest.computedMs, now.computedMs - last.computedMs);
    longest.wallMs = Math.max(longest.wallMs, now.wallMs - last.wallMs);
    last = now;
    if (!isOver) setImmediate(turn);
  };
  socket.on('data', () => undefined);
  socket.write(`GET /metrics HTTP/1.1\r\nhost: a\r\naccept: ${accept}\r\n\r\n`);
  turn();
  await once(socket, 'end');
  isOver = true;
  return { ...longest, bytes: socket.bytesRead };
}

function reading(): { readonly computedMs: number; readonly wallMs: number } {
  return { computedMs: computedMs(), wallMs: performance.now() };
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
}
