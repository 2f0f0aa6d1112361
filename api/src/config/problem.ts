/**
 * What is wrong with an object: where, what, and what would be right.
 *
 * A schema library knows that a number is too big; the reader wants the value that was written, the
 * limits and something to type. All three come from the field's own notes. One problem per place:
 * the second thing that is wrong with a value is rarely news.
 *
 * Pure. Called by `objects.ts`.
 */
import { z } from 'zod';
import { nearestNames } from '../nearest-names.ts';
import { childOf, notesOf, unwrapped } from './field.ts';

export type Path = (string | number)[];

/** `message` completes "this is wrong: ..."; `remedy` is a sentence without its full stop. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
  readonly remedy: string;
}

/** More of one object are not told. */
export const PROBLEMS_MAX = 32;
const SHOWN_LENGTH_MAX = 60;

export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  schema: z.ZodType,
  value: unknown,
): Problem[] {
  const problems = new Map<string, Problem>();
  for (const issue of issues) {
    if (problems.size === PROBLEMS_MAX) break;
    const problem = problemOf(issue, schema, value);
    const place = JSON.stringify(problem.path);
    const said = issue.code === 'custom' && issue.message !== GENERIC ? issue.message : '';
    if (!problems.has(place + said)) problems.set(place + said, problem);
  }
  return [...problems.values()];
}

/** Zod's text for a check that brings none. */
const GENERIC = 'Invalid input';

function problemOf(issue: z.core.$ZodIssue, schema: z.ZodType, value: unknown): Problem {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code === 'custom' && issue.message !== GENERIC) {
    return { path, message: issue.message, remedy: String(issue.params?.['remedy'] ?? '') };
  }
  return { path, ...explained(fieldAt(schema, path), valueAt(value, path), path) };
}

function explained(
  field: z.ZodType | undefined,
  value: unknown,
  path: Path,
): Pick<Problem, 'message' | 'remedy'> {
  const { expects = 'what is allowed here', example = '' } =
    (field === undefined ? undefined : notesOf(field)) ?? {};
  const name = path.findLast((step) => typeof step === 'string') ?? 'value';
  const written = typeof path.at(-1) === 'string' ? `\`${name}: ${example}\`` : `\`${example}\``;
  if (value === undefined) {
    return { message: `${name} is missing`, remedy: `Give ${expects}, for example ${written}` };
  }
  const message = `${shown(value)} is not ${expects}`;
  const inner = field === undefined ? undefined : unwrapped(field);
  if (inner instanceof z.ZodString && (typeof value === 'number' || typeof value === 'boolean')) {
    return { message, remedy: `Put it in quotes: \`${name}: "${value}"\`` };
  }
  if (inner instanceof z.ZodEnum && typeof value === 'string') {
    const [near] = nearestNames(value, inner.options.map(String), 1);
    if (near !== undefined) return { message, remedy: `Did you mean \`${near}\`?` };
  }
  if (inner instanceof z.ZodNumber && isNumeral(value) && inner.safeParse(Number(value)).success) {
    return { message, remedy: `Remove the quotes: \`${name}: ${value}\`` };
  }
  return { message, remedy: `Give ${expects}, for example ${written}` };
}

/** A value as it may stand in a message: on one line, and short. */
export function shown(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value))
    return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') return 'a map';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX)}…`;
}

function isNumeral(value: unknown): value is string {
  return typeof value === 'string' && /^-?[0-9]{1,15}(\.[0-9]{1,15})?$/.test(value);
}

function fieldAt(schema: z.ZodType, path: Path): z.ZodType | undefined {
  let field: z.ZodType | undefined = schema;
  for (const step of path) {
    if (field === undefined) return undefined;
    field = childOf(field, step);
  }
  return field;
}

function valueAt(value: unknown, path: Path): unknown {
  let inner = value;
  for (const step of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, step))
      return undefined;
    inner = (inner as Record<string | number, unknown>)[step];
  }
  return inner;
}
