/**
 * Every reason for which a message is refused: one negative number, one short why, one error code.
 *
 * The data path passes numbers; the texts are read only when answering, logging or explaining.
 * Exact reasons instead of one "bad request": at three in the morning the peer's bug must be named.
 *
 * Pure. Returned by the parsers and the chunked decoder.
 */
import * as limits from '../limits.ts';

type RefusalCode =
  | 'RMR_BAD_REQUEST'
  | 'RMR_HEAD_TOO_LARGE'
  | 'RMR_VERSION_UNSUPPORTED'
  | 'RMR_METHOD_REFUSED'
  | 'RMR_EXPECTATION_FAILED'
  | 'RMR_URI_TOO_LONG';

/** -1 is "bad request" without a reason; `REFUSALS[0]`. */
export const REFUSED_VERSION = -2;
export const REFUSED_TOO_MANY_FIELDS = -3;
export const REFUSED_METHOD = -4;
export const REFUSED_METHOD_SYNTAX = -5;
export const REFUSED_TARGET_BYTE = -6;
export const REFUSED_TARGET_FORM = -7;
export const REFUSED_FRAGMENT = -8;
export const REFUSED_ESCAPE = -9;
export const REFUSED_PATH_NUL = -10;
export const REFUSED_BACKSLASH = -11;
export const REFUSED_URI_TOO_LONG = -12;
export const REFUSED_LINE_END = -13;
export const REFUSED_OBS_FOLD = -14;
export const REFUSED_FIELD_NAME = -15;
export const REFUSED_SPACE_BEFORE_COLON = -16;
export const REFUSED_FIELD_VALUE = -17;
export const REFUSED_FIELD_TOO_LONG = -18;
export const REFUSED_HOST_MISSING = -19;
export const REFUSED_HOST_TWICE = -20;
export const REFUSED_AUTHORITY = -21;
export const REFUSED_AUTHORITY_DIFFERS = -22;
export const REFUSED_LENGTH = -23;
export const REFUSED_LENGTH_TWICE = -24;
export const REFUSED_LENGTH_AND_CODING = -25;
export const REFUSED_CODING = -26;
export const REFUSED_CODING_IN_OLD_VERSION = -27;
export const REFUSED_LOOKALIKE = -28;
export const REFUSED_CONNECTION_OPTION = -29;
export const REFUSED_EXPECTATION = -30;
export const REFUSED_CONTENT_TYPE_TWICE = -31;
export const REFUSED_STATUS_LINE = -32;
export const REFUSED_STATUS = -33;
export const REFUSED_CHUNK_SIZE = -34;
export const REFUSED_CHUNK_EXTENSION = -35;
export const REFUSED_CHUNK_LINE_TOO_LONG = -36;
export const REFUSED_CHUNK_END = -37;
export const REFUSED_TRAILER = -38;
export const REFUSED_TRAILER_FIELD = -39;
export const REFUSED_TRAILERS_TOO_LARGE = -40;
export const REFUSED_METHOD_CASE = -41;
export const REFUSED_HEAD_TOO_LONG = -42;
/** The first line ends so. Not the last word: `head-reader` reads a head of bare LFs alone. */
export const REFUSED_BARE_LF = -43;

type Refusal = readonly [why: string, code: RefusalCode];

/** Index 0 is -1. */
const REFUSALS: readonly Refusal[] = [
  ['bad request', 'RMR_BAD_REQUEST'],
  ['HTTP version is neither 1.0 nor 1.1', 'RMR_VERSION_UNSUPPORTED'],
  ['too many header fields', 'RMR_HEAD_TOO_LARGE'],
  ['CONNECT, TRACE and methods of other protocols are refused', 'RMR_METHOD_REFUSED'],
  ['method is not a token followed by one space', 'RMR_BAD_REQUEST'],
  ['space or control byte in the target', 'RMR_BAD_REQUEST'],
  ['target is in no form that this method may use', 'RMR_BAD_REQUEST'],
  ['fragment in the target', 'RMR_BAD_REQUEST'],
  ['percent sign without two hex digits in the path', 'RMR_BAD_REQUEST'],
  ['NUL in the path', 'RMR_BAD_REQUEST'],
  ['backslash in the path', 'RMR_BAD_REQUEST'],
  ['target too long', 'RMR_URI_TOO_LONG'],
  ['bare CR or LF', 'RMR_BAD_REQUEST'],
  ['folded header field (obs-fold)', 'RMR_BAD_REQUEST'],
  ['byte that no field name may hold', 'RMR_BAD_REQUEST'],
  ['space before the colon', 'RMR_BAD_REQUEST'],
  ['control byte in a field value', 'RMR_BAD_REQUEST'],
  ['header field too long', 'RMR_HEAD_TOO_LARGE'],
  ['Host is missing or empty', 'RMR_BAD_REQUEST'],
  ['two Host fields', 'RMR_BAD_REQUEST'],
  ['malformed authority', 'RMR_BAD_REQUEST'],
  ['Host differs from the target', 'RMR_BAD_REQUEST'],
  ['malformed Content-Length', 'RMR_BAD_REQUEST'],
  ['two Content-Length fields', 'RMR_BAD_REQUEST'],
  ['Content-Length and Transfer-Encoding together', 'RMR_BAD_REQUEST'],
  ['Transfer-Encoding that does not end in one chunked', 'RMR_BAD_REQUEST'],
  ['Transfer-Encoding in HTTP/1.0', 'RMR_BAD_REQUEST'],
  ['field name that others read as a framing field', 'RMR_BAD_REQUEST'],
  ['Connection names Host', 'RMR_BAD_REQUEST'],
  ['Expect other than 100-continue', 'RMR_EXPECTATION_FAILED'],
  ['two Content-Type fields', 'RMR_BAD_REQUEST'],
  ['malformed status line', 'RMR_BAD_REQUEST'],
  ['status outside 100 to 599', 'RMR_BAD_REQUEST'],
  ['malformed chunk size', 'RMR_BAD_REQUEST'],
  ['malformed chunk extension', 'RMR_BAD_REQUEST'],
  ['chunk line too long', 'RMR_BAD_REQUEST'],
  ['chunk data does not end in CRLF', 'RMR_BAD_REQUEST'],
  ['malformed trailer field', 'RMR_BAD_REQUEST'],
  ['framing or routing field in the trailers', 'RMR_BAD_REQUEST'],
  ['too many or too long trailers', 'RMR_HEAD_TOO_LARGE'],
  ['method has lower case letters', 'RMR_BAD_REQUEST'],
  [`the head is longer than ${limits.headBytesMax} bytes`, 'RMR_HEAD_TOO_LARGE'],
  ['first line ends in a bare LF', 'RMR_BAD_REQUEST'],
];

function refusal(result: number): Refusal {
  return REFUSALS[-result - 1] ?? REFUSALS[0]!;
}

/** Why, for people: in the answer's body and in the log. */
export function refusalReason(result: number): string {
  return refusal(result)[0];
}

/** For a request. A response that is refused is the upstream's fault whatever the reason. */
export function refusalCode(result: number): RefusalCode {
  return refusal(result)[1];
}
