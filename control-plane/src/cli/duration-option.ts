/**
 * A duration on the command line, in the spelling of the YAML: `250ms`, `10s`, `1m`.
 *
 * Pure but for what it tells. Called by the verbs with `--for`.
 */
import { parseDuration } from '@remora/api/config/duration.ts';
import type { Io, Options } from './verb.ts';

/** Null: it is none, which was told; `standardMs` where it is left out. */
export function durationOption(options: Options, standardMs: number, io: Io): number | null {
  const given = options['for'];
  if (given === undefined) return standardMs;
  const ms = parseDuration(String(given));
  if (ms === null || ms === 0) {
    io.err(`--for ${given} is no duration: write a whole number and its unit, such as 10s or 1m.`);
    return null;
  }
  return ms;
}
