/**
 * What names, paths and header fields may look like in an object.
 *
 * The rules are those of whoever reads the text later: Kubernetes for names, RFC 9110 for fields.
 * A header that frames a message or routes it is nobody's to edit: a route that could set
 * `transfer-encoding` would be a way to smuggle requests.
 *
 * Pure. Used by the schemas of this folder.
 */
import { text } from './setting.ts';

const nameLimits = {
  pathCharactersMax: 1_024,
  regexCharactersMax: 512,
  valueCharactersMax: 4_096,
  fieldNameCharactersMax: 256,
} as const;

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const HOSTNAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/;
/** RFC 9110 §5.6.2. */
const TOKEN = /^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 §5.5, in ASCII: visible characters, blanks between them; no CR, LF or NUL. */
const FIELD_VALUE = /^([!-~]([\t -~]*[!-~])?)?$/;
/** As people write it (`/café`): the proxy percent-encodes it as it does a request's. */
const PATH = /^[/][^\p{Cc}]*$/u;
const METHOD = /^[A-Z][-_A-Z0-9]*$/;
/** Neither control characters nor line ends. */
const PLAIN = /^[^\p{Cc}]*$/u;
const PLAIN_NOT_EMPTY = /^[^\p{Cc}]+$/u;

const UNROUTED = new Set(['CONNECT', 'TRACE']);
/** Further: what begins with `proxy-` or `x-remora-`. */
export const UNEDITABLE: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
const UNEDITABLE_START = /^(proxy-|x-remora-)/;

export function label(doc: string) {
  const what = 'a name of a-z, 0-9 and "-"';
  return text({ pattern: LABEL, lengthMax: 63, what, example: 'catalog-v1', doc });
}

/** Names of objects other than Services and namespaces. */
export function objectName(doc: string) {
  const what = 'a name of a-z, 0-9, "-" and "."';
  return text({ pattern: SUBDOMAIN, lengthMax: 253, what, example: 'catalog', doc });
}

export function hostname(doc: string, standard?: string) {
  const what = 'a host name in lower case, without a port';
  const spec = { pattern: HOSTNAME, lengthMax: 253, what, example: 'shop.example', doc };
  return text(standard === undefined ? spec : { ...spec, default: standard });
}

export function path(doc: string) {
  const lengthMax = nameLimits.pathCharactersMax;
  const what = 'a path that starts with "/"';
  return text({ pattern: PATH, lengthMax, what, example: '/items', doc });
}

/** That it compiles is checked where the engine is: in the control plane. */
export function regex(doc: string) {
  const lengthMax = nameLimits.regexCharactersMax;
  const what = 'a regular expression in RE2 syntax';
  return text({ pattern: PLAIN_NOT_EMPTY, lengthMax, what, example: '/items/[0-9]+', doc });
}

function unrouted(name: string): string | null {
  return UNROUTED.has(name) ? 'is never forwarded, so it never matches' : null;
}

export function method(doc: string) {
  return text({
    pattern: METHOD,
    lengthMax: 32,
    what: 'a method in capitals',
    example: 'GET',
    doc,
    refuse: unrouted,
  });
}

export function fieldName(doc: string, example = 'x-user') {
  const lengthMax = nameLimits.fieldNameCharactersMax;
  return text({ pattern: TOKEN, lengthMax, what: 'a header or cookie name', example, doc });
}

export function editableFieldName(doc: string) {
  return text({
    pattern: TOKEN,
    lengthMax: nameLimits.fieldNameCharactersMax,
    what: 'the name of a header that may be edited',
    example: 'x-tier',
    doc,
    refuse: (name) => (isEditable(name) ? null : 'frames or routes messages: it is not to edit'),
  });
}

export function fieldValue(doc: string) {
  const lengthMax = nameLimits.valueCharactersMax;
  const what = 'a header value without control characters or blanks around it';
  return text({ pattern: FIELD_VALUE, lengthMax, what, example: 'gold', doc });
}

/** Of a query parameter, a name or a value. */
export function queryText(doc: string) {
  const lengthMax = nameLimits.valueCharactersMax;
  return text({ pattern: PLAIN, lengthMax, what: 'plain text', example: 'q', doc });
}

function isEditable(name: string): boolean {
  // Some servers read `content_length` as `content-length`.
  const spelled = name.toLowerCase().replaceAll('_', '-');
  return !UNEDITABLE.has(spelled) && !UNEDITABLE_START.test(spelled);
}
