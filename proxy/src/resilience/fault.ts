/**
 * Which faults of a rule strike this request: what a route does to its callers on purpose.
 *
 * Each fault is drawn for itself, so that a delay and an abort can meet: of several delays the
 * longest counts, of aborts the first, of rates the lowest. By cohort the sticky split draws, so
 * raising a percentage only adds users, and two faults of one cohort strike the same ones.
 *
 * Pure: chance is handed in. Compiled with its rule; asked once per request of a rule that has
 * faults. Budget: no allocation, but for the subject of a regular expression.
 */
import type { FaultConfig } from '@remora/api/wire-resilience.ts';
import type { Chance } from '../clock.ts';
import type { Head } from '../http1/head.ts';
import { type Conditions, compileConditions } from '../routing/conditions.ts';
import type { RegexCompiler } from '../routing/regex.ts';
import { Split } from '../routing/split.ts';

/** What is to be done to a request. One object, reused: read it before the next is asked about. */
export class FaultStrike {
  /** First of all. 0: none. */
  delayMs = 0;
  /** The connection is reset; stronger than an abort. */
  isReset = false;
  /** Answered with RMR_FAULT_INJECTED and this status; 0: no. */
  abortStatus = 0;
  /** Of the answer's body; 0: as fast as it goes. */
  bytesPerSecond = 0;

  reset(): void {
    this.delayMs = 0;
    this.isReset = false;
    this.abortStatus = 0;
    this.bytesPerSecond = 0;
  }
}

/** Null: the rule has no faults. */
export function compileFaults(
  configs: readonly FaultConfig[],
  regex: RegexCompiler,
): Faults | null {
  return configs.length === 0 ? null : new Faults(configs, regex);
}

export class Faults {
  /** A cohort is by the peer's address, which costs a system call. */
  readonly needsPeer: boolean;
  readonly #faults: readonly Fault[];

  constructor(configs: readonly FaultConfig[], regex: RegexCompiler) {
    this.needsPeer = configs.some((config) => config.cohort?.key.type === 'peer');
    this.#faults = configs.map((config) => new Fault(config, regex));
  }

  /** Writes what strikes into `strike`; false: nothing does. */
  strike(head: Head, peer: string, chance: Chance, strike: FaultStrike): boolean {
    strike.reset();
    let any = false;
    for (let at = 0; at < this.#faults.length; at++) {
      const fault = this.#faults[at]!;
      if (!fault.hits(head, peer, chance)) continue;
      fault.apply(strike);
      any = true;
    }
    return any;
  }
}

/** The targets of the split that draws: those struck, and the rest. */
const STRUCK = 0;

class Fault {
  readonly #config: FaultConfig;
  readonly #split: Split;
  readonly #conditions: Conditions | null;

  constructor(config: FaultConfig, regex: RegexCompiler) {
    this.#config = config;
    this.#split = new Split(
      [
        { key: 'struck', weight: config.percent },
        { key: 'spared', weight: 100 - config.percent },
      ],
      config.cohort,
    );
    const { header } = config;
    const headers = header === null ? [] : [header];
    const all = { rule: 0, path: null, method: null, query: [], source: null };
    this.#conditions = compileConditions({ ...all, headers }, regex);
  }

  hits(head: Head, peer: string, chance: Chance): boolean {
    if (this.#conditions !== null && !this.#conditions.hold(head)) return false;
    return this.#split.choose(head, peer, chance()) === STRUCK;
  }

  apply(strike: FaultStrike): void {
    const { type, delayMs, status, bytesPerSecond } = this.#config;
    switch (type) {
      case 'delay':
        strike.delayMs = Math.max(strike.delayMs, delayMs);
        return;
      case 'abort':
        if (strike.abortStatus === 0) strike.abortStatus = status;
        return;
      case 'reset':
        strike.isReset = true;
        return;
      case 'slow-body':
        if (strike.bytesPerSecond === 0 || bytesPerSecond < strike.bytesPerSecond) {
          strike.bytesPerSecond = bytesPerSecond;
        }
    }
  }
}
