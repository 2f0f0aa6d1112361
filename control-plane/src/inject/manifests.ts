/**
 * Text of Kubernetes YAML to the same text with sidecars in it: what `remora inject` prints.
 *
 * Every object that holds the template of a pod is asked about, in Lists too; whatever else the
 * text holds passes through to the letter. Unless a pod says otherwise it is injected: who runs the
 * command has asked for it. What is refused is told with its file, line and object.
 *
 * Pure. Called by `cli/inject.ts`.
 */
import type { Problem as Finding } from '@remora/api/config/problems.ts';
import type { Installation } from '../desired/injection-plan.ts';
import { fieldName, type Problem } from '../files/problem.ts';
import { type Path, readYaml } from '../files/yaml-documents.ts';
import type { JsonPatchOperation } from '../webhook/admission.ts';
import { injectionOf } from './injection.ts';
import { type PodPlace, podPlaces } from './pod-places.ts';
import { parseYaml, patchedText, splitDocuments, writeOutAliases } from './yaml-text.ts';

export interface InjectedText {
  readonly text: string;
  /** `Deployment shop/cart`, in order. */
  readonly injected: readonly string[];
  readonly left: readonly { readonly object: string; readonly why: string }[];
  /** With any that is no warning, the text is not to be used. */
  readonly problems: readonly Problem[];
}

interface Draft {
  readonly file: string;
  readonly injected: string[];
  readonly left: { object: string; why: string }[];
  readonly problems: Problem[];
}

export function injectText(file: string, text: string, installation: Installation): InjectedText {
  const draft: Draft = { file, injected: [], left: [], problems: [] };
  const documents = splitDocuments(text).map((one) => {
    const parsed = parseYaml(one.text);
    if (parsed.is === 'mistaken') {
      const line = one.line + one.text.slice(0, parsed.at).split('\n').length - 1;
      draft.problems.push(notYaml(file, line, parsed.message));
      return one.text;
    }
    const { value, document } = parsed;
    const places = podPlaces(value);
    const positionOf = (path: Path) => {
      const [read] = readYaml(one.text);
      const at = read?.is === 'value' ? read.positionOf(path) : { line: 1, column: 1 };
      return { line: at.line + one.line - 1, column: at.column };
    };
    const patch = places.flatMap((place) => patchAt(place, { draft, installation, positionOf }));
    if (patch.length === 0) return one.text;
    writeOutAliases(document, value);
    return patchedText(document, patch, one.text);
  });
  const { injected, left } = draft;
  const problems = draft.problems.sort((a, b) => a.line - b.line || a.column - b.column);
  return { text: documents.join(''), injected, left, problems };
}

interface Task {
  readonly draft: Draft;
  readonly installation: Installation;
  readonly positionOf: (path: Path) => { readonly line: number; readonly column: number };
}

function patchAt(place: PodPlace, { draft, installation, positionOf }: Task): JsonPatchOperation[] {
  const { pod, path, object, workload } = place;
  const injection = injectionOf({ pod, mode: 'enabled', workload, installation });
  const tell = (found: Finding, isWarning: boolean) => {
    const at = [...path, ...found.path];
    const { message, remedy } = found;
    draft.problems.push({
      ...{ file: draft.file, ...positionOf(at), object, field: fieldName(at), message, remedy },
      ...(isWarning && { isWarning }),
    });
  };
  switch (injection.is) {
    case 'left':
      draft.left.push({ object, why: injection.why });
      return [];
    case 'refused':
      for (const problem of injection.problems) tell(problem, false);
      return [];
    case 'injected': {
      draft.injected.push(object);
      for (const warning of injection.warnings) tell(warning, true);
      const root = path.map((step) => `/${step}`).join('');
      return injection.patch.map((one) => ({ ...one, path: root + one.path }));
    }
  }
}

function notYaml(file: string, line: number, message: string): Problem {
  const remedy = 'Correct it';
  return {
    file,
    line,
    column: 1,
    object: null,
    field: null,
    message: `not YAML: ${message}`,
    remedy,
  };
}
