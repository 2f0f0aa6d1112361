/**
 * Own cases, part one: where a message ends. Lengths, codings, chunks, trailers, and what comes
 * behind a message. Each is a way in which two readers of one stream have come to disagree. Pure.
 */
import {
  REFUSED_CHUNK_END,
  REFUSED_CHUNK_EXTENSION,
  REFUSED_CHUNK_LINE_TOO_LONG,
  REFUSED_CHUNK_SIZE,
  REFUSED_CODING,
  REFUSED_CODING_IN_OLD_VERSION,
  REFUSED_FIELD_NAME,
  REFUSED_FIELD_VALUE,
  REFUSED_LENGTH,
  REFUSED_LENGTH_AND_CODING,
  REFUSED_LENGTH_TWICE,
  REFUSED_LINE_END,
  REFUSED_LOOKALIKE,
  REFUSED_OBS_FOLD,
  REFUSED_SPACE_BEFORE_COLON,
  REFUSED_TRAILER,
  REFUSED_TRAILER_FIELD,
  REFUSED_TRAILERS_TOO_LARGE,
} from '../../proxy/src/http1/refusals.ts';
import { type EssentialCase, forwards, HIDDEN, post, refuses } from './essential-case.ts';

const CHUNKED = 'Transfer-Encoding: chunked\r\n';

function chunks(body: string): string {
  return post(CHUNKED, body);
}

const lengths: readonly EssentialCase[] = [
  forwards('a length is a length', post('Content-Length: 5\r\n', 'hello')),
  forwards('zero is a length', post('Content-Length: 0\r\n')),
  forwards('leading zeros are digits', post('Content-Length: 0005\r\n', 'hello')),
  forwards(
    'blanks around a length are not part of it',
    post('Content-Length: \t5\t \r\n', 'hello'),
  ),
  forwards(
    'what follows a body is the next request',
    post('Content-Length: 5\r\n', `hello${HIDDEN}`),
    2,
  ),
  refuses(
    'equal lengths twice',
    post('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello'),
    REFUSED_LENGTH_TWICE,
  ),
  refuses(
    'lengths that differ',
    post('Content-Length: 5\r\nContent-Length: 6\r\n', 'hello'),
    REFUSED_LENGTH_TWICE,
  ),
  refuses('a list of lengths', post('Content-Length: 5, 5\r\n', 'hello'), REFUSED_LENGTH),
  refuses('a plus sign', post('Content-Length: +5\r\n', 'hello'), REFUSED_LENGTH),
  refuses('a minus sign', post('Content-Length: -5\r\n', 'hello'), REFUSED_LENGTH),
  refuses('minus zero', post('Content-Length: -0\r\n'), REFUSED_LENGTH),
  refuses('an underscore between digits', post('Content-Length: 0_5\r\n', 'hello'), REFUSED_LENGTH),
  refuses('a hexadecimal length', post('Content-Length: 0x5\r\n', 'hello'), REFUSED_LENGTH),
  refuses('an exponent', post('Content-Length: 5e0\r\n', 'hello'), REFUSED_LENGTH),
  refuses('an empty length', post('Content-Length:\r\n'), REFUSED_LENGTH),
  refuses(
    'digits of another script',
    post('Content-Length: \xd9\xa5\r\n', 'hello'),
    REFUSED_LENGTH,
  ),
  refuses('a length over 2^53', post('Content-Length: 99999999999999999999\r\n'), REFUSED_LENGTH),
  refuses('a length with a NUL', post('Content-Length: 5\0\r\n', 'hello'), REFUSED_FIELD_VALUE),
  refuses('a length folded', post('Content-Length:\r\n 5\r\n', 'hello'), REFUSED_LENGTH),
  refuses(
    'an underscore for the hyphen',
    post('Content_Length: 5\r\n', 'hello'),
    REFUSED_LOOKALIKE,
  ),
  refuses('a dot for the hyphen', post('Transfer.Encoding: chunked\r\n'), REFUSED_LOOKALIKE),
  forwards(
    'a length named by Connection counts',
    post(`Connection: content-length\r\nContent-Length: ${HIDDEN.length}\r\n`, HIDDEN),
  ),
  refuses(
    'a second framing, though Connection names it',
    post(`Connection: Transfer-Encoding\r\nContent-Length: 5\r\n${CHUNKED}`, '0\r\n\r\n'),
    REFUSED_LENGTH_AND_CODING,
  ),
];

const codings: readonly EssentialCase[] = [
  forwards('chunked in any case', post('Transfer-Encoding: ChUnKeD\r\n', '0\r\n\r\n')),
  forwards('blanks around chunked', post('Transfer-Encoding: \t chunked \t\r\n', '0\r\n\r\n')),
  forwards(
    'identity before chunked codes nothing',
    post('Transfer-Encoding: identity, chunked\r\n', '0\r\n\r\n'),
  ),
  forwards(
    'a coding before chunked is passed on',
    post('Transfer-Encoding: gzip, chunked\r\n', '1\r\nx\r\n0\r\n\r\n'),
  ),
  forwards(
    'codings in several fields are one list',
    post(`Transfer-Encoding: gzip\r\n${CHUNKED}`, '0\r\n\r\n'),
  ),
  refuses(
    'CL.TE',
    post(`Content-Length: 6\r\n${CHUNKED}`, '0\r\n\r\nG'),
    REFUSED_LENGTH_AND_CODING,
  ),
  refuses(
    'TE.CL',
    post(`${CHUNKED}Content-Length: 4\r\n`, `29\r\n${HIDDEN}\r\n0\r\n\r\n`),
    REFUSED_LENGTH_AND_CODING,
  ),
  refuses('chunked twice', post(`${CHUNKED}${CHUNKED}`, '0\r\n\r\n'), REFUSED_CODING),
  refuses(
    'chunked twice in one field',
    post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'),
    REFUSED_CODING,
  ),
  refuses(
    'a coding behind chunked',
    post('Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n'),
    REFUSED_CODING,
  ),
  refuses(
    'identity behind chunked',
    post(`${CHUNKED}Transfer-Encoding: identity\r\n`, '0\r\n\r\n'),
    REFUSED_CODING,
  ),
  refuses('identity alone', post('Transfer-Encoding: identity\r\n', HIDDEN), REFUSED_CODING),
  refuses('a coding alone', post('Transfer-Encoding: gzip\r\n', HIDDEN), REFUSED_CODING),
  refuses(
    'identity with a length',
    post('Transfer-Encoding: identity\r\nContent-Length: 3\r\n', 'abc'),
    REFUSED_LENGTH_AND_CODING,
  ),
  refuses('an empty coding', post('Transfer-Encoding:\r\n', HIDDEN), REFUSED_CODING),
  refuses(
    'an empty list member',
    post('Transfer-Encoding: , chunked\r\n', '0\r\n\r\n'),
    REFUSED_CODING,
  ),
  refuses('a trailing comma', post('Transfer-Encoding: chunked,\r\n', '0\r\n\r\n'), REFUSED_CODING),
  refuses(
    'a coding nobody knows',
    post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'),
    REFUSED_CODING,
  ),
  refuses(
    'chunked with a parameter',
    post('Transfer-Encoding: chunked;q=1\r\n', '0\r\n\r\n'),
    REFUSED_CODING,
  ),
  refuses(
    'chunked in quotes',
    post('Transfer-Encoding: "chunked"\r\n', '0\r\n\r\n'),
    REFUSED_CODING,
  ),
  refuses(
    'chunked behind a vertical tab',
    post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n'),
    REFUSED_FIELD_VALUE,
  ),
  refuses(
    'chunked behind a no-break space',
    post('Transfer-Encoding: \xa0chunked\r\n', '0\r\n\r\n'),
    REFUSED_CODING,
  ),
  refuses(
    'a space before the colon',
    post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n'),
    REFUSED_SPACE_BEFORE_COLON,
  ),
  refuses(
    'a tab before the colon',
    post('Transfer-Encoding\t: chunked\r\n', '0\r\n\r\n'),
    REFUSED_SPACE_BEFORE_COLON,
  ),
  refuses('a space before the name', post(` ${CHUNKED}`, '0\r\n\r\n'), REFUSED_OBS_FOLD),
  refuses('a name behind a control byte', post(`\x01${CHUNKED}`, '0\r\n\r\n'), REFUSED_FIELD_NAME),
  refuses(
    'a name with a letter of another script',
    post('Transfer-Encod\xc4\xb1ng: chunked\r\n'),
    REFUSED_FIELD_NAME,
  ),
  refuses(
    'a coding behind a bare LF',
    post('X: y\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    REFUSED_LINE_END,
  ),
  refuses(
    'a coding behind a bare CR',
    post('X: y\rTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    REFUSED_LINE_END,
  ),
  forwards(
    'a coding named by Connection counts',
    post(`Connection: Transfer-Encoding\r\n${CHUNKED}`, '0\r\n\r\n') + HIDDEN,
    2,
  ),
  refuses(
    'a coding in HTTP/1.0',
    `POST / HTTP/1.0\r\n${CHUNKED}\r\n0\r\n\r\n`,
    REFUSED_CODING_IN_OLD_VERSION,
  ),
];

const chunkCases: readonly EssentialCase[] = [
  forwards('chunks and trailers', chunks('5\r\nhello\r\n6\r\n world\r\n0\r\nx-sum: 1\r\n\r\n')),
  forwards('sizes in either case, zeros in front', chunks('00A\r\n0123456789\r\n000\r\n\r\n')),
  forwards(
    'extensions are read and dropped',
    chunks('1;a;b=c ; d="\\"e;\\r" \t;f\r\nx\r\n0;end\r\n\r\n'),
  ),
  forwards(
    'what follows the last chunk is the next request',
    chunks(`1\r\nx\r\n0\r\n\r\n${HIDDEN}`),
    2,
  ),
  refuses('a space behind the size', chunks('1 \r\nx\r\n0\r\n\r\n'), REFUSED_CHUNK_EXTENSION),
  refuses('a space before the size', chunks(' 1\r\nx\r\n0\r\n\r\n'), REFUSED_CHUNK_SIZE),
  refuses('a signed size', chunks('+1\r\nx\r\n0\r\n\r\n'), REFUSED_CHUNK_SIZE),
  refuses('a negative size', chunks('-1\r\nx\r\n0\r\n\r\n'), REFUSED_CHUNK_SIZE),
  refuses('a size with 0x', chunks('0x1\r\nx\r\n0\r\n\r\n'), REFUSED_CHUNK_EXTENSION),
  refuses(
    'an underscore in the size',
    chunks('1_0\r\n0123456789abcdef\r\n0\r\n\r\n'),
    REFUSED_CHUNK_EXTENSION,
  ),
  refuses('no size', chunks('\r\nx\r\n0\r\n\r\n'), REFUSED_CHUNK_SIZE),
  refuses('an extension without a size', chunks(';a=b\r\nx\r\n0\r\n\r\n'), REFUSED_CHUNK_SIZE),
  refuses('a size over 2^53', chunks('ffffffffffffffff\r\nx'), REFUSED_CHUNK_SIZE),
  refuses('a size that wraps in 64 bits', chunks('10000000000000001\r\nx'), REFUSED_CHUNK_SIZE),
  refuses(
    'a size of seventeen zeros',
    chunks('00000000000000001\r\nx\r\n0\r\n\r\n'),
    REFUSED_CHUNK_SIZE,
  ),
  refuses('a bare LF behind the size', chunks('1\nx\r\n0\r\n\r\n'), REFUSED_CHUNK_EXTENSION),
  refuses('a bare CR behind the size', chunks('1\rx\r\n0\r\n\r\n'), REFUSED_CHUNK_SIZE),
  refuses('a lone semicolon', chunks('1;\r\nx\r\n0\r\n\r\n'), REFUSED_CHUNK_EXTENSION),
  refuses('an extension with a bare CR', chunks('1;a=b\rc\r\nx\r\n0\r\n\r\n'), REFUSED_CHUNK_SIZE),
  refuses(
    'an extension with a bare LF',
    chunks('1;a=b\nc\r\nx\r\n0\r\n\r\n'),
    REFUSED_CHUNK_EXTENSION,
  ),
  refuses(
    'an extension with an open quote',
    chunks('1;a="b\r\nx\r\n0\r\n\r\n'),
    REFUSED_CHUNK_EXTENSION,
  ),
  refuses(
    'an extension without its value',
    chunks('1;a=\r\nx\r\n0\r\n\r\n'),
    REFUSED_CHUNK_EXTENSION,
  ),
  refuses('a space behind an extension', chunks('1;a \r\nx\r\n0\r\n\r\n'), REFUSED_CHUNK_EXTENSION),
  refuses(
    'a space behind the value of an extension',
    chunks('1;a=b \r\nx\r\n0\r\n\r\n'),
    REFUSED_CHUNK_EXTENSION,
  ),
  refuses(
    'an extension with a control byte',
    chunks('1;a\x01\r\nx\r\n0\r\n\r\n'),
    REFUSED_CHUNK_EXTENSION,
  ),
  refuses(
    'an endless extension',
    chunks(`1;${'a'.repeat(300)}\r\nx\r\n0\r\n\r\n`),
    REFUSED_CHUNK_LINE_TOO_LONG,
  ),
  refuses('data longer than its chunk', chunks('1\r\nxy\r\n0\r\n\r\n'), REFUSED_CHUNK_END),
  refuses('data without CR behind it', chunks('1\r\nx\n0\r\n\r\n'), REFUSED_CHUNK_END),
  refuses('data with a bare CR behind it', chunks('1\r\nx\r0\r\n\r\n'), REFUSED_CHUNK_END),
  forwards('a last chunk without its empty line is not the end', chunks('0\r\n'), 0),
];

const trailerCases: readonly EssentialCase[] = [
  refuses(
    'a length in the trailers',
    chunks('0\r\nContent-Length: 5\r\n\r\n'),
    REFUSED_TRAILER_FIELD,
  ),
  refuses(
    'a coding in the trailers',
    chunks('0\r\nTransfer-Encoding: chunked\r\n\r\n'),
    REFUSED_TRAILER_FIELD,
  ),
  refuses('Host in the trailers', chunks('0\r\nHost: b.test\r\n\r\n'), REFUSED_TRAILER_FIELD),
  refuses(
    'a lookalike in the trailers',
    chunks('0\r\ncontent_length: 5\r\n\r\n'),
    REFUSED_TRAILER_FIELD,
  ),
  refuses('a folded trailer', chunks('0\r\na: b\r\n c\r\n\r\n'), REFUSED_TRAILER),
  refuses('a trailer without a colon', chunks('0\r\nab\r\n\r\n'), REFUSED_TRAILER),
  refuses('a trailer with a space before the colon', chunks('0\r\na : b\r\n\r\n'), REFUSED_TRAILER),
  refuses('a trailer with a bare CR', chunks('0\r\na: b\rc\r\n\r\n'), REFUSED_TRAILER),
  refuses('a trailer with a bare LF', chunks('0\r\na: b\n\r\n'), REFUSED_TRAILER),
  refuses('a bare LF for the empty line', chunks('0\r\n\n'), REFUSED_TRAILER),
  refuses(
    'too many trailers',
    chunks(`0\r\n${'a: b\r\n'.repeat(40)}\r\n`),
    REFUSED_TRAILERS_TOO_LARGE,
  ),
  refuses(
    'too long trailers',
    chunks(`0\r\na: ${'b'.repeat(9000)}\r\n\r\n`),
    REFUSED_TRAILERS_TOO_LARGE,
  ),
  forwards(
    'credentials in the trailers are dropped',
    chunks('0\r\nAuthorization: x\r\nCookie: y\r\n\r\n'),
  ),
];

export const framingCases: readonly EssentialCase[] = [
  ...lengths,
  ...codings,
  ...chunkCases,
  ...trailerCases,
];
