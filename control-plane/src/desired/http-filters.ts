/**
 * The filters of an HTTPRoute's rule, and of one of its backends, in our own spelling.
 *
 * A filter that is not supported must not be skipped, the Gateway API says: whoever wrote it counts
 * on it. It is a fault, and its rule answers 500. The order of filters means nothing here: none of
 * them sees what another changes, and a copy is of the request as it is sent on.
 *
 * Pure. Called by `http-rules.ts`.
 */
import type { HttpRouteFilter } from '@remora/api/config/http-route.ts';
import { editableFieldName, fieldValue, hostname, path } from '@remora/api/config/names.ts';
import type { HeaderEdits, PathRewrite, RouteRule } from '@remora/api/config/objects.ts';
import { type Fault, isRight, unsupported } from './http-faults.ts';
import { readMirror } from './http-references.ts';
import type { Rule } from './route.ts';

export type Filters = Pick<
  Rule,
  'requestHeaders' | 'responseHeaders' | 'rewrite' | 'redirect' | 'mirror'
>;

type HeaderModifier = NonNullable<HttpRouteFilter['requestHeaderModifier']>;
type WrittenRedirect = NonNullable<HttpRouteFilter['requestRedirect']>;
type WrittenRewrite = NonNullable<HttpRouteFilter['urlRewrite']>;
type PathModifier = NonNullable<WrittenRewrite['path']>;
type Redirect = NonNullable<RouteRule['redirect']>;

/** By type, the field that says more. */
const FIELDS = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestMirror: 'requestMirror',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
} as const;
type FilterType = keyof typeof FIELDS;

const OF_RULES: ReadonlySet<string> = new Set(Object.keys(FIELDS));
/** The others decide before there is a backend. */
const OF_BACKENDS: ReadonlySet<string> = new Set<FilterType>([
  'RequestHeaderModifier',
  'ResponseHeaderModifier',
]);
const STATUSES = [301, 302, 303, 307, 308] as const;
const SCHEMES = ['http', 'https'] as const;

const HEADER_NAME = editableFieldName('The header.');
const HEADER_VALUE = fieldValue('Its value.');
const HOSTNAME = hostname('The new host.');
const PATH = path('The new path.');

export function readFilters(written: readonly HttpRouteFilter[], faults: Fault[]): Filters {
  return new FilterReader(written, OF_RULES, 'filters', faults).read();
}

export function readBackendFilters(
  written: readonly HttpRouteFilter[],
  place: string,
  faults: Fault[],
): Filters {
  return new FilterReader(written, OF_BACKENDS, `${place}.filters`, faults).read();
}

class FilterReader {
  readonly #filters: readonly HttpRouteFilter[];
  readonly #place: string;
  readonly #faults: Fault[];

  constructor(
    filters: readonly HttpRouteFilter[],
    supported: ReadonlySet<string>,
    place: string,
    faults: Fault[],
  ) {
    this.#filters = filters.filter(({ type }) => supported.has(type));
    this.#place = place;
    this.#faults = faults;
    for (const { type } of filters) {
      if (!supported.has(type)) this.#refuse(`type "${type}" is not supported`);
    }
  }

  read(): Filters {
    const mirror = this.#all('RequestMirror').flatMap(readMirror);
    return {
      requestHeaders: this.#headers(this.#only('RequestHeaderModifier')),
      responseHeaders: this.#headers(this.#only('ResponseHeaderModifier')),
      rewrite: this.#rewrite(this.#only('URLRewrite')),
      redirect: this.#redirect(this.#only('RequestRedirect')),
      ...(mirror.length > 0 && { mirror }),
    };
  }

  #refuse(what: string): void {
    this.#faults.push(unsupported(this.#place, what));
  }

  #all(type: FilterType): readonly HttpRouteFilter[] {
    const found = this.#filters.filter((filter) => filter.type === type);
    for (const filter of found) {
      if (filter[FIELDS[type]] === undefined) this.#refuse(`${type} has no ${FIELDS[type]}`);
    }
    return found;
  }

  #only<T extends FilterType>(type: T): HttpRouteFilter[(typeof FIELDS)[T]] {
    const [first, second] = this.#all(type);
    if (second !== undefined) {
      const message = `${this.#place}: ${type} is there twice`;
      this.#faults.push({ reason: 'IncompatibleFilters', message });
    }
    return first?.[FIELDS[type]];
  }

  #headers(modifier: HeaderModifier | undefined): HeaderEdits | undefined {
    if (modifier === undefined) return undefined;
    const { set, add, remove } = modifier;
    for (const { name, value } of [...set, ...add]) {
      this.#isRight(HEADER_NAME, name);
      this.#isRight(HEADER_VALUE, value);
    }
    for (const name of remove) this.#isRight(HEADER_NAME, name);
    const edits = { set: firstOfEach(set), add: firstOfEach(add), remove: lowerCased(remove) };
    const seen = new Set<string>();
    for (const name of [...Object.keys(edits.set), ...Object.keys(edits.add), ...edits.remove]) {
      if (seen.has(name)) this.#refuse(`"${name}" is edited in two ways`);
      seen.add(name);
    }
    return edits;
  }

  #rewrite(written: WrittenRewrite | undefined): RouteRule['rewrite'] {
    if (written === undefined) return undefined;
    const { hostname: host, path: modifier } = written;
    if (host !== undefined) this.#isRight(HOSTNAME, host);
    return { hostname: host, path: this.#path(modifier) };
  }

  #redirect(written: WrittenRedirect | undefined): Redirect | undefined {
    if (written === undefined) return undefined;
    const { hostname: host, path: modifier, port } = written;
    if (host !== undefined) this.#isRight(HOSTNAME, host);
    const status = STATUSES.find((each) => each === written.statusCode);
    if (status === undefined) this.#refuse(`statusCode ${written.statusCode} is not known`);
    const scheme = SCHEMES.find((each) => each === written.scheme);
    if (scheme !== written.scheme) this.#refuse(`scheme "${written.scheme}" is not known`);
    return { status, scheme, hostname: host, port, path: this.#path(modifier) };
  }

  #path(modifier: PathModifier | undefined): PathRewrite | undefined {
    if (modifier === undefined) return undefined;
    const { type, replaceFullPath, replacePrefixMatch } = modifier;
    const value = type === 'ReplaceFullPath' ? replaceFullPath : replacePrefixMatch;
    if (type !== 'ReplaceFullPath' && type !== 'ReplacePrefixMatch') {
      this.#refuse(`path type "${type}" is not known`);
    } else if (value === undefined) this.#refuse(`${type} says no path`);
    // Empty is the root, as the Gateway API's table says.
    const to = value === undefined || value === '' ? '/' : value;
    this.#isRight(PATH, to);
    return type === 'ReplaceFullPath' ? { full: to } : { prefix: to };
  }

  #isRight(judge: Parameters<typeof isRight>[0], value: unknown): void {
    isRight(judge, value, this.#place, this.#faults);
  }
}

/** Case makes no other name; of those that are the same only the first counts. */
function firstOfEach(headers: HeaderModifier['set']): Record<string, string> {
  // A later entry of the same key would win.
  const backwards = headers.toReversed();
  return Object.fromEntries(backwards.map(({ name, value }) => [name.toLowerCase(), value]));
}

function lowerCased(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.toLowerCase()))];
}
