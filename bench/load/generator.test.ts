/** Claims about the open-loop generator, run as the process that it is, against a small server. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { DownloadReport } from './download.ts';
import type { GeneratorReport } from './generator.ts';

const skip = process.platform !== 'linux' && 'needs /proc';

async function runAgainst<Report>(
  listener: RequestListener,
  program: string,
  order: object,
): Promise<Report> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const file = new URL(program, import.meta.url).pathname;
  const given = JSON.stringify({ port, host: 'x', path: '/', ...order });
  const child = spawn(process.execPath, [file, given], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    return JSON.parse(await text(child.stdout)) as Report;
  } finally {
    child.kill('SIGKILL');
    server.closeAllConnections();
    server.close();
  }
}

function answer(body: string): RequestListener {
  return (_request, response) => {
    response.setHeader('content-length', body.length).end(body);
  };
}

const LOAD = { ratePerSecond: 300, connections: 10, seconds: 1.5, seed: 1 };

test('a server that stalls is seen by every request that was due meanwhile', { skip }, async () => {
  let firstAtMs: number | null = null; // The generator's own start takes what it takes.
  let hasStalled = false;
  const report = await runAgainst<GeneratorReport>(
    (request, response) => {
      firstAtMs ??= performance.now();
      if (!hasStalled && performance.now() - firstAtMs > 800) {
        hasStalled = true;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
      }
      answer('hello')(request, response);
    },
    './generator.ts',
    LOAD,
  );
  // A closed loop of 10 connections would have asked 10 times in these 300 ms, callers ask 90.
  const late = report.slow.filter(([, latencyUs]) => latencyUs > 100_000).length;
  assert.ok(late > 30, `${late} slow answers`);
  assert.ok(report.maxUs >= 290_000, `${report.maxUs}`);
  assert.equal(report.failed, 0);
});

test('an answer that is not 200 is a failure, and is not counted as answered', {
  skip,
}, async () => {
  const report = await runAgainst<GeneratorReport>(
    (_request, response) => response.writeHead(503, { 'content-length': 0 }).end(),
    './generator.ts',
    { ...LOAD, seconds: 0.5 },
  );
  assert.equal(report.answered, 0);
  assert.ok(report.failed > 100, `${report.failed}`);
});

test('a slow reader takes no more than its rate and what one read holds', { skip }, async () => {
  const report = await runAgainst<DownloadReport>(answer('x'.repeat(8_000_000)), './download.ts', {
    connections: 1,
    seconds: 1,
    bytesPerSecond: 500_000,
  });
  assert.ok(report.bytes > 300_000 && report.bytes < 700_000, `${report.bytes}`);
});
