/**
 * `remora uninstall`: everything of Remora out of a cluster, found by its label.
 *
 * Two things can't be undone by installing again, and are done with --yes only: routes and policies
 * go with their kinds, and pods keep a sidecar without a control plane until they are made anew.
 */
import { helmReleaseOf, type Installed, readInstalled, wordOf } from '../install/installed.ts';
import { readMeshPods, restartText } from '../install/mesh-pods.ts';
import { removeInstalled } from '../install/remove.ts';
import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/kube-error.ts';
import {
  customResourceDefinitions,
  meshConfigs,
  type Resource,
  resiliencePolicies,
  trafficRoutes,
} from '../kube/resource.ts';
import { KUBE_OPTIONS, withCluster } from './cluster-option.ts';
import { EXIT_FOUND, EXIT_OK, EXIT_UNAVAILABLE, type ExitCode } from './exit-codes.ts';
import type { Io, Verb } from './verb.ts';

const LIMIT_MS = 120_000;

export const uninstall: Verb = {
  usage: 'uninstall',
  summary: 'Remove Remora from a cluster; exit code 1 where somebody still needs it.',
  group: 'Cluster:',
  options: [
    ['--keep-crds', 'keep the kinds, and with them all routes and policies'],
    ['--yes', 'also where pods have sidecars, or routes and policies go'],
    ...KUBE_OPTIONS,
  ],

  async run(_args, options, io) {
    return await withCluster(options, io, async (client) => {
      const installed = await readInstalled(client);
      const release = helmReleaseOf(installed);
      if (release !== null) {
        io.err(`This installation is Helm's. Remove it with: helm uninstall ${release}`);
        return EXIT_FOUND;
      }
      const going = installed.filter(({ resource }) => {
        return options['keepCrds'] !== true || resource !== customResourceDefinitions;
      });
      if (going.length === 0) {
        io.out('Nothing of Remora is in this cluster.');
        return EXIT_OK;
      }
      const restarts = await restartsOf(client);
      const losses = await lossesOf(client, going);
      const isMeant = options['yes'] === true || restarts.length + losses.length === 0;
      if (!isMeant) return refuse(restarts, losses, io);
      return await remove(client, { going, restarts }, io);
    });
  },
};

/** What to type for each workload that still has sidecars. */
async function restartsOf(client: KubeClient): Promise<readonly string[]> {
  const { injected } = await readMeshPods(client);
  return injected.map(restartText);
}

/** Objects that go with their kind, as counts. */
async function lossesOf(client: KubeClient, going: readonly Installed[]): Promise<string[]> {
  if (!going.some(({ resource }) => resource === customResourceDefinitions)) return [];
  const kinds = [trafficRoutes, resiliencePolicies, meshConfigs];
  const counts = await Promise.all(
    kinds.map(async (resource) => ({ resource, count: await countOf(client, resource) })),
  );
  return counts
    .filter(({ count }) => count > 0)
    .map(({ resource, count }) => `${count} ${count === 1 ? resource.kind : resource.plural}`);
}

async function countOf(client: KubeClient, resource: Resource): Promise<number> {
  try {
    return (await client.list(resource, { pick: () => null })).items.length;
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return 0;
    throw error;
  }
}

function refuse(restarts: readonly string[], losses: readonly string[], io: Io): ExitCode {
  io.err('Nothing was removed.');
  if (restarts.length > 0) {
    io.err('These still have sidecars, which nobody would configure any more. First');
    io.err('`kubectl label namespace NAME remora.dev/inject-` for their namespaces, then:');
    for (const restart of restarts) io.err(`  ${restart}`);
  }
  if (losses.length > 0) {
    io.err(`With their kinds would go: ${losses.join(', ')}. --keep-crds keeps them.`);
  }
  io.err('With --yes it is done all the same.');
  return EXIT_FOUND;
}

interface Removal {
  readonly going: readonly Installed[];
  readonly restarts: readonly string[];
}

async function remove(client: KubeClient, { going, restarts }: Removal, io: Io): Promise<ExitCode> {
  const tell = (line: string) => io.out(line);
  const left = await removeInstalled(client, going, { limitMs: LIMIT_MS, tell });
  if (restarts.length > 0) {
    io.out('Their sidecars go on with what they last had, until they are restarted:');
    for (const restart of restarts) io.out(`  ${restart}`);
  }
  if (left.length === 0) return EXIT_OK;
  const names = left.map(({ object }) => wordOf(object)).join(', ');
  io.err(`Still there after ${LIMIT_MS / 1_000} s: ${names}.`);
  io.err('`kubectl get -o yaml` on one shows which finalizer it waits for.');
  return EXIT_UNAVAILABLE;
}
