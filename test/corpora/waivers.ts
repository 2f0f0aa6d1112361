/**
 * Cases of the corpora whose verdict Remora does not follow, each with its section. At most four
 * requests: more would mean that the proxy is wrong, not the cases. Pure data.
 */
interface Waiver {
  readonly id: string;
  readonly why: string;
}

export const REQUEST_WAIVERS_MAX = 4;

/** Must be accepted by verdict, and are refused. */
export const requestWaivers: readonly Waiver[] = [
  {
    id: 'gunicorn/valid/rfc9112_target_absolute_userinfo_01',
    why:
      'userinfo in an http URI; RFC 9110 §4.2.4: a recipient SHOULD treat it as an error, since ' +
      'it is likely used to obscure the authority',
  },
  {
    id: 'desync/more-compliant-tests/009',
    why:
      'chunked;custom_param; RFC 9112 §7.1: the chunked coding has no parameters, and their ' +
      'presence SHOULD be treated as an error',
  },
  {
    id: 'desync/rfc-compliant/011',
    why:
      'a fragment in the target; RFC 9112 §3.2.1: the origin form is a path and a query, and ' +
      'RFC 9110 §7.1: the fragment is not part of the target',
  },
];

export const responseWaivers: readonly Waiver[] = [
  {
    id: 'llhttp/response/sample:43',
    why: 'RTSP/1.1; RFC 9112 §4: a status line begins with the HTTP version',
  },
  {
    id: 'llhttp/response/sample:698',
    why:
      'an empty line before the status line; RFC 9112 §2.2 lets only servers ignore one, before ' +
      'a request: before a response it may be the rest of an earlier body',
  },
  {
    id: 'llhttp/response/transfer-encoding:46',
    why:
      'chunked, deflate; RFC 9112 §6.1: chunked must be the last coding, and a sender MUST NOT ' +
      'apply another one behind it',
  },
];

/** Must be accepted by verdict, and never end: what is missing is the rest of their body. */
export const unfinished: readonly Waiver[] = [
  {
    id: 'gunicorn/valid/099',
    why: 'Content-Length: 17914 with 8,599 bytes of body: it goes on as it came, and never ends',
  },
  {
    id: 'desync/more-compliant-tests/006',
    why: 'Content-Length: 4000000 without a body: the head goes on, and the body never comes',
  },
];
