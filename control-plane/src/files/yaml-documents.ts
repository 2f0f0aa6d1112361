/**
 * YAML text to plain values that remember where they stand, so that a mistake can be shown at its
 * line. Positions name the key of a field, because that is what a reader looks for; a field that
 * is missing is shown at the innermost field that is there.
 *
 * Aliases are bounded, and none may hold itself: a few lines of YAML must not expand into gigabytes
 * or turn whoever walks them in a circle.
 *
 * Pure. Called by `object-reading.ts`.
 */
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
} from 'yaml';
import * as limits from '../limits.ts';

/** Lines and columns count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface YamlMistake {
  readonly position: Position;
  readonly message: string;
}

export type Path = readonly (string | number)[];

export type YamlDocument =
  | { readonly is: 'mistaken'; readonly mistakes: readonly YamlMistake[] }
  | {
      readonly is: 'value';
      readonly value: unknown;
      readonly start: Position;
      readonly positionOf: (path: Path) => Position;
    };

/** The documents of a text; empty ones are left out. */
export function readYaml(text: string): readonly YamlDocument[] {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const documents: YamlDocument[] = [];
  for (const document of parsed) {
    const read = readDocument(document as Document.Parsed, lines);
    if (read !== null) documents.push(read);
  }
  return documents;
}

function readDocument(document: Document.Parsed, lines: LineCounter): YamlDocument | null {
  if (document.errors.length > 0) {
    const mistakes = document.errors.map((error) => ({
      position: positionAt(lines, error.pos[0]),
      message: error.message,
    }));
    return { is: 'mistaken', mistakes };
  }
  const start = positionAt(lines, document.contents?.range?.[0] ?? 0);
  try {
    const value: unknown = document.toJS({ maxAliasCount: limits.yamlAliasesMax });
    if (value === null || value === undefined) return null;
    if (holdsItself(value, new Set())) {
      const message = 'an alias (*) stands within its own anchor (&)';
      return { is: 'mistaken', mistakes: [{ position: start, message }] };
    }
    const positionOf = (path: Path) => find(document.contents, path, start, lines);
    return { is: 'value', value, start, positionOf };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { is: 'mistaken', mistakes: [{ position: start, message }] };
  }
}

function holdsItself(value: unknown, around: Set<unknown>): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (around.has(value)) return true;
  around.add(value);
  const found = Object.values(value).some((inner) => holdsItself(inner, around));
  around.delete(value);
  return found;
}

/** Goes down the path as far as it exists. */
function find(root: Node | null, path: Path, start: Position, lines: LineCounter): Position {
  let node: unknown = root;
  let position = start;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(
        ({ key }) => isScalar(key) && String(key.value) === String(step),
      );
      if (pair === undefined) return position;
      position = rangeStart(pair.key, position, lines);
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      position = rangeStart(node, position, lines);
    } else {
      return position;
    }
  }
  return position;
}

function rangeStart(node: unknown, otherwise: Position, lines: LineCounter): Position {
  const range = isScalar(node) || isMap(node) || isSeq(node) ? node.range : null;
  return range ? positionAt(lines, range[0]) : otherwise;
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}
