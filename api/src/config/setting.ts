/**
 * How a setting is declared once: its type, limits, default and doc, from which come the check, the
 * CRD's schema and the reference page.
 *
 * `x-type`, `x-limits`, `x-default` are for the page and `kubectl explain`. A default is told here
 * and applied by the control plane. Were it in the CRD, the API server would write it into every
 * object: a policy that says nothing could not be told from one that says the default, and GitOps
 * tools report such fields within lists as drift for ever. Only a `default` that is constant and
 * stands in no list is in the CRD too.
 *
 * Pure. Used by every schema of this folder.
 */
import { z } from 'zod';

/** Reports what is wrong with a value, and what would be right. */
export function mistaken(
  context: z.core.$RefinementCtx,
  message: string,
  remedy: string,
  path: readonly (string | number)[] = [],
): void {
  context.addIssue({ code: 'custom', message, params: { remedy }, path: [...path] });
}

/** Of a setting in percent. */
export function ratio(percent: number | undefined): number | undefined {
  return percent === undefined ? undefined : percent / 100;
}

export interface NumberSpec {
  readonly min: number;
  readonly max: number;
  readonly default?: number | string;
  readonly doc: string;
}

export function integer(spec: NumberSpec) {
  return numeric(spec, 'integer', 'a whole number');
}

export function decimal(spec: NumberSpec) {
  return numeric(spec, 'number', 'a number');
}

function numeric(spec: NumberSpec, type: 'integer' | 'number', word: string) {
  const { min, max, doc } = spec;
  const limits = `${min} to ${max}`;
  return z
    .number()
    .superRefine((value, context) => {
      if (value >= min && value <= max && (type === 'number' || Number.isInteger(value))) return;
      mistaken(context, `${value} is not ${word} of ${limits}`, `Write ${word} from ${limits}`);
    })
    .meta({
      type,
      minimum: min,
      maximum: max,
      description: doc,
      'x-type': type,
      'x-limits': limits,
      ...(spec.default !== undefined && { 'x-default': String(spec.default) }),
    });
}

export interface TextSpec {
  /** Must be within RE2, since the API server checks it too. */
  readonly pattern: RegExp;
  readonly lengthMax: number;
  /** Completes "is not …": `a path that starts with "/"`. */
  readonly what: string;
  readonly example: string;
  readonly default?: string;
  readonly doc: string;
  /** A further reason to refuse it; null: none. */
  readonly refuse?: (text: string) => string | null;
}

export function text({ pattern, lengthMax, what, example, doc, refuse, ...spec }: TextSpec) {
  return z
    .string()
    .superRefine((value, context) => {
      const remedy = `Write ${what}, for example ${JSON.stringify(example)}`;
      if (value.length > lengthMax) {
        const message = `${value.length} characters, over ${lengthMax}`;
        mistaken(context, message, 'Make it shorter');
      } else if (!pattern.test(value)) {
        mistaken(context, `${JSON.stringify(value)} is not ${what}`, remedy);
      } else {
        const reason = refuse?.(value) ?? null;
        if (reason !== null) mistaken(context, `${JSON.stringify(value)} ${reason}`, remedy);
      }
    })
    .meta({
      description: doc,
      pattern: pattern.source,
      maxLength: lengthMax,
      'x-type': 'text',
      'x-limits': `${what}, at most ${lengthMax} characters`,
      ...(spec.default !== undefined && { 'x-default': spec.default }),
    });
}

/** An enumeration of words. */
export function word<const T extends readonly string[]>(
  values: T,
  { doc, default: standard }: { readonly doc: string; readonly default?: string },
) {
  return z.enum(values).meta({
    description: doc,
    'x-type': 'text',
    'x-limits': values.join(', '),
    ...(standard !== undefined && { 'x-default': standard }),
  });
}

/** One of several alternatives, which is taken by saying so. */
export function onlyTrue(doc: string) {
  return z.literal(true).meta({
    description: doc,
    type: 'boolean',
    'x-type': 'boolean',
    'x-limits': 'true',
  });
}

export function flag({
  default: standard,
  doc,
}: {
  readonly default: boolean;
  readonly doc: string;
}) {
  return z.boolean().meta({
    description: doc,
    'x-type': 'boolean',
    'x-limits': 'true, false',
    'x-default': String(standard),
  });
}

/** A list with a bound. */
export function list<T extends z.ZodType>(
  item: T,
  { max, doc, default: standard }: { max: number; doc: string; default?: string },
) {
  return z
    .array(item)
    .max(max)
    .meta({
      description: doc,
      'x-type': 'list',
      'x-limits': `at most ${max}`,
      ...(standard !== undefined && { 'x-default': standard }),
    });
}
