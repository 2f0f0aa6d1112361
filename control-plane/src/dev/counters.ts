/**
 * A sidecar's `/stats` page as counters. Only what the view needs is looked at, so that a page of
 * another version, with more in it, can still be read.
 *
 * Pure. Called by `mesh-numbers.ts`.
 */
import { z } from 'zod';
import type { RuleCounters } from './route-stats.ts';

const row = z.object({
  destination: z.string(),
  rule: z.string(),
  backend: z.string(),
  requests: z.number(),
  failures: z.number(),
  /** The bound of the open bucket is null: JSON has no infinity. */
  latency: z.array(z.tuple([z.number().nullable(), z.number()])),
});

const page = z.object({ routes: z.array(row) });

/** Throws for what is no such page. */
export function readCounters(json: unknown): RuleCounters[] {
  return page.parse(json).routes.map((counted) => ({
    ...counted,
    latency: new Map(
      counted.latency.map(([upToMs, count]) => [upToMs ?? Number.POSITIVE_INFINITY, count]),
    ),
  }));
}
