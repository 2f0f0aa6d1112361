/**
 * One golden case of injection, read from its folder; and the installation that all of them are in.
 *
 * Used by the tests of this folder.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { Installation } from '../../control-plane/src/desired/injection-plan.ts';
import { problemLine } from '../../control-plane/src/files/problem.ts';
import type { InjectedText } from '../../control-plane/src/inject/manifests.ts';

export const INSTALLATION: Installation = {
  version: '0.1.0',
  image: 'remora:0.1.0',
  namespace: 'remora-system',
  authority: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
  defaults: {},
};

const optionsSchema = z.strictObject({
  /** What the case shows, in a sentence. */
  claim: z.string(),
});

export interface InjectionCase {
  readonly name: string;
  readonly claim: string;
  /** Lines of the options are blank, so that a place in it is a place in the file. */
  readonly text: string;
}

export function caseFolders(): readonly string[] {
  return readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(import.meta.dirname, name));
}

export function readCase(folder: string): InjectionCase {
  const whole = readFileSync(join(folder, 'in.yaml'), 'utf8');
  const [first] = parseAllDocuments(whole);
  const { claim } = optionsSchema.parse(first?.toJS().options);
  const from = whole.indexOf('\n---') + 1;
  const lines = whole.slice(0, from).split('\n').length - 1;
  return { name: basename(folder), claim, text: '\n'.repeat(lines) + whole.slice(from) };
}

export function outputOf({ text, injected, left, problems }: InjectedText): string {
  const isRefused = problems.some(({ isWarning }) => isWarning !== true);
  const told = [
    ...problems.map((one) => `${one.isWarning === true ? 'warning: ' : ''}${problemLine(one)}`),
    ...injected.map((object) => `${object}: injected`),
    ...left.map(({ object, why }) => `${object}: left as it is, ${why}`),
  ];
  const comments = told.map((line) => `# ${line}\n`).join('');
  return isRefused ? comments : comments + text.trimStart();
}
