/**
 * The values of an installation, from where a user may write them: a file of YAML as Helm takes it,
 * `--set PATH=VALUE` over it, `--image` over both.
 *
 * They are laid over the defaults as Helm does it: maps are merged, lists are replaced, null takes
 * away. A value of `--set` is YAML, so that numbers, flags and lists can be written. Where a text
 * is wanted, `1.10` is taken as it was typed, and not as the number that YAML makes of it.
 *
 * Pure. Called by `cli/install.ts`.
 */
import { isFields } from '@remora/api/fields.ts';
import { parse } from 'yaml';
import type { z } from 'zod';
import * as limits from '../limits.ts';
import { type InstallValues, installValues } from './values.ts';

export interface GivenValues {
  /** The text of `--values`. */
  readonly file: string | null;
  readonly sets: readonly string[];
  readonly image: string | null;
}

/** The values, or what is wrong with what was given: one sentence for each mistake. */
export type ReadValues =
  | { readonly values: InstallValues; readonly mistakes: readonly [] }
  | { readonly values: null; readonly mistakes: readonly string[] };

interface Setting {
  readonly path: readonly string[];
  readonly text: string;
}

type Tree = { [name: string]: unknown };

/** Keys that would reach the prototype of every object. */
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

export function readValues({ file, sets, image }: GivenValues): ReadValues {
  const tree = file === null ? {} : treeOf(file);
  if (tree === null) return refused(['The file of --values is no map of values in YAML.']);
  const settings: Setting[] = [];
  for (const set of sets) {
    const setting = settingOf(set);
    if (setting === null) return refused([`--set ${set} is not PATH=VALUE, as replicas=3 is.`]);
    settings.push(setting);
  }
  if (image !== null) {
    const [repository, tag] = imageParts(image);
    settings.push({ path: ['image', 'repository'], text: JSON.stringify(repository) });
    settings.push({ path: ['image', 'tag'], text: JSON.stringify(tag) });
  }
  for (const { path, text } of settings) put(tree, path, yamlOf(text));
  return checked(tree, settings);
}

function checked(tree: Tree, settings: readonly Setting[]): ReadValues {
  let parsed = overDefaults(tree);
  if (!parsed.success && asTyped(tree, settings, parsed.error)) {
    parsed = overDefaults(tree);
  }
  if (parsed.success) return { values: parsed.data, mistakes: [] };
  return refused(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}.`));
}

function overDefaults(tree: Tree) {
  return installValues.safeParse(merged(installValues.parse({}), tree));
}

function merged(under: Tree, over: Tree): Tree {
  const made: Tree = { ...under };
  for (const [name, value] of Object.entries(over)) {
    const before = under[name];
    if (value === null) delete made[name];
    else made[name] = isFields(before) && isFields(value) ? merged(before, value) : value;
  }
  return made;
}

/** Whether any setting was put back to its text where a text was wanted. */
function asTyped(tree: Tree, settings: readonly Setting[], { issues }: z.ZodError): boolean {
  const wantText = new Set(
    issues
      .filter((issue) => issue.code === 'invalid_type' && issue.expected === 'string')
      .map(({ path }) => path.join('.')),
  );
  const mended = settings.filter(({ path }) => wantText.has(path.join('.')));
  for (const { path, text } of mended) put(tree, path, text);
  return mended.length > 0;
}

function treeOf(file: string): Tree | null {
  const tree = yamlOf(file);
  if (tree === null || tree === undefined) return {};
  return isFields(tree) ? tree : null;
}

/** A dot in a name is written `\.`, as Helm has it. */
function settingOf(set: string): Setting | null {
  const at = set.indexOf('=');
  if (at < 1) return null;
  const path = set
    .slice(0, at)
    .split(/(?<!\\)\./)
    .map((name) => name.replaceAll('\\.', '.'));
  if (path.some((name) => name === '' || FORBIDDEN.has(name))) return null;
  return { path, text: set.slice(at + 1) };
}

function put(tree: Tree, path: readonly string[], value: unknown): void {
  let place = tree;
  for (const name of path.slice(0, -1)) {
    const next = place[name];
    const inner = isFields(next) ? next : {};
    place[name] = inner;
    place = inner;
  }
  place[path.at(-1) ?? ''] = value;
}

/** A colon before a slash is a registry's port; a digest stands where a tag stands. */
function imageParts(image: string): readonly [repository: string, tag: string] {
  const at = image.lastIndexOf(':');
  if (at <= image.lastIndexOf('/')) return [image, ''];
  return [image.slice(0, at), image.slice(at + 1)];
}

/** What is no YAML is the text that it is. */
function yamlOf(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: limits.yamlAliasesMax });
  } catch {
    return text;
  }
}

function refused(mistakes: readonly string[]): ReadValues {
  return { values: null, mistakes };
}
