/**
 * The operations of RFC 6902 that make one value of another, as few as it takes.
 *
 * Lists of things with names (containers, volumes) are followed by name, so that what is put first
 * is one `add` at 0 and does not rewrite all that stands behind it. Where that cannot be (an item
 * went, the order changed, there are no names) the list is replaced. Values are JSON.
 *
 * Pure. Called by `injection-patch.ts`.
 */
import { type Fields, isFields } from '@remora/api/fields.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { JsonPatchOperation } from '../webhook/admission.ts';

export function jsonPatch(before: unknown, after: unknown, path = ''): JsonPatchOperation[] {
  if (Array.isArray(before) && Array.isArray(after)) return listPatch(before, after, path);
  if (isFields(before) && isFields(after)) return fieldsPatch(before, after, path);
  return before === after ? [] : [{ op: 'replace', path, value: after }];
}

function fieldsPatch(before: Fields, after: Fields, path: string): JsonPatchOperation[] {
  const removed = Object.keys(before)
    .filter((name) => !Object.hasOwn(after, name))
    .map((name): JsonPatchOperation => ({ op: 'remove', path: below(path, name) }));
  const written = Object.entries(after).flatMap(([name, value]): JsonPatchOperation[] => {
    const at = below(path, name);
    if (!Object.hasOwn(before, name)) return [{ op: 'add', path: at, value }];
    return jsonPatch(before[name], value, at);
  });
  return [...removed, ...written];
}

function listPatch(
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
): JsonPatchOperation[] {
  const [namesBefore, namesAfter] = [namesOf(before), namesOf(after)];
  const kept = namesAfter?.filter((name) => namesBefore?.includes(name));
  // All that was there is still there, in its order: then what is new only pushes the rest on.
  if (namesBefore === null || canonicalJson(kept ?? null) !== canonicalJson(namesBefore)) {
    const isSame = canonicalJson(before) === canonicalJson(after);
    return isSame ? [] : [{ op: 'replace', path, value: after }];
  }
  return after.flatMap((item, at): JsonPatchOperation[] => {
    const was = namesBefore.indexOf(namesAfter?.[at]);
    const place = `${path}/${at}`;
    return was < 0
      ? [{ op: 'add', path: place, value: item }]
      : jsonPatch(before[was], item, place);
  });
}

/** Null: not every item has one of its own. */
function namesOf(list: readonly unknown[]): readonly unknown[] | null {
  const names = list.map((item) => (isFields(item) ? item['name'] : null));
  const isNamed = names.every((name) => typeof name === 'string' && name !== '');
  return isNamed && new Set(names).size === names.length ? names : null;
}

/** A pointer's next step, RFC 6901 §3. */
function below(path: string, name: string): string {
  return `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
