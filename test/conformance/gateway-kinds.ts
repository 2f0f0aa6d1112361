/**
 * The Gateway API's kinds, installed from the very module that the conformance suite is built of,
 * so that the two can't be of different releases.
 *
 * The standard channel, whole: what a mesh does not read must not be in its way either.
 *
 * Called by `scripts/conformance.ts` and by cluster suites with HTTPRoutes.
 */
import { join } from 'node:path';
import { runGo } from '../../scripts/go-command.ts';
import type { Kubectl } from '../cluster/machine/kubectl.ts';

const MODULE = 'sigs.k8s.io/gateway-api';
const LIMIT_MS = 120_000;
const READ = ['httproutes', 'referencegrants'];
const suite = join(import.meta.dirname, '../cluster/machine/go/conformance');

/** Resolves with the version, when the API server serves what is read of them. */
export async function installGatewayKinds(kubectl: Kubectl): Promise<string> {
  const options = { cwd: suite, limitMs: LIMIT_MS };
  const told = await runGo(['mod', 'download', '-json', MODULE], options);
  const { Dir: folder, Version: version } = JSON.parse(told) as { Dir: string; Version: string };
  const manifests = join(folder, 'config/crd/standard');
  // Client-side, a kind as large as HTTPRoute does not fit into its own annotation.
  await kubectl(['apply', '--server-side', '--force-conflicts', '-f', manifests]);
  const names = READ.map((plural) => `crd/${plural}.gateway.networking.k8s.io`);
  await kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...names]);
  return version;
}
