/**
 * A slow reader slows the writer, byte for byte, and costs the proxy no memory.
 *
 * The body is far larger than what sockets and buffers hold, so a proxy that did not stop reading
 * would have to keep it. Resident memory is read from the kernel, which only Linux shows so simply.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Hop, startHop } from '../support/hop.ts';
import { assertPattern, patternBytes } from '../support/pattern.ts';
import { get } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';

const MIB = 1024 * 1024;
const BODY_BYTES = 96 * MIB;
const GROWTH_BYTES_MAX = 20 * MIB;
const skip = existsSync('/proc/self/status') ? false : 'reads resident memory from /proc';

function residentBytes(pid: number): number {
  const line = /VmRSS:\s+([0-9]+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) * 1024;
}

/** Writes a long body as fast as it is taken. Says how much it has handed over. */
function writeBody(socket: NodeJS.WritableStream): { bytes: number } {
  const written = { bytes: 0 };
  const more = (): void => {
    while (written.bytes < BODY_BYTES) {
      const part = patternBytes(Math.min(MIB, BODY_BYTES - written.bytes), written.bytes);
      written.bytes += part.length;
      if (!socket.write(part)) {
        socket.once('drain', more);
        return;
      }
    }
  };
  more();
  return written;
}

describe('a slow reader', { skip }, () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['app']);
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.origin.reset());

  test('of an answer stops the upstream, and memory stays flat', async () => {
    let written = { bytes: 0 };
    hop.origin.answer = ({ connection }) => {
      connection.send(`HTTP/1.1 200 OK\r\ncontent-length: ${BODY_BYTES}\r\n\r\n`);
      written = writeBody(connection.socket);
    };
    const reader = await hop.connect();
    const startBytes = residentBytes(hop.proxy.pid);
    reader.socket.pause();
    reader.send(get('http://app/'));
    await until(() => written.bytes > 0, 'the upstream to write');
    await sleep(500);
    const stoppedAtBytes = written.bytes;
    assert(stoppedAtBytes < BODY_BYTES / 2, `${stoppedAtBytes} bytes went into the proxy`);

    let peakBytes = residentBytes(hop.proxy.pid);
    let seen = 0;
    reader.socket.resume();
    while (seen < BODY_BYTES) {
      await until(() => reader.parts.length > 0, 'more of the body');
      for (const { bytes } of reader.parts.splice(0)) {
        assertPattern(bytes, seen);
        seen += bytes.length;
      }
      peakBytes = Math.max(peakBytes, residentBytes(hop.proxy.pid));
    }
    assert.equal(seen, BODY_BYTES);
    const growth = peakBytes - startBytes;
    assert(growth < GROWTH_BYTES_MAX, `resident memory grew by ${Math.round(growth / MIB)} MiB`);
  });

  test('of a request stops the client, and memory stays flat', async () => {
    const state = { seen: 0 };
    hop.origin.onHead = ({ connection }) => void connection.socket.pause();
    hop.origin.onBody = (part) => {
      assertPattern(part, state.seen);
      state.seen += part.length;
    };
    const client = await hop.connect();
    const startBytes = residentBytes(hop.proxy.pid);
    client.send(`POST http://app/ HTTP/1.1\r\nhost: app\r\ncontent-length: ${BODY_BYTES}\r\n\r\n`);
    const written = writeBody(client.socket);
    await until(() => hop.origin.connections.length > 0, 'the request at the origin');
    await sleep(500);
    assert(written.bytes < BODY_BYTES / 2, `${written.bytes} bytes went into the proxy`);

    hop.origin.connections[0]!.socket.resume();
    let peakBytes = residentBytes(hop.proxy.pid);
    await until(
      () => {
        peakBytes = Math.max(peakBytes, residentBytes(hop.proxy.pid));
        return state.seen === BODY_BYTES;
      },
      'the whole body at the origin',
      60_000,
    );
    assert.equal((await client.response()).status, 200);
    const growth = peakBytes - startBytes;
    assert(growth < GROWTH_BYTES_MAX, `resident memory grew by ${Math.round(growth / MIB)} MiB`);
  });
});
