/**
 * `remora check --cluster`: can Remora be installed here; and where it is, does it work?
 *
 * Every check is made though one before it failed: at three in the morning one list is worth more
 * than the first mistake. Called by `check.ts`.
 */
import {
  checkInjection,
  checkKinds,
  checkLeader,
  checkReplicas,
  checkTrust,
  checkValidation,
} from '../install/check-after.ts';
import {
  checkGatewayApi,
  checkOtherMeshes,
  checkRights,
  checkSidecars,
  checkVersion,
} from '../install/check-before.ts';
import { checkMesh } from '../install/check-mesh.ts';
import { doubtful, type Finding, fine, orDoubt } from '../install/finding.ts';
import { type ControlPlane, findControlPlane } from '../install/installed.ts';
import { readMeshPods } from '../install/mesh-pods.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Status } from '../status.ts';
import { VERSION } from '../version.ts';
import { askPage } from './control-client.ts';
import { EXIT_FOUND, EXIT_OK, type ExitCode } from './exit-codes.ts';
import type { Io, Options } from './verb.ts';
import { withCluster } from './cluster-option.ts';
import { throughCluster } from './control-tunnel.ts';

const SIGNS = { ok: '✓', doubt: '!', wrong: '✗' } as const;

export async function checkCluster(options: Options, io: Io): Promise<ExitCode> {
  return await withCluster(options, io, async (client) => {
    const version = await client.serverVersion(); // Where nobody answers, one sentence is enough.
    const findings = [checkVersion(version), ...(await findingsOf(client, options, io))];
    if (options['json'] === true) io.out(JSON.stringify(findings, null, 2));
    else for (const finding of findings) tell(finding, io);
    return findings.some(({ level }) => level === 'wrong') ? EXIT_FOUND : EXIT_OK;
  });
}

async function findingsOf(client: KubeClient, options: Options, io: Io): Promise<Finding[]> {
  const before = await Promise.all([
    orDoubt('who may install', () => checkRights(client)),
    orDoubt('whether there are native sidecars', () => checkSidecars(client)),
    orDoubt('whether another mesh is here', () => checkOtherMeshes(client)),
    orDoubt('whether the Gateway API is here', () => checkGatewayApi(client)),
  ]);
  const installation = await orDoubt('whether Remora is installed', async () => {
    const found = await findControlPlane(client);
    if (found === null) return [doubtful('Remora is not installed', '`remora install`')];
    return await installedFindings(client, found, options, io);
  });
  return [...before.flat(), ...installation];
}

async function installedFindings(
  client: KubeClient,
  { namespace, version }: ControlPlane,
  options: Options,
  io: Io,
): Promise<Finding[]> {
  const after = await Promise.all([
    orDoubt('whether the control plane runs', () => checkReplicas(client, namespace)),
    orDoubt('who leads', () => checkLeader(client, namespace, Date.now())),
    orDoubt('whether the webhooks are trusted', () => checkTrust(client)),
    orDoubt('whether pods are injected', () => checkInjection(client)),
    orDoubt('whether routes are validated', () => checkValidation(client)),
    orDoubt('whether the kinds are right', () => checkKinds(client)),
  ]);
  const mesh = await orDoubt('the mesh', async () => {
    const read = await readMeshPods(client);
    return checkMesh({ mesh: read, version, connected: await connectedOf(options, io) });
  });
  return [release(namespace, version), ...after.flat(), ...mesh];
}

function release(namespace: string, version: string): Finding {
  const said = `Remora ${version} is in namespace ${namespace}`;
  if (version === VERSION) return fine(said);
  return doubtful(`${said}, and this command is of ${VERSION}`, 'Use one of the same version');
}

async function connectedOf(
  options: Options,
  io: Io,
): Promise<{ readonly proxies: number } | { readonly why: string }> {
  let page: Awaited<ReturnType<typeof askPage<Status>>> | null = null;
  const refused = await throughCluster({ ...options, cluster: true }, io, async (through) => {
    page = await askPage<Status>(through, io, '/v1/status');
  });
  return answered(page, refused);
}

function answered(
  page: Awaited<ReturnType<typeof askPage<Status>>> | null,
  refused: string | null,
): { readonly proxies: number } | { readonly why: string } {
  if (page === null) return { why: refused ?? 'the control plane was not asked' };
  if (page.refusal !== null) return { why: page.refusal.why };
  return { proxies: page.body.proxies.length };
}

function tell({ level, what, next }: Finding, io: Io): void {
  io.out(`${SIGNS[level]} ${what}`);
  if (next !== null) io.out(`    ${next}`);
}
