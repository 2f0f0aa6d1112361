/**
 * What a match asks beyond the path: method, headers, query; all of it must hold.
 *
 * Decided where the Gateway API leaves it open. A header given on several lines is judged as its
 * combined value, joined by "," (RFC 9110 §5.3; Cookie by "; ", RFC 9113 §8.2.3). Of a query
 * parameter given several times the first counts. Names and values of the query are compared
 * percent-decoded, here and in the configuration (`+` stays `+`): Envoy compares them raw, which
 * an equivalent spelling evades. What Envoy matches exactly, matches here.
 *
 * Pure. Budget: no allocation but for the subject of a regular expression. Used by `route-table`.
 */
import type { MatchConfig, ValueMatchConfig } from '@remora/api/wire.ts';
import { type Head, METHOD, VALUE_END, VALUE_START } from '../http1/head.ts';
import { decodedByteAt, decodedText, encodedLength, percentDecoded } from './percent.ts';
import type { Regex, RegexCompiler } from './regex.ts';

const EQUALS = 0x3d;
const AMPERSAND = 0x26;

/** Null: the match asks nothing beyond its path. */
export function compileConditions(match: MatchConfig, regex: RegexCompiler): Conditions | null {
  if (match.method === null && match.headers.length === 0 && match.query.length === 0) return null;
  return new Conditions(
    match.method,
    firstOfEachName(match.headers).map((header) => new HeaderCondition(header, regex)),
    firstOfEachName(match.query).map((parameter) => new QueryCondition(parameter, regex)),
  );
}

/** Of several entries of one name only the first counts (Gateway API). */
function firstOfEachName(matches: readonly ValueMatchConfig[]): readonly ValueMatchConfig[] {
  return matches.filter(
    (match, index) => matches.findIndex((other) => other.name === match.name) === index,
  );
}

export class Conditions {
  /** -1: any method. */
  readonly #method: number;
  readonly #methodBytes: Buffer;
  readonly #headers: readonly HeaderCondition[];
  readonly #query: readonly QueryCondition[];

  constructor(
    method: string | null,
    headers: readonly HeaderCondition[],
    query: readonly QueryCondition[],
  ) {
    this.#method = method === null ? -1 : methodId(method);
    this.#methodBytes = Buffer.from(method ?? '');
    this.#headers = headers;
    this.#query = query;
  }

  hold(head: Head): boolean {
    if (this.#method !== -1 && !this.#isMethod(head)) return false;
    for (let at = 0; at < this.#headers.length; at++) {
      if (!this.#headers[at]!.holds(head)) return false;
    }
    for (let at = 0; at < this.#query.length; at++) {
      if (!this.#query[at]!.holds(head)) return false;
    }
    return true;
  }

  /** How many of them hold, and for people what the first is that does not. Allocates. */
  judge(head: Head): { readonly held: number; readonly why: string | null } {
    const misses: (string | null)[] = [...this.#headers, ...this.#query].map((condition) =>
      condition.holds(head) ? null : condition.miss(head),
    );
    if (this.#method !== -1) misses.unshift(this.#methodMiss(head));
    const why = misses.find((miss) => miss !== null) ?? null;
    return { held: misses.filter((miss) => miss === null).length, why };
  }

  #methodMiss(head: Head): string | null {
    const { methodStart, methodEnd } = head;
    const method = head.text(methodStart, methodEnd);
    return this.#isMethod(head) ? null : `method is ${method}, not ${String(this.#methodBytes)}`;
  }

  #isMethod(head: Head): boolean {
    if (head.method !== this.#method) return false;
    if (this.#method !== METHOD.OTHER) return true;
    return isExactly(head.slab, head.methodStart, head.methodEnd, this.#methodBytes);
  }
}

function methodId(method: string): number {
  return Object.hasOwn(METHOD, method) ? METHOD[method as keyof typeof METHOD] : METHOD.OTHER;
}

class HeaderCondition {
  readonly #name: Buffer;
  readonly #separator: Buffer;
  readonly #present: boolean;
  readonly #value: Buffer;
  readonly #regex: Regex | null;

  constructor(match: ValueMatchConfig, regex: RegexCompiler) {
    this.#name = Buffer.from(match.name.toLowerCase());
    this.#separator = Buffer.from(match.name.toLowerCase() === 'cookie' ? '; ' : ',');
    this.#present = match.type === 'present';
    this.#value = Buffer.from(match.value);
    this.#regex = match.type === 'regex' ? regex.compile(match.value) : null;
  }

  miss(head: Head): string {
    const first = head.find(this.#name);
    if (first === -1) return `header ${String(this.#name)} is missing`;
    const is = `header ${String(this.#name)} is "${this.#combined(head, first)}"`;
    return this.#regex === null ? `${is}, not "${String(this.#value)}"` : `${is}: no match`;
  }

  holds(head: Head): boolean {
    const first = head.find(this.#name);
    if (first === -1) return false;
    if (this.#present) return true;
    if (this.#regex !== null) return this.#regex.matches(this.#combined(head, first));
    return this.#equals(head, first);
  }

  #combined(head: Head, first: number): string {
    let text = this.#valueText(head, first);
    for (let field = first + 1; field < head.fieldCount; field++) {
      if (!head.nameIs(field, this.#name)) continue;
      text += this.#separator.toString() + this.#valueText(head, field);
    }
    return text;
  }

  #valueText(head: Head, field: number): string {
    const at = field * 4;
    return head.slab.toString('utf8', head.spans[at + VALUE_START]!, head.spans[at + VALUE_END]!);
  }

  /** Compares line by line, so that the combined value is never built. */
  #equals(head: Head, first: number): boolean {
    let rest = this.#equalSoFar(head, first, 0);
    for (let field = first + 1; field < head.fieldCount && rest !== -1; field++) {
      if (!head.nameIs(field, this.#name)) continue;
      const next = rest + this.#separator.length;
      if (!isExactly(this.#value, rest, next, this.#separator)) return false;
      rest = this.#equalSoFar(head, field, next);
    }
    return rest === this.#value.length;
  }

  /** Where the wanted value goes on after this line, or -1 where they differ. */
  #equalSoFar(head: Head, field: number, from: number): number {
    const start = head.spans[field * 4 + VALUE_START]!;
    const length = head.spans[field * 4 + VALUE_END]! - start;
    if (from + length > this.#value.length) return -1;
    for (let at = 0; at < length; at++) {
      if (head.slab[start + at] !== this.#value[from + at]) return -1;
    }
    return from + length;
  }
}

class QueryCondition {
  readonly #name: Buffer;
  readonly #present: boolean;
  readonly #value: Buffer;
  readonly #regex: Regex | null;

  constructor(match: ValueMatchConfig, regex: RegexCompiler) {
    this.#name = percentDecoded(match.name);
    this.#present = match.type === 'present';
    this.#value = percentDecoded(match.value);
    this.#regex = match.type === 'regex' ? regex.compile(match.value) : null;
  }

  miss(_head: Head): string {
    const wanted = this.#present || this.#regex !== null ? '' : `="${String(this.#value)}"`;
    return `query parameter ${String(this.#name)}${wanted} is not there`;
  }

  holds(head: Head): boolean {
    const slab = head.slab;
    for (let start = head.queryStart; start < head.queryEnd; ) {
      let end = start;
      let equals = -1;
      for (; end < head.queryEnd && slab[end] !== AMPERSAND; end++) {
        if (equals === -1 && slab[end] === EQUALS) equals = end;
      }
      const nameEnd = equals === -1 ? end : equals;
      if (decodesTo(slab, start, nameEnd, this.#name)) {
        if (this.#present) return true;
        const valueStart = equals === -1 ? end : equals + 1;
        if (this.#regex !== null) return this.#regex.matches(decodedText(slab, valueStart, end));
        return decodesTo(slab, valueStart, end, this.#value);
      }
      start = end + 1;
    }
    return false;
  }
}

function isExactly(bytes: Uint8Array, start: number, end: number, wanted: Uint8Array): boolean {
  if (end - start !== wanted.length || end > bytes.length) return false;
  for (let at = 0; at < wanted.length; at++) {
    if (bytes[start + at] !== wanted[at]) return false;
  }
  return true;
}

function decodesTo(bytes: Uint8Array, start: number, end: number, wanted: Uint8Array): boolean {
  let read = start;
  for (let at = 0; at < wanted.length; at++) {
    if (read >= end || decodedByteAt(bytes, read, end) !== wanted[at]) return false;
    read += encodedLength(bytes, read, end);
  }
  return read === end;
}
