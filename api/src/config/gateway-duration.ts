/**
 * Durations as the Gateway API writes them (GEP-2257): `10s`, `1m30s`, `500ms`; `0s` is none.
 *
 * Not the durations of our own kinds, which have one unit: these objects belong to others, and what
 * their API server accepts is not ours to refuse.
 *
 * Pure. Used by `http-route.ts`.
 */
import { z } from 'zod';
import { mistaken } from './setting.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const DURATION = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/;
const PART = /([0-9]{1,5})(h|ms|m|s)/g;
const REMEDY = 'Write whole numbers with their units: 500ms, 10s or 1m30s';

/** Parses to milliseconds. */
export function gatewayDuration() {
  return z
    .string()
    .superRefine((text, context) => {
      if (DURATION.test(text)) return;
      mistaken(context, `${JSON.stringify(text)} is no duration`, REMEDY);
    })
    .transform(millisecondsOf);
}

function millisecondsOf(text: string): number {
  let ms = 0;
  for (const [, digits, unit = ''] of text.matchAll(PART)) ms += Number(digits) * UNITS[unit]!;
  return ms;
}
