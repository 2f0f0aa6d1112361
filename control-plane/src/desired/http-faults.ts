/**
 * What is wrong with a rule of an HTTPRoute, and how a text in it is judged.
 *
 * The schema reads HTTPRoutes loosely, so this is where the values are held to the same rules as
 * those of our own kinds: by the same schemas.
 *
 * Pure. Used by `http-rules.ts`, `http-matches.ts` and `http-filters.ts`.
 */

/** The Gateway API's words for why a rule cannot be followed. */
export interface Fault {
  readonly reason: 'UnsupportedValue' | 'IncompatibleFilters';
  /** Begins with the place within the rule. */
  readonly message: string;
}

/** Of a schema: enough to ask whether a text is right. */
interface Judge {
  safeParse(value: unknown): { readonly success: boolean; readonly error?: Complaint | undefined };
}

interface Complaint {
  readonly issues: readonly { readonly message: string }[];
}

export function unsupported(place: string, what: string): Fault {
  return { reason: 'UnsupportedValue', message: `${place}: ${what}` };
}

/** Whether the value is right; if not, that becomes a fault. */
export function isRight(judge: Judge, value: unknown, place: string, faults: Fault[]): boolean {
  const { success, error } = judge.safeParse(value);
  if (!success) faults.push(unsupported(place, error?.issues[0]?.message ?? 'is wrong'));
  return success;
}
