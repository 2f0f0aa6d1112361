/**
 * Answers what people ask of this proxy by way of the control plane: `remora explain`, `tap`,
 * `config`, `top`, `stat`.
 *
 * An answer is one line of at most `answerBytesMax`, made in slices so that a large page stalls no
 * request. What does not fit is left out and counted (records), or refused with the page to ask
 * instead: half of a page would be taken for the whole. The number of questions at a time is
 * bounded; configuration never waits for one.
 *
 * Impure: a tap's timer. Made by `proxy.ts`, called by `subscription.ts`.
 */
import { type ProxyQuery, type TapFilter, wireLimits } from '@remora/api/wire.ts';
import type { Clock } from '../clock.ts';
import * as limits from '../limits.ts';
import type { RecordStore } from '../telemetry/record-store.ts';
import { recordsAnswer } from './records-answer.ts';
import { runSliced } from './slices.ts';

export interface QueryWorld {
  readonly records: RecordStore;
  readonly clock: Clock;
  /** The admin pages of these names, in pieces. */
  configPieces(): Iterable<string>;
  statsPieces(): Iterable<string>;
}

/** JSON, or why there is none. */
type Answer = { readonly json: string } | { readonly why: string };

export class Queries {
  readonly #world: QueryWorld;
  #open = 0;

  constructor(world: QueryWorld) {
    this.#world = world;
  }

  /** The whole message, as a line of the stream. Never rejects. */
  async answerLine(id: number, query: ProxyQuery): Promise<string> {
    const answer = await this.#bounded(query);
    if ('json' in answer) return `{"type":"answer","id":${id},"answer":${answer.json}}\n`;
    return `${JSON.stringify({ type: 'answer', id, answer: null, why: answer.why })}\n`;
  }

  async #bounded(query: ProxyQuery): Promise<Answer> {
    if (this.#open >= limits.queriesMax) {
      return { why: `${limits.queriesMax} other queries wait for an answer here` };
    }
    this.#open++;
    try {
      return await this.#answer(query);
    } catch (error) {
      return { why: error instanceof Error ? error.message : String(error) };
    } finally {
      this.#open--;
    }
  }

  async #answer(query: ProxyQuery): Promise<Answer> {
    const { records, clock } = this.#world;
    switch (query.kind) {
      case 'explain':
        return { json: recordsAnswer(records.find(query.requestId).toReversed(), 0) };
      case 'tap':
        return await this.#tap(query.filter, query.tapMs);
      case 'config':
        return await runSliced(pageAnswer('/config', this.#world.configPieces()), clock);
      case 'stats':
        return await runSliced(pageAnswer('/stats', this.#world.statsPieces()), clock);
    }
  }

  async #tap(filter: TapFilter, tapMs: number): Promise<Answer> {
    const recordsMax = limits.tapRecordsMax;
    const tap = this.#world.records.openTap(filter, recordsMax, wireLimits.answerBytesMax);
    if (tap === null) return { why: `${wireLimits.tapsMax} taps are open here` };
    try {
      await passed(Math.min(tapMs, wireLimits.answerMs));
      const { leftOut } = tap;
      return { json: recordsAnswer(tap.take(), leftOut) };
    } finally {
      tap.close();
    }
  }
}

function* pageAnswer(path: string, pieces: Iterable<string>): Generator<void, Answer> {
  const parts: string[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    bytes += Buffer.byteLength(piece);
    if (bytes > wireLimits.answerBytesMax) {
      return { why: `its page is over ${wireLimits.answerBytesMax} bytes: ask its own ${path}` };
    }
    // A page is laid out for people; a message is one line. Within texts JSON has no line ends.
    parts.push(piece.replaceAll('\n', ' '));
    yield;
  }
  return { json: parts.join('') };
}

/** Keeps no process alive. */
function passed(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
