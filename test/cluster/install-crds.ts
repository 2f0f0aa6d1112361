/**
 * Remora's CRDs in a test's API server, established and explained.
 *
 * Used by the tests of the CRDs and of the webhooks.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiServer } from './machine/api-server.ts';

const CRD_FOLDER = join(import.meta.dirname, '../../charts/remora/crds');
const POLL_MS = 100;
const POLLS_MAX = 100;

export async function installCrds({ kubectl }: ApiServer): Promise<void> {
  await kubectl(['apply', '-f', CRD_FOLDER]);
  await kubectl(['wait', '--for=condition=Established', '-f', CRD_FOLDER]);
  // The schema that kubectl validates and explains by comes a moment after the kinds.
  for (let polls = 0; polls < POLLS_MAX; polls++) {
    const explained = await kubectl(['explain', 'tr.spec']).catch(() => '');
    if (explained.includes('targetRef')) return;
    await sleep(POLL_MS);
  }
  throw new Error('the API server explains no TrafficRoute');
}
