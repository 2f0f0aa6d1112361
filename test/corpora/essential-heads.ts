/**
 * Own cases, part two: start lines, targets, Host, field lines, persistence. Pure.
 */
import {
  REFUSED_AUTHORITY,
  REFUSED_AUTHORITY_DIFFERS,
  REFUSED_BACKSLASH,
  REFUSED_CHUNK_EXTENSION,
  REFUSED_CONNECTION_OPTION,
  REFUSED_CONTENT_TYPE_TWICE,
  REFUSED_ESCAPE,
  REFUSED_EXPECTATION,
  REFUSED_FIELD_NAME,
  REFUSED_FIELD_TOO_LONG,
  REFUSED_FIELD_VALUE,
  REFUSED_FRAGMENT,
  REFUSED_HOST_MISSING,
  REFUSED_HOST_TWICE,
  REFUSED_LINE_END,
  REFUSED_METHOD,
  REFUSED_METHOD_CASE,
  REFUSED_METHOD_SYNTAX,
  REFUSED_OBS_FOLD,
  REFUSED_PATH_NUL,
  REFUSED_TARGET_BYTE,
  REFUSED_TARGET_FORM,
  REFUSED_TOO_MANY_FIELDS,
  REFUSED_URI_TOO_LONG,
  REFUSED_VERSION,
} from '../../proxy/src/http1/refusals.ts';
import {
  type EssentialCase,
  forwards,
  get,
  HIDDEN,
  post,
  refuses,
  targets,
} from './essential-case.ts';

function host(value: string): string {
  return `GET / HTTP/1.1\r\nHost:${value}\r\n\r\n`;
}

function start(line: string): string {
  return `${line}\r\nHost: a.test\r\n\r\n`;
}

const startLines: readonly EssentialCase[] = [
  forwards('an empty line before a request is ignored', `\r\n${get('/')}`),
  forwards('an empty line between requests is ignored', `${get('/')}\r\n${get('/')}`, 2),
  forwards('a method nobody has heard of', start('PROPFIND / HTTP/1.1')),
  refuses('two empty lines before a request', `\r\n\r\n${get('/')}`, REFUSED_METHOD_SYNTAX),
  refuses('a bare LF before a request', `\n${get('/')}`, REFUSED_LINE_END),
  refuses('a bare CR before a request', `\r${get('/')}`, REFUSED_LINE_END),
  refuses('a space before the method', ` ${get('/')}`, REFUSED_METHOD_SYNTAX),
  refuses('CONNECT', start('CONNECT a.test:443 HTTP/1.1'), REFUSED_METHOD),
  refuses('TRACE', start('TRACE / HTTP/1.1'), REFUSED_METHOD),
  refuses('a method of RTSP', start('ANNOUNCE / HTTP/1.0'), REFUSED_METHOD),
  refuses('a method in lower case', start('delete / HTTP/1.1'), REFUSED_METHOD_CASE),
  refuses('a method with a control byte', start('GE\x01T / HTTP/1.1'), REFUSED_METHOD_SYNTAX),
  refuses('a tab behind the method', start('GET\t/ HTTP/1.1'), REFUSED_METHOD_SYNTAX),
  refuses('a method without end', start(`${'A'.repeat(200)} / HTTP/1.1`), REFUSED_METHOD_SYNTAX),
  refuses('two spaces behind the method', start('GET  / HTTP/1.1'), REFUSED_VERSION),
  refuses('two spaces behind the target', start('GET /  HTTP/1.1'), REFUSED_VERSION),
  refuses('a space in the target', start('GET /a b HTTP/1.1'), REFUSED_VERSION),
  refuses('a space behind the version', start('GET / HTTP/1.1 '), REFUSED_VERSION),
  refuses('HTTP/0.9', 'GET /\r\n\r\n', REFUSED_VERSION),
  refuses('HTTP/1.2', start('GET / HTTP/1.2'), REFUSED_VERSION),
  refuses('HTTP/2.0', start('GET / HTTP/2.0'), REFUSED_VERSION),
  refuses('HTTP/1.10', start('GET / HTTP/1.10'), REFUSED_VERSION),
  refuses('a version in lower case', start('GET / http/1.1'), REFUSED_VERSION),
  refuses(
    'a bare LF behind the start line',
    'GET / HTTP/1.1\nHost: a.test\r\n\r\n',
    REFUSED_LINE_END,
  ),
  refuses(
    'a bare CR behind the start line',
    'GET / HTTP/1.1\rHost: a.test\r\n\r\n',
    REFUSED_LINE_END,
  ),
];

const paths: readonly EssentialCase[] = [
  targets('/', '/'),
  targets('/a//b', '/a//b'),
  targets('//admin', '//admin'),
  targets('/a/./b', '/a/b'),
  targets('/a/../b', '/b'),
  targets('/a/b/..', '/a/'),
  targets('/a/b/.', '/a/b/'),
  targets('/../../a', '/a'),
  targets('/a//../b', '/a/b'),
  targets('/x/%2e%2E/admin', '/admin'),
  targets('/x/.%2e/admin', '/admin'),
  targets('/%61dmin%7e', '/admin~'),
  targets('/a%2fb%2F..', '/a%2Fb%2F..'),
  targets('/%ff%c3%a9', '/%FF%C3%A9'),
  targets('/%252e%252e/a', '/%252e%252e/a'),
  targets('/.a/..b/c./d..', '/.a/..b/c./d..'),
  targets('/a?b=/../c&%2e=%zz?\\', '/a?b=/../c&%2e=%zz?\\'),
  targets('/a?', '/a?'),
  targets('/a;x=1/..;/b', '/a;x=1/..;/b'),
  targets('http://a.test', '/'),
  targets('http://a.test?q', '/?q'),
  targets('HTTP://A.TEST:80/x/../y', '/y'),
  targets('https://a.test:443/x', '/x'),
  refuses('%00 in the path', get('/a%00'), REFUSED_PATH_NUL),
  refuses('%5c in the path', get('/a%5c..%5Cb'), REFUSED_BACKSLASH),
  refuses('a backslash in the path', get('/a\\..\\b'), REFUSED_BACKSLASH),
  refuses('a percent sign without digits', get('/a%zz'), REFUSED_ESCAPE),
  refuses('a percent sign at the end', get('/a%2'), REFUSED_ESCAPE),
  refuses('a fragment', get('/a#b'), REFUSED_FRAGMENT),
  refuses('a fragment behind the query', get('/a?b#c'), REFUSED_FRAGMENT),
  refuses('a control byte in the target', get('/a\x01b'), REFUSED_TARGET_BYTE),
  refuses('DEL in the target', get('/a\x7fb'), REFUSED_TARGET_BYTE),
  refuses('NUL in the target', get('/a\0b'), REFUSED_TARGET_BYTE),
  refuses('a tab in the target', get('/a\tHTTP/1.1'), REFUSED_TARGET_BYTE),
  refuses('a relative target', get('a/b'), REFUSED_TARGET_FORM),
  refuses('an asterisk without OPTIONS', get('*'), REFUSED_TARGET_FORM),
  refuses('a scheme that is not HTTP', get('ftp://a.test/'), REFUSED_TARGET_FORM),
  refuses('a target that is all escape', get('%2fadmin'), REFUSED_TARGET_FORM),
  refuses('a target over its limit', get(`/${'a'.repeat(20_000)}`), REFUSED_URI_TOO_LONG),
  forwards('an asterisk with OPTIONS', start('OPTIONS * HTTP/1.1')),
];

const hosts: readonly EssentialCase[] = [
  forwards('HTTP/1.0 without Host', 'GET / HTTP/1.0\r\n\r\n'),
  forwards('a host with a port', host(' a.test:8080')),
  forwards('an IPv6 host', host(' [::1]:8080')),
  forwards('a host with a trailing dot', host(' a.test.')),
  refuses('no Host', 'GET / HTTP/1.1\r\n\r\n', REFUSED_HOST_MISSING),
  refuses('an empty Host', host(''), REFUSED_HOST_MISSING),
  refuses('two Hosts', get('/', 'Host: b.test\r\n'), REFUSED_HOST_TWICE),
  refuses('two equal Hosts', get('/', 'Host: a.test\r\n'), REFUSED_HOST_TWICE),
  refuses('a list of hosts', host(' a.test, b.test'), REFUSED_AUTHORITY),
  refuses('a space in Host', host(' a.test b.test'), REFUSED_AUTHORITY),
  refuses('userinfo in Host', host(' a@b.test'), REFUSED_AUTHORITY),
  refuses('a path in Host', host(' a.test/x'), REFUSED_AUTHORITY),
  refuses('an escape in Host', host(' a%2etest'), REFUSED_AUTHORITY),
  refuses('a port of letters', host(' a.test:http'), REFUSED_AUTHORITY),
  refuses('a port over 65535', host(' a.test:65536'), REFUSED_AUTHORITY),
  refuses('an empty port', host(' a.test:'), REFUSED_AUTHORITY),
  refuses('an open bracket', host(' [::1'), REFUSED_AUTHORITY),
  refuses('bytes behind a bracket', host(' [::1]x'), REFUSED_AUTHORITY),
  refuses('Host that differs from the target', get('http://b.test/'), REFUSED_AUTHORITY_DIFFERS),
  refuses(
    'a port that differs from the target',
    get('http://a.test:81/'),
    REFUSED_AUTHORITY_DIFFERS,
  ),
  refuses(
    'the default port of the other scheme',
    get('http://a.test:443/'),
    REFUSED_AUTHORITY_DIFFERS,
  ),
  refuses('userinfo in the target', get('http://u:p@a.test/'), REFUSED_AUTHORITY),
  refuses('an empty authority', get('http:///x'), REFUSED_AUTHORITY),
  refuses('Host named by Connection', get('/', 'Connection: host\r\n'), REFUSED_CONNECTION_OPTION),
];

const fields: readonly EssentialCase[] = [
  forwards('hostile names are names', get('/', '__proto__: 1\r\n0: 2\r\nconstructor: 3\r\n')),
  forwards('a field without a value', get('/', 'X-Empty:\r\nX-Blank: \t\r\n')),
  forwards('obs-text in a value', get('/', 'X: caf\xc3\xa9\r\n')),
  forwards('100 further fields', get('/', 'a: b\r\n'.repeat(100))),
  forwards('Expect: 100-continue', post('Expect: 100-Continue\r\nContent-Length: 1\r\n', 'x')),
  refuses('101 further fields', get('/', 'a: b\r\n'.repeat(101)), REFUSED_TOO_MANY_FIELDS),
  refuses('a field over its limit', get('/', `a: ${'b'.repeat(8200)}\r\n`), REFUSED_FIELD_TOO_LONG),
  refuses('a folded field', get('/', 'X: a\r\n b\r\n'), REFUSED_OBS_FOLD),
  refuses('a field folded by a tab', get('/', 'X: a\r\n\tb\r\n'), REFUSED_OBS_FOLD),
  refuses('a line without a colon', get('/', 'nocolon\r\n'), REFUSED_LINE_END),
  refuses('a line without a name', get('/', ': x\r\n'), REFUSED_FIELD_NAME),
  refuses('a name with an at sign', get('/', 'Fo@: x\r\n'), REFUSED_FIELD_NAME),
  refuses('a name with NUL', get('/', 'X\0: x\r\n'), REFUSED_FIELD_NAME),
  refuses('a value with NUL', get('/', 'X: a\0b\r\n'), REFUSED_FIELD_VALUE),
  refuses('a value with a bell', get('/', 'X: a\x07b\r\n'), REFUSED_FIELD_VALUE),
  refuses('a value with DEL', get('/', 'X: a\x7fb\r\n'), REFUSED_FIELD_VALUE),
  refuses('a bare CR before the end', 'GET / HTTP/1.1\r\nHost: a\r\n\rX\r\n\r\n', REFUSED_LINE_END),
  refuses(
    'two Content-Types',
    post('Content-Type: a/b\r\nContent-Type: c/d\r\n'),
    REFUSED_CONTENT_TYPE_TWICE,
  ),
  refuses('an expectation nobody meets', get('/', 'Expect: magic\r\n'), REFUSED_EXPECTATION),
  refuses(
    'an expectation nobody meets, beside 100-continue',
    get('/', 'Expect: 100-continue, magic\r\n'),
    REFUSED_EXPECTATION,
  ),
  refuses(
    'an expectation with a parameter',
    get('/', 'Expect: x =100-continue\r\n'),
    REFUSED_EXPECTATION,
  ),
  forwards(
    'words that name no expectation',
    post(`Expect: x 100-continue\r\nContent-Length: ${HIDDEN.length}\r\n`, HIDDEN),
  ),
];

const persistence: readonly EssentialCase[] = [
  forwards('nothing is read behind Connection: close', get('/', 'Connection: Close\r\n') + HIDDEN),
  forwards('close wins over keep-alive', get('/', 'Connection: keep-alive, close\r\n') + HIDDEN),
  forwards('HTTP/1.0 ends its connection', `GET / HTTP/1.0\r\n\r\n${HIDDEN}`),
  forwards('HTTP/1.0 may keep it', `GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n${HIDDEN}`, 2),
  forwards('three at once are three', HIDDEN.repeat(3), 3),
  forwards(
    'Upgrade: h2c is not passed on',
    get('/', 'Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n'),
  ),
];

/** The same lines, each ended by a bare LF. */
function lf(text: string): string {
  return text.replaceAll('\r\n', '\n');
}

const bareLf: readonly EssentialCase[] = [
  forwards('a head of bare LFs', lf(get('/', 'A: b\r\n'))),
  forwards('a head of bare LFs in HTTP/1.0', 'GET / HTTP/1.0\n\n'),
  forwards('bare LFs behind an empty line of one', `\n${lf(get('/'))}`),
  forwards('a body of its length behind bare LFs', `${lf(post('Content-Length: 3\r\n'))}a\rb`),
  forwards(
    'chunks of CRLF behind bare LFs',
    `${lf(post('Transfer-Encoding: chunked\r\n'))}1\r\nx\r\n0\r\n\r\n`,
  ),
  forwards('nothing is read behind a head of bare LFs', lf(get('/')) + lf(HIDDEN)),
  forwards('nor is a head of CRLF', lf(get('/', 'Connection: keep-alive\r\n')) + HIDDEN),
  forwards('a head of bare LFs behind one of CRLF', get('/') + lf(get('/')), 2),
  forwards('100 further fields that end in bare LFs', lf(get('/', 'a: b\r\n'.repeat(100)))),
  refuses('bare LFs behind two empty lines', `\n\n${lf(get('/'))}`, REFUSED_METHOD_SYNTAX),
  refuses('bare LFs behind an empty line of CRLF', `\r\n${lf(get('/'))}`, REFUSED_LINE_END),
  refuses(
    'an empty line of CRLF behind bare LFs',
    `${lf(start('GET / HTTP/1.1')).slice(0, -1)}\r\n`,
    REFUSED_LINE_END,
  ),
  refuses(
    'a bare LF behind a first line of CRLF',
    'GET / HTTP/1.1\r\nHost: a\n\n',
    REFUSED_LINE_END,
  ),
  refuses('a bare CR among bare LFs', lf(get('/', 'A: b\rc\n')), REFUSED_LINE_END),
  refuses('a folded field among bare LFs', lf(get('/', 'A: b\r\n c\r\n')), REFUSED_OBS_FOLD),
  refuses('two Hosts among bare LFs', lf(get('/', 'Host: b\r\n')), REFUSED_HOST_TWICE),
  refuses(
    '101 further fields that end in bare LFs',
    lf(get('/', 'a: b\r\n'.repeat(101))),
    REFUSED_TOO_MANY_FIELDS,
  ),
  refuses(
    'chunks of bare LFs',
    lf(post('Transfer-Encoding: chunked\r\n', '1\r\nx\r\n0\r\n\r\n')),
    REFUSED_CHUNK_EXTENSION,
  ),
];

export const headCases: readonly EssentialCase[] = [
  ...startLines,
  ...bareLf,
  ...paths,
  ...hosts,
  ...fields,
  ...persistence,
];
