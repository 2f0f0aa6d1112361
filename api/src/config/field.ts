/**
 * The kinds of field that a setting can be. One declaration says type, limits and text; messages,
 * the CRDs and the reference page are all made from it, so that they cannot disagree.
 *
 * Built on zod: what is not a type (the text, what is expected, an example) is kept as its metadata
 * and comes out again in its JSON Schema. An object takes unknown fields without a word here, since
 * `unknown-fields.ts` warns of them: a field from the next release must not drop a route.
 *
 * Pure. Used by the schemas of this folder.
 */
import { z } from 'zod';

/** What a field says about itself. */
export interface FieldNotes {
  /** For the reference page and `kubectl explain`. */
  readonly description: string;
  /** Completes "this is not ..." and "give ...". */
  readonly expects: string;
  /** A value, as YAML. */
  readonly example: string;
  /** What holds when it is left out, where that is no fixed value of this field. */
  readonly otherwise?: string;
}

interface Declared {
  readonly doc: string;
  /** See `FieldNotes`. */
  readonly otherwise?: string;
}

interface TextDeclaration extends Declared {
  readonly pattern: RegExp;
  readonly lengthMax: number;
  readonly expects: string;
  readonly example: string;
}

interface NumberDeclaration extends Declared {
  readonly min: number;
  readonly max: number;
  readonly example?: number;
}

interface ListDeclaration extends Declared {
  /** 0 unless said. */
  readonly min?: number;
  readonly max: number;
}

export function notes({ doc, otherwise }: Declared, expects: string, example: string): FieldNotes {
  return { description: doc, expects, example, ...(otherwise !== undefined && { otherwise }) };
}

export function text(declared: TextDeclaration): z.ZodString {
  const { pattern, lengthMax, expects, example } = declared;
  return z
    .string()
    .max(lengthMax)
    .regex(pattern)
    .meta({ ...notes(declared, expects, example) });
}

export function integer(declared: NumberDeclaration): z.ZodInt {
  const { min, max, example = max } = declared;
  const expects = `a whole number from ${min} to ${max}`;
  return z
    .int()
    .min(min)
    .max(max)
    .meta({ ...notes(declared, expects, String(example)) });
}

export function number(declared: NumberDeclaration): z.ZodNumber {
  const { min, max, example = max } = declared;
  return z
    .number()
    .min(min)
    .max(max)
    .meta({ ...notes(declared, `a number from ${min} to ${max}`, String(example)) });
}

export function choice<const T extends readonly string[]>(
  values: T,
  declared: Declared,
): z.ZodEnum<{ [K in T[number]]: K }> {
  const expects = `one of ${values.join(', ')}`;
  return z.enum(values).meta({ ...notes(declared, expects, values[0] ?? '') });
}

export function numericChoice<const T extends number>(
  values: T[],
  declared: Declared,
): z.ZodLiteral<T> {
  const expects = `one of ${values.join(', ')}`;
  return z.literal(values).meta({ ...notes(declared, expects, String(values[0])) });
}

/** A field whose only value is `true`: it is there, or it is not. */
export function flag(declared: Declared): z.ZodLiteral<true> {
  return z.literal(true).meta({ ...notes(declared, 'true', 'true') });
}

export function list<T extends z.ZodType>(item: T, declared: ListDeclaration): z.ZodArray<T> {
  const { min = 0, max } = declared;
  const expects = min === 0 ? `a list of at most ${max}` : `a list of ${min} to ${max}`;
  return (min === 0 ? z.array(item) : z.array(item).min(min))
    .max(max)
    .meta({ ...notes(declared, expects, '[]') });
}

export function object<T extends z.ZodRawShape>(shape: T, declared: Declared): z.ZodObject<T> {
  const expects = `a map of ${Object.keys(shape).join(', ')}`;
  return z.object(shape).meta({ ...notes(declared, expects, '{}') });
}

/** The notes of a schema, or of what it wraps. */
export function notesOf(schema: z.ZodType): FieldNotes | undefined {
  return (schema.meta() ?? unwrapped(schema)?.meta()) as FieldNotes | undefined;
}

/** Below `optional`, `default` and a transformation: the schema of what is written. */
export function unwrapped(schema: z.ZodType): z.ZodType {
  let inner: unknown = schema;
  for (;;) {
    if (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault) inner = inner.unwrap();
    else if (inner instanceof z.ZodPipe) inner = inner.in;
    else return inner as z.ZodType;
  }
}

/** The schema of one field or item, as it is written; undefined: there is none. */
export function childOf(schema: z.ZodType, step: PropertyKey): z.ZodType | undefined {
  const parent = unwrapped(schema);
  if (parent instanceof z.ZodArray) return unwrapped(parent.element as z.ZodType);
  if (parent instanceof z.ZodRecord) return unwrapped(parent.valueType as z.ZodType);
  if (!(parent instanceof z.ZodObject) || !Object.hasOwn(parent.shape, step)) return undefined;
  return parent.shape[String(step)] as z.ZodType;
}
