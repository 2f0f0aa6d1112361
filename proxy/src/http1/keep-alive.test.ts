import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Head } from './head.ts';
import { PARSE_OK, parseResponseHead } from './head-parser.ts';
import { keepAliveTimeoutMs, NO_TIMEOUT } from './keep-alive.ts';

function timeoutOf(...fields: string[]): number {
  const head = new Head();
  const bytes = Buffer.from(`HTTP/1.1 200 OK\r\n${fields.map((f) => `${f}\r\n`).join('')}\r\n`);
  head.collect(bytes, 0, bytes.length);
  assert.equal(parseResponseHead(head, head.slab, 0, head.filled), PARSE_OK);
  return keepAliveTimeoutMs(head);
}

test('an announced time-out is read in any case, among other parameters and fields', () => {
  assert.equal(timeoutOf('Keep-Alive: timeout=5'), 5_000);
  assert.equal(timeoutOf('keep-alive: max=100 , TimeOut=72'), 72_000);
  assert.equal(timeoutOf('x: timeout=1', 'Keep-Alive: max=3', 'Keep-Alive: timeout=0'), 0);
  assert.equal(timeoutOf('Connection: keep-alive', 'Keep-Alive: timeout=5,max=1'), 5_000);
});

test('what is no time-out in whole seconds is as good as absent', () => {
  for (const value of ['', 'timeout', 'timeout=', 'timeout=-1', 'timeout=5s', 'timeout=1.5']) {
    assert.equal(timeoutOf(`Keep-Alive: ${value}`), NO_TIMEOUT, value);
  }
  assert.equal(timeoutOf('Keep-Alive: xtimeout=5'), NO_TIMEOUT);
  assert.equal(timeoutOf('Keep-Alive: timeout=1234567890'), NO_TIMEOUT);
  assert.equal(timeoutOf('timeout: 5'), NO_TIMEOUT);
});
