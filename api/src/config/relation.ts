/**
 * Rules over several fields of one object, each declared once: checked here, and carried into the
 * CRD as a CEL rule with the same message, so that `kubectl apply` and `remora check` agree.
 *
 * A relation that only asks which fields are given is checked even where a field is wrong, so that
 * all mistakes are told at once; one that compares values waits until they are right.
 *
 * Pure. Used by the schemas of this folder.
 */
import type { z } from 'zod';

export interface Relation {
  readonly message: string;
  readonly remedy: string;
  /** Null: CEL cannot say it within its cost limits, or the CRD says it in another way. */
  readonly cel: string | null;
  readonly holds: (value: Readonly<Record<string, unknown>>) => boolean;
  /** The field it is shown at; the object itself if left out. */
  readonly at?: string;
  /** It reads values and not only which fields are given. */
  readonly comparesValues?: boolean;
}

export function exactlyOneOf(fields: readonly string[], remedy: string): Relation {
  return counted(fields, (count) => count === 1, {
    message: `exactly one of ${fields.join(', ')} is wanted`,
    remedy,
    cel: `${celCount(fields)} == 1`,
  });
}

export function atMostOneOf(fields: readonly string[], remedy: string): Relation {
  return counted(fields, (count) => count <= 1, {
    message: `at most one of ${fields.join(', ')} is wanted`,
    remedy,
    cel: `${celCount(fields)} <= 1`,
  });
}

/** Adds relations to an object's schema. */
export function related<T extends z.ZodObject>(schema: T, relations: readonly Relation[]): T {
  const rules = relations.flatMap(({ cel, message }) =>
    cel === null ? [] : [{ rule: cel, message }],
  );
  let checked: T = schema;
  for (const { holds, message, remedy, at, comparesValues = false } of relations) {
    checked = checked.refine((value) => holds(value as Record<string, unknown>), {
      message,
      params: { remedy },
      ...(at !== undefined && { path: [at] }),
      ...(!comparesValues && { when: ({ value }) => isMap(value) }),
    }) as T;
  }
  const validations = rules.length === 0 ? {} : { 'x-kubernetes-validations': rules };
  return checked.meta({ ...schema.meta(), ...validations }) as T;
}

function counted(
  fields: readonly string[],
  allows: (count: number) => boolean,
  rest: Pick<Relation, 'message' | 'remedy' | 'cel'>,
): Relation {
  const holds: Relation['holds'] = (value) =>
    allows(fields.filter((field) => value[field] !== undefined).length);
  return { ...rest, holds };
}

function celCount(fields: readonly string[]): string {
  return fields.map((field) => `(has(self.${field}) ? 1 : 0)`).join(' + ');
}

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
