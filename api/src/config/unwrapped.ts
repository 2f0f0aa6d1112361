/**
 * The schema under `.optional()`, `.default()`, `.prefault()` and `.transform()`: the one that says
 * which fields there are.
 *
 * Pure. Called by `known-fields.ts` and `unknown-fields.ts`.
 */
import type { z } from 'zod';

export function unwrapped(schema: z.core.$ZodType): z.core.$ZodTypes {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'optional':
    case 'default':
    case 'prefault':
      return unwrapped(def.innerType);
    case 'pipe':
      return unwrapped(def.in);
    default:
      return schema as z.core.$ZodTypes;
  }
}
