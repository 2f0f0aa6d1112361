import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as limits from '../limits.ts';
import { Head } from './head.ts';
import { PARSE_INCOMPLETE, PARSE_OK } from './head-parser.ts';
import { HeadReader } from './head-reader.ts';
import { REFUSED_FIELD_NAME, REFUSED_HEAD_TOO_LONG, REFUSED_LINE_END } from './refusals.ts';

/** What each read gave, and where the last one said that the head ends. */
function read(...pieces: readonly string[]): {
  outcomes: number[];
  head: Head;
  behind: string;
} {
  const head = new Head();
  const reader = new HeadReader();
  let behind = '';
  const outcomes = pieces.map((piece) => {
    const bytes = Buffer.from(`poison\n${piece}poison\n`, 'latin1');
    const end = bytes.length - 7;
    const outcome = reader.read(head, bytes, 7, end);
    behind = bytes.toString('latin1', reader.consumedTo, end);
    return outcome;
  });
  return { outcomes, head, behind };
}

const LF_HEAD = 'POST /x HTTP/1.1\nHost: a\nX-Request-Id: 7\nContent-Length: 2\n\n';

describe('a head of bare LFs', () => {
  test('lies in its slab as if it had come with CRLF, and its body begins behind it', () => {
    const { outcomes, head, behind } = read(`${LF_HEAD}\r\n`);
    assert.deepEqual(outcomes, [PARSE_OK]);
    assert.equal(head.text(0, head.length), LF_HEAD.replaceAll('\n', '\r\n'));
    assert.equal(head.filled, head.length);
    assert.equal(behind, '\r\n');
  });

  test('is its connection’s last, whatever Connection says', () => {
    const { head } = read('GET / HTTP/1.1\nHost: a\nConnection: keep-alive\n\n');
    assert.equal(head.keepAlive, false);
    assert.equal(read('GET / HTTP/1.1\r\nHost: a\r\n\r\n').head.keepAlive, true);
  });

  test('is the same in two reads, wherever they part', () => {
    for (let cut = 1; cut < LF_HEAD.length; cut++) {
      const parts = [LF_HEAD.slice(0, cut), `${LF_HEAD.slice(cut)}ab`] as const;
      const { outcomes, head, behind } = read(...parts);
      assert.deepEqual(outcomes, [PARSE_INCOMPLETE, PARSE_OK], `cut at ${cut}`);
      assert.equal(head.text(0, head.length), LF_HEAD.replaceAll('\n', '\r\n'));
      assert.equal(behind, 'ab');
    }
  });

  test('is refused by its first CR, and names its answer by its request id', () => {
    const { outcomes, head } = read('GET / HTTP/1.1\nHost: a\nX-Request-Id: 7\nA: b\r\n\n');
    assert.deepEqual(outcomes, [REFUSED_LINE_END]);
    assert.equal(head.valueText(head.requestIdField), '7');
  });

  test('is refused for what stands before a CR first', () => {
    assert.deepEqual(read('GET / HTTP/1.1\nB@d: a\nA: b\r\n\n').outcomes, [REFUSED_FIELD_NAME]);
  });

  test('has the bound of all heads, with its CRs counted', () => {
    const line = `a: ${'b'.repeat(8_000)}\n`;
    const lines = Array.from({ length: 9 }, () => line);
    const { outcomes, head } = read('GET / HTTP/1.1\nHost: a\n', ...lines);
    assert.equal(outcomes.at(-1), REFUSED_HEAD_TOO_LONG);
    assert.ok(head.slab.length <= limits.headBytesMax);
    assert.deepEqual(read(`GET / HTTP/1.1\nHost: a\n${lines.join('')}`).outcomes, [
      REFUSED_HEAD_TOO_LONG,
    ]);
  });
});

describe('an empty line alone', () => {
  test('is no request begun, however it ends', () => {
    for (const pieces of [['\r\n'], ['\r', '\n'], ['\n']]) {
      const { outcomes, head } = read(...pieces);
      assert.equal(outcomes.at(-1), PARSE_INCOMPLETE);
      assert.equal(head.filled, 0);
    }
  });

  test('decides how the lines behind it end, though it was not kept', () => {
    const crlf = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
    assert.equal(read('\r\n', crlf).outcomes[1], PARSE_OK);
    assert.equal(read('\n', LF_HEAD).outcomes[1], PARSE_OK);
    assert.equal(read('\r\n', LF_HEAD).outcomes[1], REFUSED_LINE_END);
    assert.equal(read('\n', crlf).outcomes[1], REFUSED_LINE_END);
  });

  test('may come once', () => {
    const after = (line: string): number => read(line, line).outcomes[1]!;
    assert.ok(after('\r\n') < 0);
    assert.ok(after('\n') < 0);
  });
});
