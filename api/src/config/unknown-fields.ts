/**
 * The fields of an object that its schema does not have.
 *
 * Found beside parsing and not by it: a strict schema refuses the whole object, and a route that is
 * in force must not fall over a field of a newer release. Kubernetes treats them the same way.
 *
 * Pure. Called by `objects.ts`.
 */
import type { z } from 'zod';
import { unwrapped } from './unwrapped.ts';

export interface UnknownField {
  readonly path: readonly (string | number)[];
  readonly name: string;
  /** The fields that could stand in its place. */
  readonly known: readonly string[];
}

type Path = readonly (string | number)[];

/** Only as deep as the schema goes, so a value cannot make it run deep. */
export function unknownFields(schema: z.core.$ZodType, value: unknown, path: Path): UnknownField[] {
  const inner = unwrapped(schema);
  if (typeof value !== 'object' || value === null) return [];
  const { def } = inner._zod;
  if (def.type === 'array') {
    if (!Array.isArray(value)) return [];
    return value.flatMap((item, at) => unknownFields(def.element, item, [...path, at]));
  }
  if (def.type !== 'object' || Array.isArray(value)) return [];
  const known = Object.keys(def.shape);
  return Object.entries(value).flatMap(([name, field]): UnknownField[] => {
    if (!Object.hasOwn(def.shape, name)) return [{ path: [...path, name], name, known }];
    return unknownFields(def.shape[name]!, field, [...path, name]);
  });
}
