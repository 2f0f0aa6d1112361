/**
 * Which objects of the cluster are in force: the last good version of each, and what is wrong.
 *
 * Admission refuses what is mistaken, but it can be passed by (an older CRD, a webhook that was
 * away), and a mistake must never take a route away: the object stays as it last was until it is
 * mended or deleted. What the control plane does not read (a status, a heartbeat) is no event.
 *
 * Pure. Owned by `source.ts`, one for each kind.
 */
import { isDeepStrictEqual } from 'node:util';
import { type MeshObject, parseObject } from '@remora/api/config/objects.ts';
import { fieldName, type Problem } from '../files/problem.ts';
import { type Mistake, regexMistakes } from '../files/regex-check.ts';
import { type ObjectEvent, objectKey, objectName } from '../world.ts';

/** An object as the API server has it, read and no longer held. */
export interface ReadObject {
  readonly key: string;
  /** Null: mistaken, or none of the kinds that are read. */
  readonly object: MeshObject | null;
  readonly problems: readonly Problem[];
}

export function readObject(raw: unknown): ReadObject {
  const parsed = parseObject(raw);
  if (parsed.is === 'other') return { key: '', object: null, problems: [] };
  if (parsed.is === 'mistaken') {
    const { identity, problems } = parsed;
    const key = identity === null ? '' : objectKey(identity);
    const name = identity === null ? null : objectName(identity);
    return { key, object: null, problems: problems.map((each) => problemOf(each, name)) };
  }
  const { object, warnings } = parsed;
  const name = objectName(object);
  const mistakes = regexMistakes(object);
  const problems = [
    ...mistakes.map((mistake) => problemOf(mistake, name)),
    ...warnings.map((warning) => ({ ...problemOf(warning, name), isWarning: true as const })),
  ];
  return { key: objectKey(object), object: mistakes.length > 0 ? null : object, problems };
}

export class ObjectLedger {
  readonly #inForce = new Map<string, MeshObject>();
  readonly #problems = new Map<string, readonly Problem[]>();
  /** Counts up when `problems` is another list. */
  changes = 0;

  get problems(): readonly Problem[] {
    return [...this.#problems.values()].flat();
  }

  /** The whole truth: what is not among these is gone. */
  reset(all: readonly ReadObject[]): readonly ObjectEvent[] {
    const present = new Set(all.map(({ key }) => key));
    const events = [...this.#inForce.keys()]
      .filter((key) => !present.has(key))
      .flatMap((key) => this.delete(key));
    for (const key of [...this.#problems.keys()]) if (!present.has(key)) this.#say(key, []);
    return [...events, ...all.flatMap((read) => this.put(read))];
  }

  put({ key, object, problems }: ReadObject): readonly ObjectEvent[] {
    if (key === '') return [];
    this.#say(key, problems);
    if (object === null) return [];
    const before = this.#inForce.get(key);
    if (isDeepStrictEqual(before, object)) return [];
    this.#inForce.set(key, object);
    return [{ type: 'put', object }];
  }

  delete(key: string): readonly ObjectEvent[] {
    this.#say(key, []);
    const object = this.#inForce.get(key);
    if (object === undefined) return [];
    this.#inForce.delete(key);
    return [{ type: 'delete', object }];
  }

  #say(key: string, problems: readonly Problem[]): void {
    if (isDeepStrictEqual(problems, this.#problems.get(key) ?? [])) return;
    this.changes++;
    if (problems.length === 0) this.#problems.delete(key);
    else this.#problems.set(key, problems);
  }
}

/** Its place is the object itself: there is no file. */
function problemOf({ path, message, remedy }: Mistake, object: string | null): Problem {
  return { file: 'cluster', line: 0, column: 0, object, field: fieldName(path), message, remedy };
}
