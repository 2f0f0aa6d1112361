/**
 * `remora inject -f FILE`: Kubernetes YAML with sidecars in it, for who does not want a webhook to
 * change what they apply, or wants to see what it would do.
 *
 * Printed whole or not at all: what is printed usually goes straight into `kubectl apply`, and half
 * of a folder in the mesh is worse than none of it. What was done is told on standard error.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CONTROL_NAMESPACE } from '@remora/api/mesh-names.ts';
import type { Installation } from '../desired/injection-plan.ts';
import { FolderScan } from '../files/folder-scan.ts';
import { problemLine } from '../files/problem.ts';
import { type InjectedText, injectText } from '../inject/manifests.ts';
import { VERSION } from '../version.ts';
import { EXIT_FOUND, EXIT_OK, EXIT_USAGE } from './exit-codes.ts';
import { textOf } from './file-text.ts';
import type { Io, Options, Verb } from './verb.ts';

const STANDARD_IMAGE = `remora:${VERSION}`;
const CERTIFICATE = '-----BEGIN CERTIFICATE-----';
const AUTHORITY_HINT =
  'In a cluster with Remora this prints it: kubectl get mutatingwebhookconfigurations ' +
  "-l app.kubernetes.io/name=remora -o jsonpath='{.items[0].webhooks[0].clientConfig.caBundle}' " +
  '| base64 -d > ca.pem';

export const inject: Verb = {
  usage: 'inject',
  summary: 'Print Kubernetes YAML with sidecars in it; exit code 1 if one cannot be.',
  group: 'Run:',
  options: [
    ['-f, --file <path>', 'a file or a folder of YAML; -: standard input'],
    ['--control-ca <file>', "the certificate of the control plane's authority, PEM"],
    ['--control-namespace <name>', 'where the control plane is', CONTROL_NAMESPACE],
    ['--image <image>', 'of sidecar and init step', STANDARD_IMAGE],
  ],

  async run(_args, options, io) {
    const installation = installationOf(options, io);
    const files = installation === null ? null : await filesOf(options, io);
    if (installation === null || files === null) return EXIT_USAGE;
    const texts = files.map(({ file, text }) => injectText(file, text, installation));
    return tell(texts, io) ? EXIT_OK : EXIT_FOUND;
  },
};

/** Null: it cannot be, and that was told. */
function installationOf(options: Options, io: Io): Installation | null {
  const file = options['controlCa'];
  if (file === undefined) {
    io.err('The sidecar must know who signs for its control plane: give --control-ca FILE.');
    io.err(AUTHORITY_HINT);
    return null;
  }
  const authority = textOf(String(file));
  if (authority?.includes(CERTIFICATE) !== true) {
    io.err(`--control-ca ${file} is not a file with a certificate in PEM.`);
    return null;
  }
  const namespace = String(options['controlNamespace'] ?? CONTROL_NAMESPACE);
  const image = String(options['image'] ?? STANDARD_IMAGE);
  return { version: VERSION, image, namespace, authority: authority.trim(), defaults: {} };
}

async function filesOf(
  options: Options,
  io: Io,
): Promise<readonly { readonly file: string; readonly text: string }[] | null> {
  const path = options['file'];
  if (path === undefined) {
    io.err('Which YAML? Give -f FILE, -f FOLDER, or -f - for standard input.');
    return null;
  }
  if (path === '-') return [{ file: 'standard input', text: (await io.input?.()) ?? '' }];
  const root = String(path);
  if (!existsSync(root)) {
    io.err(`There is no file or folder ${root}.`);
    return null;
  }
  const scan = new FolderScan(root);
  const changes = await scan.changes(new Set());
  const refused = changes.find(({ refused }) => refused !== null);
  if (refused !== undefined || scan.isCut) {
    io.err(`${refused?.file ?? root} cannot be read: ${refused?.refused ?? 'too many files'}`);
    return null;
  }
  return changes.map(({ file, text }) => {
    const isAlone = changes.length === 1 && root.endsWith(file);
    return { file: isAlone ? root : join(root, file), text: text ?? '' };
  });
}

/** Whether it was printed. */
function tell(texts: readonly InjectedText[], io: Io): boolean {
  const problems = texts.flatMap((one) => one.problems);
  for (const problem of problems) {
    io.err(`${problem.isWarning === true ? 'warning: ' : ''}${problemLine(problem)}`);
  }
  if (problems.some(({ isWarning }) => isWarning !== true)) {
    io.err('Nothing is printed: correct it, or leave the object out of the mesh.');
    return false;
  }
  for (const { injected, left } of texts) {
    for (const object of injected) io.err(`${object}: injected`);
    for (const { object, why } of left) io.err(`${object}: left as it is, ${why}`);
  }
  io.out(joined(texts.map(({ text }) => text)));
  return true;
}

/** As one stream: a file that does not begin with a marker gets one before it. */
function joined(texts: readonly string[]): string {
  const parts = texts.filter((text) => text.trim() !== '');
  return parts
    .map((text, at) => {
      const whole = text.replace(/\n+$/, '');
      return at === 0 || whole.startsWith('---') ? whole : `---\n${whole}`;
    })
    .join('\n');
}
