/**
 * The text of a file to objects, or to mistakes with their place and remedy.
 *
 * What is no object of the mesh (a ConfigMap, an Ingress) is passed over: the folder is the user's
 * own, and most of what is in it is none of our business. An object that is mistaken is named if
 * it can be, so that its last good version stays in force; where even that cannot be read, the
 * reading is `isCut` and nothing that was read from the file before may be taken away.
 *
 * Pure. Called by `folder-source.ts` and by the golden tests.
 */
import { type MeshObject, parseObject } from '@remora/api/config/objects.ts';
import { type ObjectIdentity, objectKey, objectName } from '../world.ts';
import { fieldName, type Problem } from './problem.ts';
import { type Mistake, regexMistakes } from './regex-check.ts';
import { type Path, type Position, readYaml, type YamlDocument } from './yaml-documents.ts';

export interface Place extends Position {
  readonly file: string;
}

export interface ReadObject {
  /** `kind/namespace/name`. */
  readonly key: string;
  /** The word in messages. */
  readonly name: string;
  readonly object: MeshObject;
  readonly place: Place;
}

export interface FileReading {
  readonly objects: readonly ReadObject[];
  /** Keys of objects that are in the file but cannot be used. */
  readonly mistaken: ReadonlySet<string>;
  /** Some of the file could not be told apart: an object that is missing may still be there. */
  readonly isCut: boolean;
  /** Not even a comment. */
  readonly isEmpty: boolean;
  readonly problems: readonly Problem[];
}

interface Draft {
  readonly file: string;
  readonly objects: ReadObject[];
  readonly mistaken: Set<string>;
  readonly problems: Problem[];
  readonly isEmpty: boolean;
  isCut: boolean;
}

export function readObjects(file: string, text: string): FileReading {
  const draft: Draft = {
    file,
    objects: [],
    mistaken: new Set(),
    problems: [],
    isEmpty: text.trim() === '',
    isCut: false,
  };
  for (const document of readYaml(text)) {
    if (document.is === 'mistaken') readMistakes(document, draft);
    else readObject(document, draft);
  }
  draft.problems.sort((a, b) => a.line - b.line || a.column - b.column);
  return draft;
}

function readMistakes(document: YamlDocument & { is: 'mistaken' }, draft: Draft): void {
  draft.isCut = true;
  for (const { position, message } of document.mistakes) {
    draft.problems.push({
      file: draft.file,
      ...position,
      object: null,
      field: null,
      message: `not YAML: ${message}`,
      remedy: 'Correct it: until then, what was last read from this file stays in force',
    });
  }
}

function readObject(document: YamlDocument & { is: 'value' }, draft: Draft): void {
  const { value, start, positionOf } = document;
  const parsed = parseObject(value);
  if (parsed.is === 'other') return;
  if (parsed.is === 'mistaken') {
    if (parsed.identity === null) draft.isCut = true;
    else draft.mistaken.add(objectKey(parsed.identity));
    return report(parsed.problems, parsed.identity, positionOf, draft);
  }
  const { object, warnings } = parsed;
  const key = objectKey(object);
  const mistakes = regexMistakes(object);
  report(mistakes, object, positionOf, draft);
  report(
    warnings.map((warning) => ({ ...warning, isWarning: true })),
    object,
    positionOf,
    draft,
  );
  if (mistakes.length > 0) draft.mistaken.add(key);
  else {
    const place = { file: draft.file, ...start };
    draft.objects.push({ key, name: objectName(object), object, place });
  }
}

function report(
  mistakes: readonly (Mistake & { readonly isWarning?: true })[],
  identity: ObjectIdentity | null,
  positionOf: (path: Path) => Position,
  draft: Draft,
): void {
  for (const { path, ...said } of mistakes) {
    const object = identity === null ? null : objectName(identity);
    const place = { file: draft.file, ...positionOf(path) };
    draft.problems.push({ ...place, object, field: fieldName(path), ...said });
  }
}
