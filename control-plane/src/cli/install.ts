/**
 * `remora install`: the whole of Remora in a cluster, without Helm and of the same objects. Run
 * again it upgrades, or changes a value, or does nothing.
 */
import { parseDuration } from '@remora/api/config/duration.ts';
import { CONTROL_NAMESPACE } from '@remora/api/mesh-names.ts';
import { stringify } from 'yaml';
import { applyRelease } from '../install/apply.ts';
import { helmReleaseOf, type Installed, namespaceOf, readInstalled } from '../install/installed.ts';
import { customKinds } from '../install/kinds.ts';
import { manifests, ownNamespace } from '../install/manifests.ts';
import type { Manifest } from '../install/names.ts';
import { readValues } from '../install/read-values.ts';
import type { InstallValues, Release } from '../install/values.ts';
import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/kube-error.ts';
import { VERSION } from '../version.ts';
import { KUBE_OPTIONS, withCluster } from './cluster-option.ts';
import { EXIT_FOUND, EXIT_OK, EXIT_UNAVAILABLE, EXIT_USAGE, type ExitCode } from './exit-codes.ts';
import { textOf } from './file-text.ts';
import type { Io, Options, Verb } from './verb.ts';

const WAIT_MS = 180_000;
const NAMESPACE_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export const install: Verb = {
  usage: 'install',
  summary: 'Install Remora in a cluster, or upgrade it, or change a value of it.',
  group: 'Cluster:',
  options: [
    ['-n, --namespace <name>', 'where the control plane lives', CONTROL_NAMESPACE],
    ['--image <image>', 'of both planes, with its tag or digest'],
    ['--set <path=value...>', 'one value, such as replicas=3'],
    ['--values <file>', 'many of them, as for Helm: see charts/remora/values.yaml'],
    ['--dry-run', 'print the YAML and touch nothing'],
    ['--wait [duration]', 'how long to wait until it works (default: 3m)'],
    ['--no-wait', 'do not'],
    ...KUBE_OPTIONS,
  ],

  async run(_args, options, io) {
    const values = valuesOf(options, io);
    const waitMs = waitOf(options, io);
    const namespace = String(options['namespace'] ?? CONTROL_NAMESPACE);
    if (values === null || waitMs === null) return EXIT_USAGE;
    if (!NAMESPACE_NAME.test(namespace)) {
      io.err(`--namespace ${namespace} cannot be the name of a namespace.`);
      return EXIT_USAGE;
    }
    const objects = objectsOf({ namespace, version: VERSION }, values);
    if (options['dryRun'] === true) {
      for (const object of objects) io.out(`---\n${yamlOf(object)}`);
      return EXIT_OK;
    }
    return await withCluster(options, io, async (client) => {
      const before = await readInstalled(client);
      const why = whyNotHere(before, namespace);
      if (why !== null) {
        io.err(why);
        return EXIT_FOUND;
      }
      return await apply(client, { objects, before, values, waitMs }, io);
    });
  },
};

/** The namespace first. */
function objectsOf(release: Release, values: InstallValues): readonly [Manifest, ...Manifest[]] {
  const crds = values.crds.install ? customKinds(release.version) : [];
  return [ownNamespace(release), ...crds, ...manifests(release, values)];
}

interface Given {
  readonly objects: readonly [Manifest, ...Manifest[]];
  readonly before: readonly Installed[];
  readonly values: InstallValues;
  readonly waitMs: number;
}

async function apply(client: KubeClient, given: Given, io: Io): Promise<ExitCode> {
  const [namespace, ...objects] = given.objects;
  const { before, waitMs } = given;
  const { crds } = given.values;
  const keepCrds = crds.keep || !crds.install;
  try {
    const tell = (line: string) => io.out(line);
    await applyRelease(client, { namespace, objects, before, keepCrds, waitMs, tell });
  } catch (error) {
    if (error instanceof KubeError) throw error;
    io.err(`It is installed and does not work yet. ${(error as Error).message}.`);
    io.err('Run `remora check --cluster`, or this again: what is there already stays.');
    return EXIT_UNAVAILABLE;
  }
  io.out('');
  if (waitMs === 0) {
    io.out('Installed. `remora check --cluster` tells whether it works.');
    return EXIT_OK;
  }
  io.out(
    `Remora ${VERSION} runs in ${namespace.metadata.name}. Next, put a namespace in the mesh:`,
  );
  io.out('  kubectl label namespace NAME remora.dev/inject=enabled');
  io.out('  kubectl rollout restart deployment -n NAME');
  return EXIT_OK;
}

/** Another installation that this one would fight with. */
function whyNotHere(installed: readonly Installed[], namespace: string): string | null {
  const release = helmReleaseOf(installed);
  if (release !== null) {
    return `This installation is Helm's. Upgrade it with: helm upgrade ${release} charts/remora`;
  }
  const where = namespaceOf(installed);
  if (where === null || where === namespace) return null;
  return (
    `Remora is in namespace ${where} already, and a cluster has one. ` +
    `Upgrade that (--namespace ${where}), or \`remora uninstall\` first.`
  );
}

function valuesOf(options: Options, io: Io): InstallValues | null {
  const { values: file, set, image } = options;
  const text = typeof file === 'string' ? textOf(file) : null;
  if (typeof file === 'string' && text === null) {
    io.err(`--values ${file} cannot be read.`);
    return null;
  }
  const sets = Array.isArray(set) ? set : [];
  const read = readValues({ file: text, sets, image: typeof image === 'string' ? image : null });
  for (const mistake of read.mistakes) io.err(mistake);
  if (read.mistakes.length > 0) io.err('Every value is in charts/remora/values.yaml.');
  return read.values;
}

function waitOf({ wait }: Options, io: Io): number | null {
  if (wait === false) return 0;
  if (wait === undefined || wait === true) return WAIT_MS;
  const ms = parseDuration(String(wait));
  if (ms === null) io.err(`--wait ${wait} is no duration: write it with its unit, such as 90s.`);
  return ms;
}

function yamlOf(object: Manifest): string {
  return stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd();
}
