/**
 * JSON too large to parse in one go: split at its members, parsed in pieces.
 *
 * `JSON.parse` of a destination with a thousand rules holds the loop for 10 ms. Here the text is
 * walked by a generator, and what is small enough is given to `JSON.parse` whole. Members can be
 * had as text as well, so that what is only kept or passed on is never parsed. A worker was
 * refused: its result would be copied back on this thread.
 *
 * Pure. Used by whoever reads lines or files of configuration. Texts that are no JSON throw.
 */

/** Parsed in one go: well under a millisecond. */
const WHOLE_CHARS = 8 * 1024;
/** Walked between two yields. */
const WALK_CHARS = 8 * 1024;
/** Deeper JSON is parsed whole from there on: no contract of ours nests so far. */
const DEPTH_MAX = 16;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/** A value's place in the text: from its first character to after its last. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Whole text, or a part of it. */
export function* parseSliced(
  text: string,
  span: Span = { from: 0, to: text.length },
  depth = 0,
): Generator<void, unknown> {
  const opening = text[skipBlank(text, span.from)];
  const isNested = opening === '{' || opening === '[';
  if (span.to - span.from <= WHOLE_CHARS || depth >= DEPTH_MAX || !isNested) {
    yield;
    return JSON.parse(text.slice(span.from, span.to));
  }
  const members = yield* walk(text, span);
  if (opening === '[') {
    const list: unknown[] = [];
    for (const { key, value } of members) {
      if (key !== null) throw new SyntaxError('a JSON list has a member with a name');
      list.push(yield* parseSliced(text, value, depth + 1));
    }
    return list;
  }
  const entries: [string, unknown][] = [];
  for (const { key, value } of members) {
    entries.push([keyOf(text, key), yield* parseSliced(text, value, depth + 1)]);
  }
  // Not by assignment: `__proto__` must stay a key like others.
  return Object.fromEntries(entries);
}

/** Where each member of an object lies. */
export function* membersOf(
  text: string,
  span: Span = { from: 0, to: text.length },
): Generator<void, ReadonlyMap<string, Span>> {
  if (text[skipBlank(text, span.from)] !== '{') throw new SyntaxError('expected a JSON object');
  const members = new Map<string, Span>();
  for (const { key, value } of yield* walk(text, span)) members.set(keyOf(text, key), value);
  return members;
}

interface Member {
  /** In objects; null in lists. */
  readonly key: Span | null;
  readonly value: Span;
}

function keyOf(text: string, key: Span | null): string {
  const name: unknown = key === null ? null : JSON.parse(text.slice(key.from, key.to));
  if (typeof name !== 'string') throw new SyntaxError('expected a JSON member with a name');
  return name;
}

/** Finds the members; what they hold is checked when they are parsed. */
function* walk(text: string, span: Span): Generator<void, Member[]> {
  const members: Member[] = [];
  const opening = skipBlank(text, span.from);
  // `}` and `]` come two after their opening counterparts.
  const closing = text.charCodeAt(opening) + 2;
  let at = opening + 1;
  let start = at;
  let key: Span | null = null;
  let depth = 0;
  let yieldAt = at + WALK_CHARS;
  for (; at < span.to; at++) {
    if (at >= yieldAt) {
      yieldAt = at + WALK_CHARS;
      yield;
    }
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (isOpening(code)) {
      depth++;
    } else if (isClosing(code)) {
      if (depth === 0) break;
      depth--;
    } else if (depth === 0 && code === COLON) {
      key = { from: start, to: at };
      start = at + 1;
    } else if (depth === 0 && code === COMMA) {
      members.push({ key, value: { from: start, to: at } });
      key = null;
      start = at + 1;
    }
  }
  if (text.charCodeAt(at) !== closing || at >= span.to || skipBlank(text, at + 1) < span.to) {
    throw new SyntaxError('JSON is cut off, or its brackets do not match');
  }
  if (members.length > 0 || skipBlank(text, start) < at) {
    members.push({ key, value: { from: start, to: at } });
  }
  return members;
}

/** Index of the closing quote. */
function endOfString(text: string, open: number): number {
  let at = open;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at === -1) throw new SyntaxError('JSON ends within a string');
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
}

/** `{` or `[`. */
function isOpening(code: number): boolean {
  return code === 0x7b || code === 0x5b;
}

function isClosing(code: number): boolean {
  return code === 0x7d || code === 0x5d;
}

function skipBlank(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text.charCodeAt(at))) at++;
  return at;
}

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}
