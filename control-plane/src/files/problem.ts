/**
 * A mistake in the folder, as everybody who shows one sees it: where it stands, in which object
 * and field, what is wrong and what would be right.
 *
 * Pure. Made by `object-reading.ts` and `ledger.ts`, shown by `remora dev` and `/v1/status`.
 */
import type { Mistake } from './regex-check.ts';

export interface Problem {
  /** `cluster` where the object was read from the API server. */
  readonly file: string;
  /** Both count from 1; 0: there are no lines. */
  readonly line: number;
  readonly column: number;
  /** `TrafficRoute shop/catalog`; null where the text could not be read that far. */
  readonly object: string | null;
  /** `spec.rules[0].backends[1].weight`; null where it is not about one field. */
  readonly field: string | null;
  readonly message: string;
  readonly remedy: string;
  /** The object is in force all the same: a field of it is ignored. */
  readonly isWarning?: true;
}

/** What these problems mean for what is in force. */
export function outcomeOf(problems: readonly Problem[]): string {
  if (problems.length === 0) return 'No mistakes are left.';
  return problems.every(({ isWarning }) => isWarning === true)
    ? 'Everything else is in force.'
    : 'The last good configuration stays in force.';
}

/** One line for a log or a terminal. */
export function problemLine(problem: Problem): string {
  const { file, line, column } = problem;
  const place = line === 0 ? file : `${file}:${line}:${column}`;
  const what = [problem.object, problem.field].filter((part) => part !== null).join(' ');
  return `${place}: ${what === '' ? '' : `${what}: `}${problem.message}. ${problem.remedy}`;
}

/** The same where the place is told otherwise. */
export function sentence({ path, message, remedy }: Mistake): string {
  const field = fieldName(path);
  return `${field === '' ? '' : `${field}: `}${message}. ${remedy}`;
}

/** `['spec', 'rules', 0, 'weight']` as `spec.rules[0].weight`. */
export function fieldName(path: readonly (string | number)[]): string {
  let name = '';
  for (const step of path) {
    if (typeof step === 'number') name += `[${step}]`;
    else name += name === '' ? step : `.${step}`;
  }
  return name;
}
