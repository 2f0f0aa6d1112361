/**
 * The text of a file that an option names; null where it cannot be read.
 *
 * Impure: reads a file. Called by the verbs that take one.
 */
import { readFileSync } from 'node:fs';

export function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
