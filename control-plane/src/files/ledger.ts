/**
 * Which objects are in force, given all that was read so far: the last good version of each.
 *
 * A mistake must never take a route away, so an object stays as it last was while its text is
 * wrong, wherever that text stands now, and while its file cannot be read far enough to say that it
 * has gone. It ends only when it is missing from a file that was read whole. Of two objects with
 * one name, the first in order of file and line counts; the other is a problem with both places.
 *
 * Pure. Owned by `folder-source.ts`.
 */
import type { MeshObject } from '@remora/api/config/objects.ts';
import * as limits from '../limits.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { ObjectEvent } from '../world.ts';
import type { FileReading, ReadObject } from './object-reading.ts';
import type { Problem } from './problem.ts';

interface FileState {
  readonly objects: ReadObject[];
  readonly mistaken: ReadonlySet<string>;
  readonly problems: readonly Problem[];
  /** New since the last `settle`, and what is in it cannot be told: a file renamed while broken. */
  readonly mayBeAnother: boolean;
}

interface InForce {
  readonly read: ReadObject;
  readonly object: MeshObject;
  /** As read, to see whether anything changed. */
  readonly text: string;
}

export class Ledger {
  readonly #files = new Map<string, FileState>();
  #inForce = new Map<string, InForce>();
  /** Outlives its object: one that comes back with another spec must not reuse a generation. */
  readonly #generations = new Map<string, { spec: string; generation: number }>();
  #problems: readonly Problem[] = [];

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  put(file: string, reading: FileReading): void {
    const good = new Set(reading.objects.map(({ key }) => key));
    const known = this.#files.get(file);
    const before = known?.objects ?? [];
    const isVague = reading.isCut || hasStrangers(reading, before);
    const staying = before.filter(({ key }) => {
      return !good.has(key) && (isVague || reading.isEmpty || reading.mistaken.has(key));
    });
    const isEmptied = reading.isEmpty && staying.length > 0;
    this.#files.set(file, {
      objects: [...reading.objects, ...staying],
      mistaken: reading.mistaken,
      problems: isEmptied ? [emptied(file)] : reading.problems,
      mayBeAnother: isVague && known === undefined,
    });
  }

  remove(file: string): void {
    this.#files.delete(file);
  }

  /** Makes what was put and removed since the last call the objects in force. */
  settle(): readonly ObjectEvent[] {
    this.#keepMoved();
    const next = new Map<string, ReadObject>();
    const problems: Problem[] = [];
    for (const file of [...this.#files.keys()].sort()) {
      const state = this.#files.get(file);
      problems.push(...(state?.problems ?? []));
      for (const read of state?.objects ?? []) {
        const first = next.get(read.key);
        if (first !== undefined) problems.push(duplicateOf(first, read));
        else if (next.size < limits.objectsMax) next.set(read.key, read);
        else problems.push(overTheBound(read));
      }
    }
    this.#problems = problems.slice(0, limits.problemsMax);
    return this.#replace(next);
  }

  /** What moved to another file and is mistaken there is now held by that file. */
  #keepMoved(): void {
    const present = new Set<string>();
    for (const { objects } of this.#files.values()) for (const { key } of objects) present.add(key);
    for (const [key, { read }] of this.#inForce) {
      if (present.has(key)) continue;
      const isGone = !this.#files.has(read.place.file);
      for (const { objects, mistaken, mayBeAnother } of this.#files.values()) {
        if (!mistaken.has(key) && !(mayBeAnother && isGone)) continue;
        objects.push(read);
        break;
      }
    }
    for (const [file, state] of this.#files) {
      if (state.mayBeAnother) this.#files.set(file, { ...state, mayBeAnother: false });
    }
  }

  #replace(next: ReadonlyMap<string, ReadObject>): readonly ObjectEvent[] {
    const events: ObjectEvent[] = [];
    const inForce = new Map<string, InForce>();
    for (const [key, read] of next) {
      const { object } = read;
      const before = this.#inForce.get(key);
      const text = canonicalJson(object);
      if (before?.text === text) {
        inForce.set(key, { ...before, read });
        continue;
      }
      const generated = withGeneration(object, this.#generationOf(key, object));
      inForce.set(key, { read, object: generated, text });
      events.push({ type: 'put', object: generated });
    }
    for (const [key, { object }] of this.#inForce) {
      if (!inForce.has(key)) events.push({ type: 'delete', object });
    }
    this.#inForce = inForce;
    return events;
  }

  /** Counts up when what is wanted changed, as the API server does: labels do not count. */
  #generationOf(key: string, object: MeshObject): number {
    const { metadata: _, ...wanted } = object;
    const spec = canonicalJson(wanted);
    const before = this.#generations.get(key);
    if (before?.spec === spec) return before.generation;
    const generation = (before?.generation ?? 0) + 1;
    this.#generations.delete(key);
    this.#generations.set(key, { spec, generation });
    if (this.#generations.size > 2 * limits.objectsMax) {
      const [oldest = key] = this.#generations.keys();
      this.#generations.delete(oldest);
    }
    return generation;
  }
}

/** A mistaken object that was not here before may be one that was, its kind or name misspelt. */
function hasStrangers({ mistaken }: FileReading, before: readonly ReadObject[]): boolean {
  const known = new Set(before.map(({ key }) => key));
  return [...mistaken].some((key) => !known.has(key));
}

/** A shell empties a file before a command writes it: `generate > routes.yaml`. */
function emptied(file: string): Problem {
  const place = { file, line: 1, column: 1, object: null, field: null };
  const message = 'the file is empty: what was last read from it stays in force';
  return { ...place, message, remedy: 'Write it anew, or delete the file' };
}

function withGeneration(object: MeshObject, generation: number): MeshObject {
  return { ...object, metadata: { ...object.metadata, generation } } as MeshObject;
}

function duplicateOf(first: ReadObject, second: ReadObject): Problem {
  const { file, line } = first.place;
  return {
    ...second.place,
    object: second.name,
    field: 'metadata.name',
    message: `this object is also at ${file}:${line}, which is the one in force`,
    remedy: 'Rename one of the two, or delete it',
  };
}

function overTheBound(read: ReadObject): Problem {
  return {
    ...read.place,
    object: read.name,
    field: null,
    message: `the folder has over ${limits.objectsMax} objects, and this one is left out`,
    remedy: 'Split the folder',
  };
}
