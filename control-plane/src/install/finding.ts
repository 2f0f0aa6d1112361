/**
 * One line of `remora check`: what was looked at, how it is, and what to do.
 *
 * Pure. Made by the checks, told by `cli/check-cluster.ts`.
 */
export interface Finding {
  /** `doubt`: it works so far, or could not be known. Only `wrong` decides the exit code. */
  readonly level: 'ok' | 'doubt' | 'wrong';
  readonly what: string;
  /** Null: nothing. */
  readonly next: string | null;
}

export function fine(what: string): Finding {
  return { level: 'ok', what, next: null };
}

export function wrong(what: string, next: string): Finding {
  return { level: 'wrong', what, next };
}

export function doubtful(what: string, next: string | null = null): Finding {
  return { level: 'doubt', what, next };
}

/** What could not be asked is a doubt about that alone, and holds the other checks up no more. */
export async function orDoubt(
  what: string,
  check: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await check();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [doubtful(`${what} is not known: ${why}`)];
  }
}
