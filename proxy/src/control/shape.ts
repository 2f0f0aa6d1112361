/**
 * Checks of a value's shape, as small functions that are put together; the first thing wrong is
 * named with its place, what it is and what it must be.
 *
 * Unknown fields pass. `zod` was refused: it costs a sidecar megabytes for a few fixed shapes.
 *
 * Pure. Used by `config-shape.ts` and `resilience-shape.ts`.
 */

/** Throws an Error that names the field. */
export type Check = (value: unknown, at: string) => void;

const SHOWN_CHARACTERS_MAX = 60;
/** Neither line ends nor other controls, but the tab that a header's value may have. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const PLAIN = /^[^\u0000-\u0008\u000a-\u001f\u007f]*$/;

export const text: Check = (value, at) => {
  if (typeof value !== 'string') throw wrong(at, 'text', value);
  if (!PLAIN.test(value)) throw wrong(at, 'text without control characters', value);
};

export const flag: Check = (value, at) => {
  if (typeof value !== 'boolean') throw wrong(at, 'true or false', value);
};

export const count: Check = number(0, Number.MAX_SAFE_INTEGER);

export function fields(checks: Readonly<Record<string, Check>>): Check {
  const entries = Object.entries(checks);
  return (value, at) => {
    const record = recordOf(value, at);
    for (const [name, check] of entries) {
      check(Object.hasOwn(record, name) ? record[name] : undefined, `${at}.${name}`);
    }
  };
}

export function list(check: Check): Check {
  return (value, at) => {
    if (!Array.isArray(value)) throw wrong(at, 'a list', value);
    for (const [index, item] of value.entries()) check(item, `${at}[${index}]`);
  };
}

/** A list with a yield after each item, since a table has thousands of them. */
export function* each(value: unknown, check: Check, at: string): Generator<void> {
  if (!Array.isArray(value)) throw wrong(at, 'a list', value);
  for (const [index, item] of value.entries()) {
    check(item, `${at}[${index}]`);
    yield;
  }
}

export function orNull(check: Check): Check {
  return (value, at) => {
    if (value !== null) check(value, at);
  };
}

export function optional(check: Check): Check {
  return (value, at) => {
    if (value !== undefined) check(value, at);
  };
}

export function number(min: number, max: number): Check {
  return (value, at) => {
    // Not NaN either, which is neither.
    if (typeof value === 'number' && value >= min && value <= max) return;
    throw wrong(at, `a number from ${min} to ${max}`, value);
  };
}

export function oneOf(...values: readonly (string | number)[]): Check {
  return (value, at) => {
    if (!values.includes(value as string)) throw wrong(at, `one of ${values.join(', ')}`, value);
  };
}

export function recordOf(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw wrong(at, 'an object', value);
}

export function wrong(at: string, wanted: string, value: unknown): Error {
  const found = (JSON.stringify(value) ?? 'missing').slice(0, SHOWN_CHARACTERS_MAX);
  return new Error(`${at} is ${found}, expected ${wanted}`);
}
