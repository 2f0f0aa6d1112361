/**
 * Reads what the runner needs of a folder: `dev.yaml`, the Deployments, and the texts themselves.
 *
 * Deployments are no objects of the control plane, which knows instances only; so they are picked
 * out here, with the same scan and the same reading of YAML that it uses.
 *
 * Reads files. Called by `mesh.ts`.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../files/problem.ts';
import { readYaml } from '../files/yaml-documents.ts';
import { type DevFile, parseDevFile } from './dev-file.ts';
import { SourceTexts } from './source-texts.ts';
import type { SourceText } from './tries.ts';
import { type DeploymentObject, joinWorkloads, type Workloads } from './workloads.ts';

export const DEV_FILE = 'dev.yaml';

export interface DevFolder extends Workloads {
  readonly load: DevFile['load'];
}

/** `folder` as the user named it; files in problems are named through it. */
export async function readDevFolder(folder: string): Promise<DevFolder> {
  const devFile = join(folder, DEV_FILE);
  const text = await readFile(devFile, 'utf8').catch(() => null);
  if (text === null) return withProblems([missingDevFile(devFile)]);
  const dev = parseDevFile(text, devFile);
  if (!('workloads' in dev)) return withProblems(dev);
  const deployments = (await new SourceTexts(folder).read()).flatMap(deploymentsOf);
  return { ...joinWorkloads(dev, deployments, { folder, devFile }), load: dev.load };
}

function deploymentsOf({ path, text }: SourceText): DeploymentObject[] {
  return readYaml(text).flatMap((document) => {
    if (document.is !== 'value' || !isDeployment(document.value)) return [];
    return [{ file: path, line: document.start.line, object: document.value }];
  });
}

function isDeployment(value: unknown): boolean {
  return value !== null && typeof value === 'object' && 'kind' in value
    ? value.kind === 'Deployment'
    : false;
}

function withProblems(problems: readonly Problem[]): DevFolder {
  return { workloads: [], problems, left: [], load: null };
}

function missingDevFile(file: string): Problem {
  return {
    file,
    line: 1,
    column: 1,
    object: null,
    field: null,
    message: 'there is no such file',
    remedy: 'write how each Deployment starts: `workloads: { web: { command: node web.js } }`',
  };
}
