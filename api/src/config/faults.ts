/**
 * Faults that a route injects, to see what its callers make of them.
 *
 * A percentage is asked for and has no default: a fault for everybody must be written as one.
 *
 * Pure. Used by `traffic-route.ts`.
 */
import type { z } from 'zod';
import { cohort } from './backends.ts';
import { exactlyOne } from './choices.ts';
import { duration } from './duration.ts';
import { headerMatch } from './matches.ts';
import { decimal, integer, list, onlyTrue } from './setting.ts';

const FAULTS_MAX = 8;
const DELAY_MAX_MS = 600_000;
const BYTES_PER_SECOND_MAX = 1_000_000_000;
const KINDS = ['delay', 'abort', 'reset', 'slowBody'] as const;

const fault = exactlyOne(
  {
    delay: duration({
      minMs: 1,
      maxMs: DELAY_MAX_MS,
      doc: 'Waits so long before the request goes on.',
    }).optional(),
    abort: integer({
      min: 400,
      max: 599,
      doc: 'Answers with this status, and no backend hears of it.',
    }).optional(),
    reset: onlyTrue("Resets the caller's connection instead of an answer.").optional(),
    slowBody: integer({
      min: 1,
      max: BYTES_PER_SECOND_MAX,
      doc: "Lets so many bytes of the answer's body through each second.",
    }).optional(),
    percent: decimal({ min: 0, max: 100, doc: 'How many of a hundred requests it meets.' }),
    header: headerMatch.meta({ description: 'Only requests with this header.' }).optional(),
    cohort: cohort.optional(),
  },
  KINDS,
  { doc: 'Something that goes wrong on purpose.' },
);

export const faults = list(fault, {
  max: FAULTS_MAX,
  default: 'none',
  doc: 'Decided one by one, in this order; the first that ends a request is the last.',
});

export type Fault = z.infer<typeof fault>;
