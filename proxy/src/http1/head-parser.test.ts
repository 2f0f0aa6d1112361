import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as limits from '../limits.ts';
import { FIELD, Head, METHOD, NAME_END, NAME_START, VALUE_END, VALUE_START } from './head.ts';
import { PARSE_INCOMPLETE, PARSE_OK, parseRequestHead, parseResponseHead } from './head-parser.ts';
import {
  REFUSED_TOO_MANY_FIELDS,
  REFUSED_URI_TOO_LONG,
  refusalCode,
  refusalReason,
} from './refusals.ts';

type Parse = typeof parseRequestHead;

/** Parsed from a buffer that has other bytes around the head. */
function parsed(text: string, parse: Parse = parseRequestHead): { head: Head; result: number } {
  const bytes = Buffer.from(`poison\n${text}poison\n`, 'latin1');
  const end = bytes.length - 7;
  const head = new Head();
  const result = parse(head, bytes, 7, end);
  if (result === PARSE_OK) head.collect(bytes, 7, 7 + head.length);
  return { head, result };
}

function get(lines: string): Head {
  const { head, result } = parsed(`GET / HTTP/1.1\r\nHost: a.test\r\n${lines}\r\n`);
  assert.equal(result, PARSE_OK);
  return head;
}

function fields(head: Head): string[] {
  return Array.from({ length: head.fieldCount }, (_, field) => {
    const at = field * 4;
    const name = head.text(head.spans[at + NAME_START]!, head.spans[at + NAME_END]!);
    return `${name}=${head.text(head.spans[at + VALUE_START]!, head.spans[at + VALUE_END]!)}`;
  });
}

describe('a request head', () => {
  test('is offsets into its own bytes, wherever they lie in a buffer', () => {
    const { head } = parsed(
      'PUT /a/%62?q=1 HTTP/1.1\r\nHost: A.test:80\r\nX-Y: \t z  \r\nE:\r\n\r\n',
    );
    assert.equal(head.text(head.methodStart, head.methodEnd), 'PUT');
    assert.equal(head.method, METHOD.PUT);
    assert.equal(head.text(head.pathStart, head.pathEnd), '/a/b');
    assert.equal(head.text(head.queryStart, head.queryEnd), 'q=1');
    assert.equal(head.text(head.authorityStart, head.authorityEnd), 'A.test:80');
    assert.deepEqual(fields(head), ['Host=A.test:80', 'X-Y=z', 'E=']);
    assert.equal(head.length, head.filled);
  });

  test('ends at its empty line: what follows is not part of it', () => {
    const { head, result } = parsed('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next');
    assert.equal(result, PARSE_OK);
    assert.equal(head.length, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.length);
  });

  test('knows its fields by any spelling of their names, and no other', () => {
    const names: readonly (readonly [string, number])[] = [
      ['CoNtEnT-TyPe', FIELD.CONTENT_TYPE],
      ['KEEP-ALIVE', FIELD.KEEP_ALIVE],
      ['proxy-anything', FIELD.PROXY],
      ['X-Remora-Deadline-Ms', FIELD.REMORA],
      ['traceParent', FIELD.TRACEPARENT],
      ['tracestate', FIELD.TRACESTATE],
      ['HTTP2-Settings', FIELD.HTTP2_SETTINGS],
      ['trailer', FIELD.TRAILER],
      ['X-Remora-Six', FIELD.REMORA],
      ['B3', FIELD.B3],
      ['X-B3-TraceId', FIELD.X_B3],
      ['x-b3-spanid', FIELD.X_B3],
      ['X-B3-Sampled', FIELD.X_B3],
      ['x-b3-flags', FIELD.X_B3],
      ['X-B3-ParentSpanId', FIELD.X_B3],
      ['x-b3-parentspanid2', FIELD.OTHER],
      ['x-b3-tracei', FIELD.OTHER],
      ['x-b3-other', FIELD.OTHER],
      ['b#', FIELD.OTHER],
      ['x-remora', FIELD.OTHER],
      ['proxy-', FIELD.OTHER],
      ['hosts', FIELD.OTHER],
      ['h\x6fs~', FIELD.OTHER],
      ['__proto__', FIELD.OTHER],
      ['te~', FIELD.OTHER],
    ];
    const head = get(names.map(([name]) => `${name}: 1\r\n`).join(''));
    assert.deepEqual(
      names.map((_, i) => head.ids[i + 1]),
      names.map(([, id]) => id),
    );
  });

  test('finds the first x-request-id and traceparent', () => {
    const head = get('a: b\r\nX-Request-Id: 1\r\ntraceparent: 2\r\nx-request-id: 3\r\n');
    assert.equal(head.valueText(head.requestIdField), '1');
    assert.equal(head.valueText(head.traceparentField), '2');
  });

  test('keeps the connection by version and Connection', () => {
    assert.equal(get('').keepAlive, true);
    assert.equal(get('Connection: foo , CLOSE\r\n').keepAlive, false);
    assert.equal(parsed('GET / HTTP/1.0\r\n\r\n').head.keepAlive, false);
    assert.equal(parsed('GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n').head.keepAlive, true);
  });

  test('marks what Connection names, but never hides a known hop-by-hop field', () => {
    const head = get('X-A: 1\r\nConnection: x-a, te, Cookie\r\nTE: trailers\r\nCookie: c\r\n');
    assert.equal(head.ids[1], FIELD.NAMED_BY_CONNECTION);
    assert.equal(head.ids[3], FIELD.TE);
    assert.equal(head.ids[4], FIELD.NAMED_BY_CONNECTION);
    assert.equal(head.teTrailers, true);
  });

  test('upgrades to websocket only when that is all it says', () => {
    const upgrade = 'Connection: Upgrade\r\nUpgrade: WebSocket\r\n';
    assert.equal(get(upgrade).upgradeWebsocket, true);
    assert.equal(get('Upgrade: websocket\r\n').upgradeWebsocket, false);
    assert.equal(get('Connection: upgrade\r\nUpgrade: websocket, h2c\r\n').upgradeWebsocket, false);
    assert.equal(get(`${upgrade}Upgrade: h2c\r\n`).upgradeWebsocket, false);
    assert.equal(get(`${upgrade}Content-Length: 1\r\n`).upgradeWebsocket, false);
  });

  test('of HTTP/1.0 cannot expect a 100', () => {
    assert.equal(get('Expect: 100-continue\r\n').expectContinue, true);
    const { head } = parsed('GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n');
    assert.equal(head.expectContinue, false);
  });

  test('takes the authority of an absolute target over Host, which must say the same', () => {
    const { head } = parsed('GET http://a.test:80/x HTTP/1.1\r\nHost: A.TEST\r\n\r\n');
    assert.equal(head.absoluteForm, true);
    assert.equal(head.text(head.authorityStart, head.authorityEnd), 'a.test:80');
  });

  test('is incomplete at every cut, and resumes from the line it was cut in', () => {
    const text = '\r\nPOST /a/../b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n';
    for (let cut = 0; cut < text.length; cut++) {
      const head = new Head();
      const first = Buffer.from(text.slice(0, cut), 'latin1');
      assert.equal(parseRequestHead(head, first, 0, cut), PARSE_INCOMPLETE, `cut at ${cut}`);
      assert.ok(head.resumeAt <= cut);
      head.collect(first, 0, cut);
      head.collect(Buffer.from(text.slice(cut), 'latin1'), 0, text.length - cut);
      assert.equal(parseRequestHead(head, head.slab, 0, head.filled), PARSE_OK, `cut at ${cut}`);
      assert.equal(head.text(head.pathStart, head.pathEnd), '/b');
      assert.equal(head.contentLength, 3);
      assert.equal(head.fieldCount, 2);
    }
  });
});

describe('a response head', () => {
  test('has a status, a reason and its fields', () => {
    const { head, result } = parsed('HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n', parseResponseHead);
    assert.equal(result, PARSE_OK);
    assert.equal(head.status, 404);
    assert.equal(head.text(head.reasonStart, head.reasonEnd), 'Not Found');
    assert.deepEqual(fields(head), ['A=b']);
  });

  test('switches to websocket only with both fields', () => {
    const both = 'HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
    assert.equal(parsed(both, parseResponseHead).head.upgradeWebsocket, true);
    const h2c = 'HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n';
    assert.equal(parsed(h2c, parseResponseHead).head.upgradeWebsocket, false);
  });
});

describe('hostile sizes', () => {
  test('a target of 1 MiB is refused from its first 64 KiB', () => {
    const bytes = Buffer.alloc(limits.readBufferBytes, 0x61);
    bytes.write('GET /');
    assert.equal(parseRequestHead(new Head(), bytes, 0, bytes.length), REFUSED_URI_TOO_LONG);
    assert.equal(refusalCode(REFUSED_URI_TOO_LONG), 'RMR_URI_TOO_LONG');
  });

  test('the field behind the last one allowed is refused', () => {
    const lines = 'a: b\r\n'.repeat(limits.headFieldsMax);
    const { result } = parsed(`GET / HTTP/1.1\r\n${lines}c: d\r\n\r\n`);
    assert.equal(result, REFUSED_TOO_MANY_FIELDS);
  });

  test("fields that a proxy of a mesh adds are not the client's, but they have a bound too", () => {
    const own = 'host: a\r\nte: trailers\r\nconnection: te\r\nx-request-id: 1\r\n';
    const full = 'a: b\r\n'.repeat(limits.headFieldsMax);
    assert.equal(parsed(`GET / HTTP/1.1\r\n${own}${full}\r\n`).result, PARSE_OK);
    const trace = 'traceparent: 1\r\nb3: 1\r\nx-b3-spanid: 1\r\n';
    assert.equal(parsed(`GET / HTTP/1.1\r\n${own}${trace}${full}\r\n`).result, PARSE_OK);
    const many = 'x-remora-a: b\r\n'.repeat(limits.addedFieldsMax);
    const { result } = parsed(`GET / HTTP/1.1\r\n${full}${many}host: a\r\n\r\n`);
    assert.equal(result, REFUSED_TOO_MANY_FIELDS);
  });

  test('a head that comes byte by byte is looked at no more than four times', () => {
    const line = `a: ${'b'.repeat(7_900)}\r\n`;
    const bytes = Buffer.from(`GET / HTTP/1.1\r\n${line.repeat(4)}`);
    let looks = 0;
    const counted = new Proxy(bytes, {
      get(target, key): unknown {
        if (typeof key === 'string' && /^\d+$/.test(key)) looks++;
        return Reflect.get(target, key, target);
      },
    });
    const head = new Head();
    for (let at = 1; at <= bytes.length; at++) parseRequestHead(head, counted, 0, at);
    assert.equal(head.fieldCount, 4);
    assert.ok(looks <= 4 * bytes.length, `${looks / bytes.length} looks a byte`);
  });
});

test('every refusal has a reason of its own', () => {
  const reasons = Array.from({ length: 43 }, (_, i) => refusalReason(-1 - i));
  assert.equal(new Set(reasons).size, reasons.length);
  assert.equal(refusalReason(-44), 'bad request');
});
