/**
 * Own cases, part three: what an upstream may answer to a GET. Pure.
 */
import {
  REFUSED_CHUNK_SIZE,
  REFUSED_CODING,
  REFUSED_CODING_IN_OLD_VERSION,
  REFUSED_FIELD_VALUE,
  REFUSED_LENGTH,
  REFUSED_LENGTH_AND_CODING,
  REFUSED_LENGTH_TWICE,
  REFUSED_LINE_END,
  REFUSED_OBS_FOLD,
  REFUSED_SPACE_BEFORE_COLON,
  REFUSED_STATUS,
  REFUSED_STATUS_LINE,
  REFUSED_VERSION,
} from '../../proxy/src/http1/refusals.ts';
import { type EssentialCase, forwards, refuses } from './essential-case.ts';

function ok(lines: string, body = ''): string {
  return `HTTP/1.1 200 OK\r\n${lines}\r\n${body}`;
}

export const responseCases: readonly EssentialCase[] = [
  forwards('a length', ok('Content-Length: 2\r\n', 'ok')),
  forwards('chunks', ok('Transfer-Encoding: chunked\r\n', '2\r\nok\r\n0\r\n\r\n')),
  forwards('a body until the close', ok('', 'ok')),
  forwards('HTTP/1.0 until the close', 'HTTP/1.0 200 OK\r\n\r\nok'),
  forwards('no reason', 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n'),
  forwards('an empty reason', 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n'),
  forwards('a reason with obs-text', 'HTTP/1.1 500 Ori\xc3\xab\r\nContent-Length: 0\r\n\r\n'),
  forwards('204 with a length has no body', 'HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n'),
  forwards('304 keeps its length', 'HTTP/1.1 304 Not\r\nContent-Length: 5\r\n\r\n'),
  forwards(
    'an interim answer',
    `HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n${ok('Content-Length: 0\r\n')}`,
  ),
  forwards(
    "a second answer is nobody's",
    ok('Content-Length: 0\r\n') + ok('Content-Length: 0\r\n'),
  ),
  forwards('a body that is cut off is not whole', ok('Content-Length: 5\r\n', 'ok'), 0),
  refuses('an empty line first', `\r\n${ok('Content-Length: 0\r\n')}`, REFUSED_VERSION),
  refuses('another protocol', 'RTSP/1.1 200 OK\r\n\r\n', REFUSED_VERSION),
  refuses('HTTP/1.2', 'HTTP/1.2 200 OK\r\n\r\n', REFUSED_VERSION),
  refuses('HTTP/2.0', 'HTTP/2.0 200 OK\r\n\r\n', REFUSED_VERSION),
  refuses('a tab behind the version', 'HTTP/1.1\t200 OK\r\n\r\n', REFUSED_STATUS_LINE),
  refuses('two spaces behind the version', 'HTTP/1.1  200 OK\r\n\r\n', REFUSED_STATUS_LINE),
  refuses('a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', REFUSED_STATUS_LINE),
  refuses('a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', REFUSED_STATUS_LINE),
  refuses('a signed status', 'HTTP/1.1 +20 OK\r\n\r\n', REFUSED_STATUS_LINE),
  refuses('status 099', 'HTTP/1.1 099 OK\r\n\r\n', REFUSED_STATUS),
  refuses('status 600', 'HTTP/1.1 600 OK\r\n\r\n', REFUSED_STATUS),
  refuses('a control byte in the reason', 'HTTP/1.1 200 O\x01K\r\n\r\n', REFUSED_STATUS_LINE),
  refuses('bare LFs', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', REFUSED_STATUS_LINE),
  refuses('a bare CR', 'HTTP/1.1 200 OK\rContent-Length: 0\r\n\r\n', REFUSED_STATUS_LINE),
  refuses('a bare LF between fields', ok('A: b\nContent-Length: 0\r\n'), REFUSED_LINE_END),
  refuses('a folded field', ok('A: b\r\n c\r\n'), REFUSED_OBS_FOLD),
  refuses('a space before the colon', ok('Content-Length : 0\r\n'), REFUSED_SPACE_BEFORE_COLON),
  refuses('NUL in a value', ok('A: \0\r\n'), REFUSED_FIELD_VALUE),
  refuses('two lengths', ok('Content-Length: 0\r\nContent-Length: 0\r\n'), REFUSED_LENGTH_TWICE),
  refuses('a list of lengths', ok('Content-Length: 0, 0\r\n'), REFUSED_LENGTH),
  refuses(
    'a length and a coding',
    ok('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    REFUSED_LENGTH_AND_CODING,
  ),
  refuses(
    'a coding behind chunked',
    ok('Transfer-Encoding: chunked, gzip\r\n', 'x'),
    REFUSED_CODING,
  ),
  refuses(
    'a coding that nobody asked for',
    ok('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'),
    REFUSED_CODING,
  ),
  refuses(
    'chunks in HTTP/1.0',
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    REFUSED_CODING_IN_OLD_VERSION,
  ),
  refuses('a malformed chunk', ok('Transfer-Encoding: chunked\r\n', 'zz\r\n'), REFUSED_CHUNK_SIZE),
];
