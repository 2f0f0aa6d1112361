import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HeaderEdits } from '../routing/compiled.ts';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BODY_UNTIL_CLOSE } from './body-framing.ts';
import { Head } from './head.ts';
import { PARSE_OK, parseRequestHead, parseResponseHead } from './head-parser.ts';
import {
  endHead,
  headRoom,
  RequestWrite,
  ResponseWrite,
  writeRequestHead,
  writeResponseHead,
} from './head-writer.ts';

function headOf(text: string, parse: typeof parseRequestHead): Head {
  const head = new Head();
  const bytes = Buffer.from(text, 'latin1');
  head.collect(bytes, 0, bytes.length);
  assert.equal(parse(head, head.slab, 0, head.filled), PARSE_OK);
  return head;
}

interface Written {
  readonly options?: Partial<RequestWrite>;
  readonly edits?: HeaderEdits;
  readonly framing?: number;
}

function request(text: string, { options = {}, edits, framing = BODY_NONE }: Written = {}): string {
  const head = headOf(text, parseRequestHead);
  const write = Object.assign(new RequestWrite(), options);
  const room = headRoom(head, edits ?? null, write);
  const out = Buffer.alloc(room + 10, 0x2a);
  const end = endHead(out, writeRequestHead(out, 5, head, edits ?? null, framing, write));
  assert.ok(end - 5 <= room);
  assert.equal(out.toString('latin1', 0, 5), '*****');
  return out.toString('latin1', 5, end);
}

function response(text: string, framing: number, options: Partial<ResponseWrite> = {}): string {
  const head = headOf(text, parseResponseHead);
  const out = Buffer.alloc(headRoom(head, null));
  const write = Object.assign(new ResponseWrite(), options);
  return out.toString(
    'latin1',
    0,
    endHead(out, writeResponseHead(out, 0, head, null, framing, write)),
  );
}

const GET = 'GET /a HTTP/1.1\r\nHost: a.test\r\n';

describe('a request head', () => {
  test('is written with its own line, Host and framing, then its fields as they came', () => {
    const line = 'POST http://a.test:80/x/../y?q HTTP/1.0\r\n';
    const text = `${line}X-A:  1 \r\nContent-Length: 007\r\nb:2\r\n\r\n`;
    assert.equal(
      request(text, { framing: BODY_LENGTH }),
      'POST /y?q HTTP/1.1\r\nhost: a.test:80\r\ncontent-length: 7\r\nX-A:  1 \r\nb:2\r\n\r\n',
    );
  });

  test('leaves out what is for this hop only', () => {
    const text =
      `${GET}Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n` +
      'Proxy-Authorization: x\r\nTE: gzip\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n' +
      'Trailer: x\r\nx-remora-keep: 1\r\nExpect: 100-continue\r\nEnd: to end\r\n\r\n';
    assert.equal(request(text), 'GET /a HTTP/1.1\r\nhost: a.test\r\nEnd: to end\r\n\r\n');
  });

  test('keeps what the options say', () => {
    const trace = 'x-request-id: 1\r\ntraceparent: 1\r\nb3: 1\r\nX-B3-Sampled: 1\r\n';
    const fields = `Expect: 100-continue\r\nTE: trailers\r\n${trace}\r\n`;
    const text = `${GET}x-remora-keep: 1\r\n${fields}`;
    assert.equal(
      request(text, { options: { keepExpect: true, keepRemora: true, dropTrace: true } }),
      'GET /a HTTP/1.1\r\nhost: a.test\r\nconnection: te\r\nte: trailers\r\n' +
        'expect: 100-continue\r\nx-remora-keep: 1\r\n\r\n',
    );
  });

  test('takes a rewritten path and authority, and keeps the query', () => {
    const path = Buffer.from('/new');
    const authority = Buffer.from('b.test:8080');
    assert.equal(
      request('GET /a?q=1 HTTP/1.1\r\nHost: a.test\r\n\r\n', { options: { path, authority } }),
      'GET /new?q=1 HTTP/1.1\r\nhost: b.test:8080\r\n\r\n',
    );
  });

  test('applies edits: removed names go, in any case, and lines are appended', () => {
    const edits = {
      removes: [Buffer.from('x-a'), Buffer.from('cookie')],
      append: Buffer.from('x-a: new\r\n'),
    };
    assert.equal(
      request(`${GET}X-A: 1\r\nx-b: 2\r\nCOOKIE: c\r\nx-c: 3\r\n\r\n`, { edits }),
      'GET /a HTTP/1.1\r\nhost: a.test\r\nx-b: 2\r\nx-c: 3\r\nx-a: new\r\n\r\n',
    );
  });

  test('upgrades to websocket with lines of its own', () => {
    const text = `${GET}Connection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: k\r\n\r\n`;
    assert.equal(
      request(text),
      'GET /a HTTP/1.1\r\nhost: a.test\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
        'Sec-WebSocket-Key: k\r\n\r\n',
    );
  });

  test('with many codings has room for the space behind each', () => {
    const codings = 'gzip,'.repeat(1_600);
    const written = request(
      `GET /a HTTP/1.1\r\nhost: a.test\r\ntransfer-encoding: ${codings}chunked\r\n\r\n`,
      { framing: BODY_CHUNKED },
    );
    assert.ok(written.includes(`${'gzip, '.repeat(1_600)}chunked\r\n`));
  });

  test('with further codings names them and ends its connection', () => {
    const text = `${GET}Transfer-Encoding: GZIP , identity\r\nTransfer-Encoding: chunked\r\n\r\n`;
    assert.equal(
      request(text, { framing: BODY_CHUNKED }),
      'GET /a HTTP/1.1\r\nhost: a.test\r\ntransfer-encoding: gzip, chunked\r\n' +
        'connection: close\r\n\r\n',
    );
  });

  test('keeps Trailer only where there can be trailers', () => {
    const text = `${GET}Trailer: x\r\nTransfer-Encoding: chunked\r\n\r\n`;
    assert.match(request(text, { framing: BODY_CHUNKED }), /\r\nTrailer: x\r\n/);
  });

  test('finds room for large lengths', () => {
    const text = `${GET}Content-Length: 900719925474099\r\n\r\n`;
    assert.match(request(text, { framing: BODY_LENGTH }), /content-length: 900719925474099\r\n/);
  });
});

describe('a response head', () => {
  const head =
    'HTTP/1.0 200 Fine\r\nDate: d\r\nServer: s\r\nConnection: close\r\nx-remora-error: E\r\n';

  test('is of HTTP/1.1, keeps Date, and cannot pass for an answer of ours', () => {
    assert.equal(
      response(`${head}Content-Length: 5\r\n\r\n`, BODY_LENGTH),
      'HTTP/1.1 200 Fine\r\ncontent-length: 5\r\nDate: d\r\nServer: s\r\n\r\n',
    );
  });

  test('says whether the connection stays, where the client cannot know', () => {
    const text = `${head}Content-Length: 5\r\n\r\n`;
    assert.match(response(text, BODY_LENGTH, { close: true }), /\r\nconnection: close\r\n/);
    assert.match(
      response(text, BODY_LENGTH, { clientVersion: 10 }),
      /\r\nconnection: keep-alive\r\n/,
    );
    assert.match(response(`${head}\r\n`, BODY_UNTIL_CLOSE), /\r\nconnection: close\r\n/);
  });

  test('keeps a length without a body for HEAD and 304, never for 204', () => {
    const of = (status: number): string =>
      response(`HTTP/1.1 ${status} x\r\nContent-Length: 5\r\n\r\n`, BODY_NONE);
    assert.match(of(200), /content-length: 5/);
    assert.match(of(304), /content-length: 5/);
    assert.doesNotMatch(of(204), /content-length/);
    assert.doesNotMatch(of(103), /content-length/);
  });

  test('101 says what was switched to, and an interim answer nothing of the connection', () => {
    const text = 'HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
    const lines = 'connection: upgrade\r\nupgrade: websocket\r\n';
    assert.equal(response(text, BODY_NONE), `HTTP/1.1 101 Go\r\n${lines}\r\n`);
    const interim = response('HTTP/1.1 100 Continue\r\n\r\n', BODY_NONE, { close: true });
    assert.equal(interim, 'HTTP/1.1 100 Continue\r\n\r\n');
  });
});
