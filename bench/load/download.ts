/**
 * A load program: downloads one path over and over and counts bytes, at full speed or slowly.
 *
 * A reader that is slow on purpose reads 64 KiB and then pauses until its rate allows the next: the
 * proxy must hold its upstream back rather than its memory open. wrk was refused for bodies: it
 * reports bytes rounded, and an unfinished answer not at all.
 *
 * A process of its own: `node download.ts '{"port":…}'` prints one JSON line. Run by `drive.ts`.
 */
import { connect, type Socket } from 'node:net';
import { ResponseReader } from './response-reader.ts';

export interface DownloadOrder {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly connections: number;
  readonly seconds: number;
  /** Of each connection; 0: as fast as it goes. */
  readonly bytesPerSecond: number;
}

export interface DownloadReport {
  readonly bytes: number;
  readonly answered: number;
  readonly failed: number;
  readonly seconds: number;
}

const READ_BYTES = 65_536;
const tally = { bytes: 0, answered: 0, failed: 0 };
let isOver = false;

function download(order: DownloadOrder): Socket {
  const reader = new ResponseReader();
  const request = `GET ${order.path} HTTP/1.1\r\nHost: ${order.host}\r\n\r\n`;
  const startedAtMs = performance.now();
  let received = 0;

  /** Milliseconds until the rate allows another read. */
  function waitMs(): number {
    if (order.bytesPerSecond === 0) return 0;
    const dueMs = (received / order.bytesPerSecond) * 1000;
    return startedAtMs + dueMs - performance.now();
  }

  function onBytes(bytes: Buffer): boolean {
    received += bytes.length;
    tally.bytes += bytes.length;
    if (reader.feed(bytes)) {
      if (reader.status === 200) tally.answered++;
      else tally.failed++;
      socket.write(request, 'latin1');
    }
    const pauseMs = waitMs();
    if (pauseMs < 1) return true;
    setTimeout(() => socket.resume(), pauseMs);
    return false; // Pauses the socket.
  }

  const socket = connect({
    host: '127.0.0.1',
    port: order.port,
    onread: {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback: (count, bytes) => onBytes(Buffer.from(bytes.buffer, 0, count)),
    },
  });
  socket.on('connect', () => socket.write(request, 'latin1'));
  socket.on('error', () => {});
  socket.on('close', () => {
    if (!isOver) tally.failed++;
  });
  return socket;
}

if (import.meta.main) {
  const order = JSON.parse(process.argv[2] ?? '{}') as DownloadOrder;
  const startedAtMs = performance.now();
  const sockets = Array.from({ length: order.connections }, () => download(order));
  setTimeout(() => {
    isOver = true;
    const report = { ...tally, seconds: (performance.now() - startedAtMs) / 1000 };
    for (const socket of sockets) socket.destroy();
    process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
  }, order.seconds * 1000);
}
