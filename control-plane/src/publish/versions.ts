/**
 * What a version is: a hash of what a configuration means.
 *
 * `sources` stay out of the hash. They say which objects a configuration came from, with their
 * generations, and an edit that changes no meaning must neither push nor make a restarted control
 * plane push everything again.
 *
 * Pure. Called by `publication.ts` and by `snapshot.ts`.
 */
import { createHash } from 'node:crypto';
import type { DestinationConfig } from '@remora/api/wire.ts';
import type { InboundConfig } from '@remora/api/wire-resilience.ts';
import { canonicalJson } from '../canonical-json.ts';

const VERSION_LENGTH = 16;

/** The version of a configuration: 16 hex digits, equal on every replica. */
export function versionOf(config: DestinationConfig | InboundConfig): string {
  const meaning = canonicalJson({ ...config, sources: [] });
  return createHash('sha256').update(meaning).digest('hex').slice(0, VERSION_LENGTH);
}
