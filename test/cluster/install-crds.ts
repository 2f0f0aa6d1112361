/**
 * Remora's CRDs in a test's API server, established and explained.
 *
 * Used by the tests of the CRDs and of the webhooks.
 */
import { join } from 'node:path';
import { until } from '../support/waiting.ts';
import type { ApiServer } from './machine/api-server.ts';

export const CRD_FOLDER = join(import.meta.dirname, '../../charts/remora/crds');
const POLL_MS = 100;
const LIMIT_MS = 20_000;

export async function installCrds({ kubectl }: ApiServer): Promise<void> {
  await kubectl(['apply', '-f', CRD_FOLDER]);
  await kubectl(['wait', '--for=condition=Established', '-f', CRD_FOLDER]);
  // The schema that kubectl validates and explains by comes a moment after the kinds.
  const isExplained = async () => {
    const explained = await kubectl(['explain', 'tr.spec']).catch(() => '');
    return explained.includes('targetRef');
  };
  await until(isExplained, 'the API server to explain a TrafficRoute', LIMIT_MS, POLL_MS);
}
