/**
 * The matches of an HTTPRoute's rule, in our own spelling.
 *
 * A match that cannot be understood (a type of a newer release, a regular expression that does not
 * compile) is left out and is a fault: it is for requests that cannot be told, so they are the
 * other rules'. Matching more than was written was refused: that would take requests from rules
 * that are right.
 *
 * Pure. Called by `http-rules.ts`.
 */
import type { HttpRouteMatch } from '@remora/api/config/http-route.ts';
import { fieldName, path, queryText } from '@remora/api/config/names.ts';
import type { RouteMatch, ValueMatch } from '@remora/api/config/objects.ts';
import { type Fault, isRight, unsupported } from './http-faults.ts';
import { regexMistake } from './regex-mistake.ts';

type WrittenValue = HttpRouteMatch['headers'][number];

const METHODS: ReadonlySet<string> = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'],
]);
const PATH = path('The path.');
const HEADER_NAME = fieldName('The header.');
const PARAMETER_NAME = queryText('The parameter.');

/** Those that can be followed; none of some: the rule is for no request. */
export function readMatches(written: readonly HttpRouteMatch[], faults: Fault[]): RouteMatch[] {
  return written.flatMap((match, index) => {
    const found: Fault[] = [];
    const read = readMatch(match, `matches[${index}]`, found);
    faults.push(...found);
    return found.length === 0 ? [read] : [];
  });
}

function readMatch(match: HttpRouteMatch, place: string, faults: Fault[]): RouteMatch {
  const { method } = match;
  if (method !== undefined && !METHODS.has(method)) {
    faults.push(unsupported(`${place}.method`, `"${method}" is not known`));
  }
  const headers = firstOfEach(match.headers, ({ name }) => name.toLowerCase());
  const query = firstOfEach(match.queryParams, ({ name }) => name);
  for (const { name } of headers) isRight(HEADER_NAME, name, `${place}.headers`, faults);
  for (const { name } of query) isRight(PARAMETER_NAME, name, `${place}.queryParams`, faults);
  return {
    path: readPath(match.path, `${place}.path`, faults),
    method,
    headers: headers.map((header) => readValue(header, `${place}.headers`, faults)),
    query: query.map((parameter) => readValue(parameter, `${place}.queryParams`, faults)),
  };
}

function readPath(
  written: HttpRouteMatch['path'],
  place: string,
  faults: Fault[],
): RouteMatch['path'] {
  if (written === undefined) return undefined;
  const { type, value } = written;
  if (type === 'RegularExpression') return { regex: readRegex(value, place, faults) };
  if (type !== 'Exact' && type !== 'PathPrefix') {
    faults.push(unsupported(place, `type "${type}" is not known`));
    return undefined;
  }
  isRight(PATH, value, place, faults);
  return type === 'Exact' ? { exact: value } : { prefix: value };
}

function readValue(
  { type, name, value }: WrittenValue,
  place: string,
  faults: Fault[],
): ValueMatch {
  if (type === 'RegularExpression') return { name, regex: readRegex(value, place, faults) };
  if (type !== 'Exact') faults.push(unsupported(place, `type "${type}" is not known`));
  return { name, exact: value };
}

function readRegex(pattern: string, place: string, faults: Fault[]): string {
  const mistake = regexMistake(pattern);
  if (mistake !== null) faults.push(unsupported(place, mistake.message));
  return pattern;
}

/** Of names that mean the same only the first counts, as the Gateway API says. */
function firstOfEach<T>(values: readonly T[], keyOf: (value: T) => string): readonly T[] {
  const firsts = new Map<string, T>();
  for (const value of values) {
    const key = keyOf(value);
    if (!firsts.has(key)) firsts.set(key, value);
  }
  return [...firsts.values()];
}
