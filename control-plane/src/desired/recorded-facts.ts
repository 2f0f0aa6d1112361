/**
 * What a configuration was made of: every question that was asked of the world, with its answer.
 *
 * Where all of them have the same answer in another world, the configuration is the same there.
 * That is right by construction: `desired/` asks through `Facts` alone, which has no other way in,
 * and folding keeps the identity of whatever an event did not touch. Working out from an event what
 * it may affect was refused: a second model of the same rules, and a missed case a stale proxy.
 *
 * Pure. Used by `compiler.ts`.
 */
import { emptyWorld, type Facts, type Lookup, type World } from '../world.ts';

type Index = keyof Facts;

/** Asked of `index` for `key`. */
interface Answer {
  readonly index: Index;
  readonly key: string;
  readonly value: unknown;
}

const INDEXES = Object.keys(emptyWorld).filter((name) => name !== 'instances') as Index[];

/** What was made, and of what. */
export interface Recorded<T> {
  readonly made: T;
  readonly answers: readonly Answer[];
}

/** Of one world. */
export class Recorder {
  readonly #world: World;
  readonly #facts: Facts;
  #answers: Answer[] = [];

  constructor(world: World) {
    this.#world = world;
    const facts = INDEXES.map((index) => [index, this.#noting(index)]);
    this.#facts = Object.fromEntries(facts) as unknown as Facts;
  }

  made<T>(make: (facts: Facts) => T): Recorded<T> {
    this.#answers = [];
    return { made: make(this.#facts), answers: this.#answers };
  }

  /** Whether everything that was asked then has the same answer here. */
  holds({ answers }: Recorded<unknown>): boolean {
    return answers.every(({ index, key, value }) => this.#world[index].get(key) === value);
  }

  #noting(index: Index): Lookup<unknown> {
    const known = this.#world[index];
    return {
      get: (key) => {
        const value = known.get(key);
        this.#answers.push({ index, key, value });
        return value;
      },
    };
  }
}
