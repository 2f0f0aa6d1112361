/**
 * A YAML stream as text: its documents as they stand, and one of them with a patch applied.
 *
 * Who reads what `remora inject` prints compares it with what they wrote: comments, order and
 * spelling stay. Read as YAML 1.1, since kubectl does: there `0644` is octal, and written back as
 * 1.2 it would be another mode. Dates and base-60 numbers are left out, as kubectl leaves them.
 *
 * Pure. Called by `manifests.ts`.
 */
import {
  type Document,
  isCollection,
  isMap,
  isSeq,
  type Node,
  parseDocument,
  type Tags,
  visit,
} from 'yaml';
import * as limits from '../limits.ts';
import type { JsonPatchOperation } from '../webhook/admission.ts';

export interface DocumentText {
  readonly text: string;
  /** Of its first line, from 1. */
  readonly line: number;
}

const MARKER = /^---(\s|$)/;
const DIRECTIVE = /^%/;
/** A list as long as its key is indented: `containers:` and `- name` in one column. */
const FLUSH_LIST = /^( *)(?:- )?[\w.-]+:[ \t]*(?:#.*)?\n(?:[ \t]*(?:#.*)?\n)*\1- /m;
const SPACED_BRACE = /[:\-,] \{ \S/;
const YAML_1_1 = { version: '1.1', merge: true, prettyErrors: false } as const;

/** Put together again they are the text: what begins a document belongs to it. */
export function splitDocuments(text: string): readonly DocumentText[] {
  const documents: DocumentText[] = [];
  let from = 0;
  let fromLine = 1;
  let line = 1;
  let isInDirectives = false;
  for (let at = 0; at < text.length; line++) {
    const end = text.indexOf('\n', at) + 1 || text.length;
    const here = text.slice(at, end);
    if (MARKER.test(here) && at > from && !isInDirectives) {
      documents.push({ text: text.slice(from, at), line: fromLine });
      [from, fromLine] = [at, line];
    }
    isInDirectives = DIRECTIVE.test(here) || (isInDirectives && !MARKER.test(here));
    at = end;
  }
  if (from < text.length) documents.push({ text: text.slice(from), line: fromLine });
  return documents;
}

export type ParsedDocument =
  | { readonly is: 'mistaken'; readonly message: string; readonly at: number }
  | { readonly is: 'value'; readonly value: unknown; readonly document: Document };

export function parseYaml(text: string): ParsedDocument {
  const document = parseDocument(text, {
    ...YAML_1_1,
    customTags: (tags) => tags.filter((tag) => !isNotKubectls(tag)),
  });
  const [error] = document.errors;
  if (error !== undefined) return { is: 'mistaken', message: error.message, at: error.pos[0] };
  try {
    const value: unknown = document.toJS({ maxAliasCount: limits.yamlAliasesMax });
    return { is: 'value', value, document };
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return { is: 'mistaken', message, at: 0 };
  }
}

function isNotKubectls(tag: Tags[number]): boolean {
  if (typeof tag === 'string') return tag === 'timestamp' || tag.endsWith('Time');
  return tag.tag === 'tag:yaml.org,2002:timestamp' || ('format' in tag && tag.format === 'TIME');
}

/** The document's text with these changes; `source` is the text that it was read from. */
export function patchedText(
  document: Document,
  patch: readonly JsonPatchOperation[],
  source: string,
): string {
  for (const operation of patch) applyTo(document, operation);
  return document.toString({
    lineWidth: 0,
    indentSeq: !FLUSH_LIST.test(source),
    flowCollectionPadding: SPACED_BRACE.test(source),
  });
}

/** Aliases would carry a change to wherever else they stand: then all of them are written out. */
export function writeOutAliases(document: Document, value: unknown): void {
  if (hasAliases(document)) document.contents = nodeOf(document, value);
}

function nodeOf(document: Document, value: unknown) {
  return document.createNode(value, { aliasDuplicateObjects: false });
}

function hasAliases(document: Document): boolean {
  let isFound = false;
  visit(document, {
    Alias() {
      isFound = true;
      return visit.BREAK;
    },
  });
  return isFound;
}

function applyTo(document: Document, { op, path, value }: JsonPatchOperation): void {
  const steps = path.split('/').slice(1).map(unescaped);
  const last = steps.pop() ?? '';
  const parent = openedOnTheWay(document, steps);
  if (isMap(parent)) {
    if (op === 'remove') parent.delete(last);
    else parent.set(last, nodeOf(document, value));
  } else if (isSeq(parent)) {
    const at = Number(last);
    if (op === 'add' && at === 0) giveCommentToFirst(parent);
    const added = op === 'remove' ? [] : [nodeOf(document, value)];
    parent.items.splice(at, op === 'add' ? 0 : 1, ...added);
  } else {
    throw new Error(`${path} is nowhere in the document`);
  }
}

/** Braces are opened to lines down to what changes: in one line nobody could read it. */
function openedOnTheWay(document: Document, steps: readonly string[]): unknown {
  let node: unknown = document.contents;
  for (const step of [...steps, null]) {
    if (!isCollection(node)) return null;
    node.flow = false;
    if (step === null) return node;
    node = node.get(isSeq(node) ? Number(step) : step, true);
  }
  return node;
}

/** What stands before the first item is about that item, and not about what is put before it. */
function giveCommentToFirst(list: { items: unknown[]; commentBefore?: string | null }): void {
  const first = list.items[0] as Node | undefined;
  if (!list.commentBefore || first === undefined) return;
  first.commentBefore = list.commentBefore;
  list.commentBefore = null;
}

function unescaped(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}
