/**
 * What tidy finds in one source file: lines too long, functions too long, impurity in pure folders.
 *
 * Works on the syntax tree, since a regular expression takes a word in a comment or a string for
 * code. The bundler's parser is used: it reads TypeScript and is installed anyway. A `describe`
 * callback is a chapter, not a function, and has no bound of its own; the file has.
 *
 * Pure. Called by `tidy.ts`. Tests: `tidy-code.test.ts`.
 */
import { parseAst } from 'rolldown/parseAst';

export const bounds = {
  fileLinesMax: 400,
  functionLinesMax: 70,
  lineCharactersMax: 100,
  headerLinesMax: 12,
} as const;

export interface Finding {
  readonly line: number;
  readonly rule: string;
  readonly detail: string;
}

/** Folders whose files may not reach for time, chance or the world; docs/ARCHITECTURE.md. */
const PURE =
  /^(api\/src|proxy\/src\/(http1|http2|routing|balance|resilience)|control-plane\/src\/desired)\//;
const IMPURE_CALLS = new Set(['Date.now', 'performance.now', 'Math.random', 'crypto.randomUUID']);
const IMPURE_NAMES = new Set([
  'process',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
]);
const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);
const CHAPTERS = new Set(['describe', 'suite']);

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** Everything wrong with this source, in order of lines. */
export function findInCode(path: string, text: string): Finding[] {
  const findings = [...findInLines(text), ...findInHeader(path, text)];
  const lineOf = lineIndex(text);
  const pure = PURE.test(path) && !path.endsWith('.test.ts');
  const tree = parseAst(text, { lang: 'ts' }, path) as unknown as Node;
  walk(tree, null, (node, parent) => {
    if (FUNCTIONS.has(node.type) && !isChapter(node, parent)) {
      const lines = lineOf(node.end) - lineOf(node.start) + 1;
      if (lines > bounds.functionLinesMax) {
        findings.push(found(lineOf(node.start), 'function-length', `${lines} lines`));
      }
    }
    const impure = pure ? impurity(node, parent) : null;
    if (impure !== null) findings.push(found(lineOf(node.start), 'pure', impure));
  });
  return findings.sort((a, b) => a.line - b.line);
}

function findInLines(text: string): Finding[] {
  const findings: Finding[] = [];
  const lines = text.split('\n');
  const count = text.endsWith('\n') ? lines.length - 1 : lines.length;
  if (count > bounds.fileLinesMax) findings.push(found(count, 'file-length', `${count} lines`));
  lines.forEach((line, at) => {
    const length = [...line].length;
    if (length > bounds.lineCharactersMax) {
      findings.push(found(at + 1, 'line-length', `${length} characters`));
    }
  });
  return findings;
}

function findInHeader(path: string, text: string): Finding[] {
  const lines = text.replace(/^#!.*\n/, '').split('\n');
  if (!lines[0]!.startsWith('/**')) {
    if (path.endsWith('.test.ts')) return []; // A test says in its names what it is about.
    return [found(1, 'header', 'opens without a block comment that says what the file decides')];
  }
  const end = lines.findIndex((line) => line.endsWith('*/'));
  const inner = end - 1;
  if (inner <= bounds.headerLinesMax) return [];
  return [found(1, 'header', `${inner} lines, at most ${bounds.headerLinesMax}`)];
}

function impurity(node: Node, parent: Node | null): string | null {
  if (node.type === 'MemberExpression') {
    const { object, property } = node as unknown as { object: Node; property: Node };
    const name = `${String(object['name'])}.${String(property['name'])}`;
    return IMPURE_CALLS.has(name) ? `${name} in a pure folder: take a Clock or a Chance` : null;
  }
  if (node.type !== 'Identifier' || !IMPURE_NAMES.has(String(node['name']))) return null;
  // A property or a type member of that name is not the global.
  const isOwnName = parent !== null && (parent['property'] === node || parent['key'] === node);
  return isOwnName ? null : `${String(node['name'])} in a pure folder`;
}

function isChapter(node: Node, parent: Node | null): boolean {
  if (parent?.type !== 'CallExpression' || parent['callee'] === node) return false;
  const callee = parent['callee'] as Node;
  return CHAPTERS.has(String(callee['name']));
}

function walk(
  node: Node,
  parent: Node | null,
  visit: (node: Node, parent: Node | null) => void,
): void {
  visit(node, parent);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) walk(child, node, visit);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function lineIndex(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

function found(line: number, rule: string, detail: string): Finding {
  return { line, rule, detail };
}
