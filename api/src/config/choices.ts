/**
 * Objects of which exactly one field, or at least one, must be given: checked here, and by the API
 * server with the same sentence, from the same list of names.
 *
 * Why not a union with a `type` field, as the Gateway API has it: `path: { prefix: /x }` is shorter
 * than `path: { type: PathPrefix, value: /x }` and cannot contradict itself.
 *
 * Pure. Used by the schemas of this folder.
 */
import { z } from 'zod';
import { mistaken } from './setting.ts';

/** A rule for the API server, in its expression language. */
export interface ServerRule {
  readonly rule: string;
  readonly message: string;
}

/** Words that the expression language reserves are written with underscores around them. */
const RESERVED = new Set(['namespace', 'in', 'as', 'for', 'if', 'let', 'import', 'package']);

export function has(name: string): string {
  return `has(self.${RESERVED.has(name) ? `__${name}__` : name})`;
}

export function exactlyOne<S extends z.core.$ZodLooseShape>(
  shape: S,
  names: readonly (keyof S & string)[],
  { doc, rules = [] }: { readonly doc: string; readonly rules?: readonly ServerRule[] },
) {
  const message = `exactly one of ${names.join(', ')} must be given`;
  const rule = `[${names.map(has).join(', ')}].exists_one(given, given)`;
  return z
    .object(shape)
    .superRefine((value, context) => {
      const given = givenOf(value, names);
      if (given.length === 1) return;
      const found = given.length === 0 ? 'none is' : `${given.join(' and ')} are`;
      const remedy = given.length === 0 ? `Add one of ${names.join(', ')}` : 'Keep one of them';
      mistaken(context, `${message}, but ${found}`, remedy);
    })
    .meta({ description: doc, 'x-kubernetes-validations': [{ rule, message }, ...rules] });
}

export function atLeastOne<S extends z.core.$ZodLooseShape>(
  shape: S,
  names: readonly (keyof S & string)[],
  { doc }: { readonly doc: string },
) {
  const message = `at least one of ${names.join(', ')} must be given`;
  return z
    .object(shape)
    .superRefine((value, context) => {
      if (givenOf(value, names).length > 0) return;
      mistaken(context, message, `Add one of ${names.join(', ')}, or leave the whole out`);
    })
    .meta({
      description: doc,
      'x-kubernetes-validations': [{ rule: names.map(has).join(' || '), message }],
    });
}

function givenOf(value: Readonly<Record<string, unknown>>, names: readonly string[]): string[] {
  return names.filter((name) => value[name] !== undefined);
}
