/**
 * Durations: text with a unit in objects (`250ms`, `10s`, `1m`, `1h`), milliseconds in the code.
 *
 * One unit and whole numbers: `1m30s` and `1.5s` were refused, because `90s` and `1500ms` say the
 * same and then one duration has fewer spellings. A number without its unit is refused as well:
 * `timeout: 10` has cost many people an evening.
 *
 * Pure. Used by the schemas of this folder, and by `scripts/generate.ts` to write the defaults.
 */
import { z } from 'zod';
import { mistaken } from './setting.ts';

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const DURATION = /^(0|[1-9][0-9]{0,8})(ms|s|m|h)$/;
/** What the pattern can be at most; said for the API server, which bounds costs by it. */
const TEXT_LENGTH_MAX = 11;
const REMEDY = 'Write a whole number and its unit: 250ms, 10s, 1m or 1h';
const LARGEST_FIRST = ['h', 'm', 's', 'ms'] as const;

export function parseDuration(text: string): number | null {
  const [, digits, unit] = DURATION.exec(text) ?? [];
  if (digits === undefined) return null;
  return Number(digits) * UNITS[unit as keyof typeof UNITS];
}

/** In the largest unit that needs no fraction. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  const unit = LARGEST_FIRST.find((each) => ms % UNITS[each] === 0) ?? 'ms';
  return `${ms / UNITS[unit]}${unit}`;
}

export interface DurationSpec {
  readonly minMs: number;
  readonly maxMs: number;
  readonly defaultMs?: number;
  /** Instead of the default as a duration, where a default is not one number. */
  readonly otherwise?: string;
  readonly doc: string;
}

function boundsRule(minMs: number, maxMs: number): string {
  const [min, max] = [formatDuration(minMs), formatDuration(maxMs)];
  return `duration(self) >= duration('${min}') && duration(self) <= duration('${max}')`;
}

/** Parses to milliseconds. */
export function duration({ minMs, maxMs, defaultMs, otherwise, doc }: DurationSpec) {
  const limits = `${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
  const standard = defaultMs === undefined ? otherwise : formatDuration(defaultMs);
  return z
    .string({ error: 'a duration such as 10s or 250ms' })
    .superRefine((text, context) => {
      const ms = parseDuration(text);
      if (ms === null) {
        mistaken(context, `${JSON.stringify(text)} is no duration`, REMEDY);
      } else if (ms < minMs || ms > maxMs) {
        mistaken(context, `${text} is not within ${limits}`, `Write a duration of ${limits}`);
      }
    })
    .meta({
      description: doc,
      pattern: DURATION.source,
      maxLength: TEXT_LENGTH_MAX,
      'x-type': 'duration',
      'x-kubernetes-validations': [
        { rule: boundsRule(minMs, maxMs), message: `must be a duration of ${limits}` },
      ],
      'x-limits': limits,
      ...(standard !== undefined && { 'x-default': standard }),
    })
    .transform((text) => parseDuration(text) ?? 0);
}
