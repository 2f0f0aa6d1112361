/**
 * What a question is: a measurement that answers with rows, named figures and notes.
 *
 * Rows are for people (one per proxy and configuration, each cell a spread over rounds); figures
 * are single numbers with fixed names that `bars.ts` judges and CI reads. A figure that could not
 * be measured is null, and never passes.
 */
import type { Driver, Target } from '../load/drive.ts';
import type { Flavor, Peer, Place, Running } from '../peers/peer.ts';
import { HOST, type RouteTable } from '../route-table.ts';
import { type Spread, spreadOf } from '../statistics.ts';

export interface Question {
  readonly name: string;
  /** What is asked, in one sentence. */
  readonly asks: string;
  /** Only when named: it needs the programs of a cluster, and none of the peers. */
  readonly isOnRequest?: true;
  run(bench: Bench): Promise<Answer>;
}

export interface Answer {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly figures: Readonly<Record<string, number | null>>;
  readonly notes: readonly string[];
  /** Functions in which Remora spent its time, when it was asked for. */
  readonly profile?: readonly string[];
}

export interface Column {
  readonly key: string;
  readonly title: string;
  /** Drawn as bars in the plot. */
  readonly plotted: boolean;
}

export interface Row {
  readonly peer: string;
  readonly config: string;
  readonly cells: Readonly<Record<string, Spread | null>>;
}

/** How long everything takes: `--quick` trades certainty for minutes. */
export interface Scale {
  readonly quick: boolean;
  /** Of Remora, Envoy and HAProxy in `hop`. */
  readonly rounds: number;
  readonly roundsBesideHop: number;
  /** Of the rows beside them. */
  readonly sideRounds: number;
  readonly warmSeconds: number;
  readonly saturationSeconds: number;
  readonly pacedSeconds: number;
  readonly ratesPerSecond: readonly number[];
  readonly loadedSeconds: number;
  readonly idleSeconds: number;
  readonly starts: number;
  /** Of `seeing`: how often everything starts anew; in each life rounds side by side, and pairs. */
  readonly lives: number;
  readonly slices: number;
  readonly pairs: number;
}

export interface Bench {
  readonly place: Place;
  readonly driver: Driver;
  readonly scale: Scale;
  readonly profile: boolean;
  say(text: string): void;
  /** False once the time given to this question is used up: rounds stop, and the report says so. */
  hasTime(): boolean;
}

export function targetOf(running: Running, path = '/items'): Target {
  return { port: running.port, pid: running.pid, host: HOST, path };
}

/** Starts those of `peers` that can be started here; the others become notes. */
export async function startPeers(
  bench: Bench,
  peers: readonly Peer[],
  table: RouteTable,
  notes: string[],
): Promise<readonly Running[]> {
  const running: Running[] = [];
  for (const peer of peers) {
    const missing = peer.missing(bench.place.tools);
    try {
      if (missing !== null) throw new Error(`missing: ${missing}`);
      running.push(await peer.start(bench.place, table));
    } catch (error) {
      const note = `no row for ${peer.name} (${peer.flavor}): ${reasonOf(error)}`;
      bench.say(note);
      notes.push(note);
    }
  }
  return running;
}

/** One line that a report can hold, without what the program printed around it. */
export function reasonOf(error: unknown): string {
  const lines = (error as Error).message.split('\n').map((line) => line.trim());
  const telling = lines.find((line) => /^\w*Error: /.test(line)) ?? '';
  return [lines[0], telling].filter((line) => line !== '').join(' … ');
}

/** What each proxy measured in each round, and the rows that come of it. */
export class Rounds {
  readonly #series = new Map<string, number[]>();
  readonly #bench: Bench;
  readonly #notes: string[];
  /** Rounds of that kind so far, over all calls. */
  #sideBySide = 0;
  #inPairs = 0;

  constructor(bench: Bench, notes: string[]) {
    this.#bench = bench;
    this.#notes = notes;
  }

  /**
   * A B C, B C A, C A B, …: nobody is always first, and what disturbs the machine for a while
   * disturbs all.
   */
  async alternate(
    peers: readonly Running[],
    rounds: number,
    measure: (running: Running, round: number) => Promise<Readonly<Record<string, number>>>,
  ): Promise<void> {
    await this.#repeat(rounds, async (round) => {
      for (let seat = 0; seat < peers.length; seat++) {
        const running = peers[(seat + round) % peers.length]!;
        await this.#measureOnce(running, round, measure);
      }
    });
  }

  /** All at the same time on the same core: what disturbs the machine disturbs each alike. */
  async sideBySide(
    peers: readonly Running[],
    rounds: number,
    measure: (running: Running) => Promise<Readonly<Record<string, number>>>,
  ): Promise<void> {
    await this.#repeat(rounds, async () => {
      const at = this.#sideBySide++;
      await Promise.all(peers.map((running) => this.#measureOnce(running, at, measure)));
    });
  }

  /** A B, then B A, and so on, of each pair: what drifts meanwhile favours neither. */
  async inPairs(
    pairs: readonly (readonly [Running, Running])[],
    rounds: number,
    measure: (running: Running) => Promise<Readonly<Record<string, number>>>,
  ): Promise<void> {
    await this.#repeat(rounds, async () => {
      const at = this.#inPairs++;
      for (const pair of pairs) {
        const inTurn = at % 2 === 0 ? pair : pair.toReversed();
        for (const running of inTurn) await this.#measureOnce(running, at, measure);
      }
    });
  }

  /** At least one round is run, whatever the time. */
  async #repeat(rounds: number, run: (round: number) => Promise<void>): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      if (round > 0 && !this.#bench.hasTime()) {
        this.#notes.push(`time was up after ${round} of ${rounds} rounds`);
        return;
      }
      await run(round);
    }
  }

  async #measureOnce(
    running: Running,
    round: number,
    measure: (running: Running, round: number) => Promise<Readonly<Record<string, number>>>,
  ): Promise<void> {
    try {
      for (const [key, value] of Object.entries(await measure(running, round))) {
        const series = this.series(running, key);
        while (series.length < round) series.push(Number.NaN);
        series.push(value);
      }
    } catch (error) {
      const note = `${running.name} (${running.flavor}): ${reasonOf(error)}`;
      this.#bench.say(note);
      this.#notes.push(note);
    }
  }

  series(of: { readonly name: string; readonly flavor: Flavor }, key: string): number[] {
    const id = `${of.name}|${of.flavor}|${key}`;
    const known = this.#series.get(id);
    if (known !== undefined) return known;
    const fresh: number[] = [];
    this.#series.set(id, fresh);
    return fresh;
  }

  /** Of the full configuration of a peer. */
  named(name: string, key: string): readonly number[] {
    return this.series({ name, flavor: 'full' }, key);
  }

  row(of: { readonly name: string; readonly flavor: Flavor }, columns: readonly Column[]): Row {
    const cells = columns.map(({ key }) => [key, spreadOf(this.series(of, key))] as const);
    return { peer: of.name, config: of.flavor, cells: Object.fromEntries(cells) };
  }
}
