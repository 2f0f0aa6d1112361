/**
 * A schema's complaints as sentences: what is wrong with which value, and what would be right.
 *
 * Pure. Called by `objects.ts`.
 */
import type { z } from 'zod';
import { nearestNames } from '../nearest-names.ts';
import type { UnknownField } from './unknown-fields.ts';

export interface Problem {
  readonly path: (string | number)[];
  /** Without a full stop, as a sentence about the field. */
  readonly message: string;
  readonly remedy: string;
}

const SHOWN_CHARACTERS_MAX = 60;
const KIND_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object with fields',
  record: 'an object with fields',
};

export function problemOf(issue: z.core.$ZodIssue, value: unknown): Problem {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  return { path, ...explained(issue, valueAt(value, path)) };
}

export function unknownFieldProblem({ path, name, known }: UnknownField): Problem {
  return {
    path: [...path],
    message: `unknown field ${shown(name)}: it is ignored`,
    remedy: suggestion(name, known) ?? `The fields here are ${known.join(', ')}`,
  };
}

/** Null: nothing is near enough to be what was meant. */
export function suggestion(word: string, known: readonly string[]): string | null {
  const [meant] = nearestNames(word, known, 1);
  return meant === undefined ? null : `Did you mean \`${meant}\`?`;
}

/** A value in a message, cut where it is long. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= SHOWN_CHARACTERS_MAX ? text : `${text.slice(0, SHOWN_CHARACTERS_MAX)}…`;
}

type Explained = Omit<Problem, 'path'>;

function explained(issue: z.core.$ZodIssue, value: unknown): Explained {
  switch (issue.code) {
    case 'custom':
      return { message: issue.message, remedy: String(issue.params?.['remedy'] ?? 'Correct it') };
    case 'invalid_type':
      return wrongType(wantedBy(issue), value);
    case 'invalid_value':
      return wrongWord(issue.values, value);
    case 'too_big':
      return { message: `more than ${issue.maximum}`, remedy: `At most ${issue.maximum} fit` };
    case 'too_small':
      return { message: `less than ${issue.minimum}`, remedy: `Write at least ${issue.minimum}` };
    case 'invalid_key':
      return invalidKey(issue.issues, value);
    default:
      return { message: `${shown(value)}: ${issue.message}`, remedy: 'See docs/config.md' };
  }
}

/** A field that says what it wants says it as its own message. */
function wantedBy({ message, expected }: z.core.$ZodIssueInvalidType): string {
  return message.startsWith('Invalid input') ? (KIND_WORDS[expected] ?? expected) : message;
}

function wrongType(expected: string, value: unknown): Explained {
  if (value === undefined) return { message: 'is missing', remedy: `Add it: ${expected}` };
  const message = `${shown(value)} is not ${expected}`;
  if (expected === 'text' && (typeof value === 'number' || typeof value === 'boolean')) {
    return { message, remedy: `Write it in quotes: "${value}"` };
  }
  const isQuoted = expected.endsWith('number') && typeof value === 'string';
  return { message, remedy: isQuoted ? 'Write a number, without quotes' : `Write ${expected}` };
}

function wrongWord(values: readonly unknown[], value: unknown): Explained {
  const allowed = values.map(String);
  const all = allowed.length === 1 ? `Write ${allowed[0]}` : `Write one of ${allowed.join(', ')}`;
  if (value === undefined) return { message: 'is missing', remedy: all };
  const meant = typeof value === 'string' ? suggestion(value, allowed) : null;
  const message = `${shown(value)} is not ${allowed.length === 1 ? '' : 'one of '}`;
  return {
    message: message + allowed.join(', '),
    remedy: meant === null ? all : `${meant} ${all}`,
  };
}

/** The name of an entry is wrong; the place is the entry. */
function invalidKey(issues: readonly z.core.$ZodIssue[], value: unknown): Explained {
  const [first] = issues;
  if (first === undefined) return { message: 'the name is wrong', remedy: 'Correct it' };
  return explained(first, value);
}

/** Own fields only: `constructor` is nobody's setting. */
function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Readonly<Record<string | number, unknown>>)[step];
  }
  return at;
}
