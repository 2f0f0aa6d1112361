/**
 * Three things to try next, each a command to paste, made from the files as they are now.
 *
 * The commands name exact lines, so that they do what they say however the YAML is laid out, and
 * after an edit the next one proposed is its counterpart. `-i.bak` and not `-i`: macOS's sed has no
 * `-i` without a suffix, and the copy is the way back from the deliberate mistake.
 *
 * Pure. Called by `mesh.ts`.
 */
import type { Try } from './view-state.ts';

export interface SourceText {
  /** As the user would type it. */
  readonly path: string;
  readonly text: string;
}

interface WeightLine {
  readonly line: number;
  /** As it stands there: `weight: 90`. */
  readonly text: string;
  readonly weight: number;
}

const WEIGHT = /\bweight:\s*(\d+)/;

/** `through` is a sidecar's outbound address, `url` what the load asks for. */
export function triesFor(
  sources: readonly SourceText[],
  load: { readonly through: string; readonly url: string } | null,
): Try[] {
  const tries: Try[] = [];
  const divided = sources
    .map(({ path, text }) => ({ path, weights: weightsOf(text) }))
    .find(({ weights }) => weights.length >= 2);
  const [first, second] = divided?.weights ?? [];
  if (divided !== undefined && first !== undefined && second !== undefined) {
    const isEven = first.weight === second.weight;
    const [one, other] = isEven ? [90, 10] : [50, 50];
    const change = `${edit(first, String(one))};${edit(second, String(other))}`;
    tries.push({
      what: `divide the traffic ${one} to ${other}`,
      command: `sed -i.bak '${change}' ${shellWord(divided.path)}`,
    });
  }
  if (load !== null) {
    const proxy = `-x ${load.through} -H 'x-user: alice'`;
    tries.push({
      what: 'be a visitor: a request through the mesh',
      command: `curl -si ${proxy} ${shellWord(load.url)}`,
    });
  }
  if (divided !== undefined && first !== undefined) {
    const path = shellWord(divided.path);
    tries.push({
      what: 'make a mistake, and see it reported; 4 s later it is repaired',
      command: `sed -i.bak '${edit(first, 'lots')}' ${path}; sleep 4; mv ${path}.bak ${path}`,
    });
  }
  return tries;
}

/** The first run of lines with a weight: the backends of one rule. */
function weightsOf(text: string): WeightLine[] {
  const found: WeightLine[] = [];
  for (const [index, content] of text.split('\n').entries()) {
    const [text, digits] =
      (content.trimStart().startsWith('#') ? null : WEIGHT.exec(content)) ?? [];
    if (text !== undefined) found.push({ line: index + 1, text, weight: Number(digits) });
  }
  return found;
}

function edit(at: WeightLine, replacement: string): string {
  return `${at.line}s/${at.text}/weight: ${replacement}/`;
}

function shellWord(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
