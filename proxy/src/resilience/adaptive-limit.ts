/**
 * How many requests one endpoint may have in flight, learned from the latency of its answers.
 *
 *   free ──latency is high──→ testing ──it fell with what was in flight──→ congested ⇄ probing
 *     ↑    or keeps it small     └─it did not: the server became slower──→ free
 *     └──────── nobody had to wait for 0.5 s, or probing upwards found no queue ────────┘
 *
 * High latency is only a suspicion: the test is whether it follows the number in flight. Gradient,
 * Vegas, AIMD and fixed limits were refused: each takes a slower server or a burst for overload and
 * sheds 3 to 52% of it, or leaves a standing queue. The base latency falls at once and rises only
 * with a refuted suspicion, so an outage cannot erase it. Pure. Told by `capacity.ts`; the figures
 * are held by `simulation.test.ts`. Budget: no allocation per answer.
 */
import * as limits from '../limits.ts';
import { coldPlaces, firstPlaces, isRising, LIMIT_FIRST } from './first-window.ts';
import { LatencySamples } from './latency-samples.ts';
import {
  aloneMs,
  easyMs,
  elasticity,
  highMs,
  lookAt,
  type Seen,
  usefulPlaces,
} from './limit-window.ts';

/** Fewer in flight would leave a server idle between an answer and the next request. */
const LIMIT_FLOOR = 3;
const LIMIT_MAX = 1024;

const WINDOW_MS = 40;
const WINDOW_ANSWERS = 8;
/** The first window sets the base, a test's window answers one question: both are short. */
const FIRST_ANSWERS = 5;
const TEST_ANSWERS = 4;
/** Slow answers in a row that make a suspect before the window has ended. */
const SUSPECT_ANSWERS = 5;
/** In flight, where a test for the base ends: of one, a slow answer would take the only place. */
const TEST_LEAST = 2;
const ALARMS_BEFORE_TEST = 2;
/** Windows that made somebody wait, with latency too high to grow and too low to alarm. */
const STUCK_BEFORE_TEST = 3;
/** Latency over in flight: under the first no queue, over the second a queue. */
const ELASTICITY_NONE = 0.25;
const ELASTICITY_QUEUE = 0.5;
/** A single answer may be so much slower than a window, and still be in good time. */
const GROWTH_MORE_MS = 2.5;
const GROWTH_PER_ANSWER = 3;
/** Of a limit that made somebody wait while nothing was suspect. */
const GROWTH_PER_WINDOW = 2;
const EASY_WINDOWS = 2;
const UP_FACTOR = 1.5;
const DOWN_FACTOR = 0.7;
const PROBE_EVERY_MS = 5_000;
const PROBE_AGAIN_MS = 500;
/** So much in flight did not come about: there is no demand for it. */
const PROBE_MAX_MS = 1_000;
const UNBOUND_MS = 500;
/** Congested so lately, a new alarm needs no test. */
const RECALL_MS = 10_000;
const MISSES_BEFORE_CUT = 5;
const PEAK_KEPT = 0.98;

type Phase = 'free' | 'testing' | 'congested' | 'probing';

export class AdaptiveLimit {
  /** May be fractional; whoever counts takes the whole part, and at least 1. */
  limit = LIMIT_FIRST;
  /** Set when the limit made somebody wait; cleared with each window. */
  isBound = false;
  phase: Phase = 'free';
  /** The fastest tenth of the last window; 0: none yet. */
  fastMs = 0;
  #baseMs = Number.POSITIVE_INFINITY;
  /** It was seen without a queue: by requests that nobody had to wait behind, or in a test. */
  #isBaseSure = false;
  /** The first answers rose as a queue's do: the base may be one's. */
  #isDoubtful = false;
  /** While there is no base. */
  #leastMs = Number.POSITIVE_INFINITY;
  /** When somebody first waited for an endpoint that had never answered. */
  #coldAtMs = Number.POSITIVE_INFINITY;
  /** Something spoke against more. */
  #isCut = false;
  #slowInARow = 0;
  #misses = 0;
  readonly #window = new LatencySamples(limits.latencySamplesMax);
  #windowAtMs: number;
  /** What was sent before says nothing about the limit as it is. */
  #changedAtMs = Number.NEGATIVE_INFINITY;

  /** Windows with high latency in a row, and their answers. */
  #alarms = 0;
  readonly #alarming = new LatencySamples(2 * limits.latencySamplesMax);
  #stuckWindows = 0;
  /** As it was before a test or a probe. */
  #before: Seen | null = null;
  #limitBefore = LIMIT_FIRST;
  /** Where a test goes on below the queue that it found: the window that showed the queue. */
  #queued: Seen | null = null;

  #easyWindows = 0;
  #boundAtMs = Number.NEGATIVE_INFINITY;
  #probedAtMs = 0;
  #probeInFlight = 0;
  #probesWithoutQueue = 0;
  #freedAtMs = Number.NEGATIVE_INFINITY;
  /** The most that has proved useful; after a cut growth is fast up to here. */
  #peak = LIMIT_FIRST;
  #fastGrowthMax = Number.POSITIVE_INFINITY;

  constructor(nowMs: number) {
    this.#windowAtMs = nowMs;
  }

  /** The fastest tenth at its fastest; Infinity: not known yet. */
  get baseMs(): number {
    return this.#baseMs;
  }

  /** How many may be in flight. */
  get places(): number {
    return Math.max(1, Math.floor(this.limit));
  }

  /** Latency is high, or was confirmed to be a queue. */
  get isSuspect(): boolean {
    return this.phase !== 'free' || this.#slowInARow >= SUSPECT_ANSWERS;
  }

  get isCongested(): boolean {
    return this.phase === 'congested' || this.phase === 'probing';
  }

  /** Whether nothing is known of the endpoint yet, for better or worse. */
  get isCold(): boolean {
    return this.#baseMs === Number.POSITIVE_INFINITY && !this.#isCut;
  }

  /** While it is cold and somebody waits: one place more every 10 ms. */
  warm(nowMs: number): void {
    this.#coldAtMs = Math.min(this.#coldAtMs, nowMs);
    this.limit = Math.max(this.limit, coldPlaces(nowMs - this.#coldAtMs));
  }

  /** `rttMs`: from the last byte of the request to the head of its answer. */
  onAnswer(rttMs: number, inFlightWhenSent: number, sentAtMs: number, nowMs: number): void {
    if (sentAtMs < this.#changedAtMs) return;
    if (this.phase === 'probing' && inFlightWhenSent < this.#probeInFlight) {
      if (nowMs - this.#probedAtMs > PROBE_MAX_MS) this.#endProbe(nowMs);
      return;
    }
    this.#window.add(rttMs, inFlightWhenSent);
    this.#slowInARow = rttMs > highMs(this.#baseMs) ? this.#slowInARow + 1 : 0;
    if (rttMs < this.#leastMs) this.#leastMs = rttMs;
    if (this.isBound && this.phase === 'free') this.#grow(rttMs, inFlightWhenSent);
    if (this.#isWindowOver(nowMs)) this.#closeWindow(nowMs);
  }

  /** A request that got no answer in time. Its latency is unknown and votes nowhere. */
  onMiss(nowMs: number): void {
    this.#misses++;
    if (this.#misses < MISSES_BEFORE_CUT || this.#misses <= this.#window.added) return;
    this.#misses = 0;
    this.#fastGrowthMax = this.#peak;
    this.limit = Math.max(1, this.limit / 2);
    this.#isCut = true;
    this.#newWindow(nowMs);
  }

  /** The peer's own limit refused a request: less is sent, once per window. */
  onRefusedByPeer(nowMs: number): void {
    if (nowMs - this.#changedAtMs < WINDOW_MS) return;
    this.#fastGrowthMax = Math.min(this.#fastGrowthMax, this.limit);
    this.#isCut = true;
    this.#setLimit(Math.max(LIMIT_FLOOR, this.limit * DOWN_FACTOR), nowMs);
  }

  /** The breaker closed: begin carefully, with the base that was known before the outage. */
  reset(nowMs: number): void {
    this.#fastGrowthMax = this.#peak;
    this.#isCut = true;
    this.#setLimit(Math.max(LIMIT_FLOOR, Math.min(this.limit, LIMIT_FIRST)), nowMs);
    this.phase = 'free';
    this.#misses = 0;
    this.#calm();
    this.#newWindow(nowMs);
  }

  #isEasy(rttMs: number): boolean {
    return rttMs <= easyMs(this.#baseMs);
  }

  /** An answer in good time, sent with n in flight, proves n: up to 2 n may follow. */
  #grow(rttMs: number, inFlightWhenSent: number): void {
    const baseMs = this.#baseMs === Number.POSITIVE_INFINITY ? this.#leastMs : this.#baseMs;
    if (this.#isDoubtful || rttMs > easyMs(baseMs) + GROWTH_MORE_MS) return;
    const step = this.limit < this.#fastGrowthMax ? GROWTH_PER_ANSWER : 1 / this.limit;
    const grown = Math.min(this.limit + step, 2 * inFlightWhenSent + LIMIT_FIRST, LIMIT_MAX);
    if (grown > this.limit) this.limit = grown;
  }

  #isWindowOver(nowMs: number): boolean {
    const { added } = this.#window;
    if (this.#baseMs === Number.POSITIVE_INFINITY) return added >= FIRST_ANSWERS;
    if (this.phase === 'testing') return added >= TEST_ANSWERS;
    if (added < WINDOW_ANSWERS) return false;
    return this.phase === 'probing' || nowMs - this.#windowAtMs >= WINDOW_MS;
  }

  #closeWindow(nowMs: number): void {
    const isFirst = this.#baseMs === Number.POSITIVE_INFINITY;
    const seen = this.#look(nowMs);
    this.fastMs = seen.fastMs;
    this.#misses = 0;
    if (isFirst) return this.#beginWith(seen, nowMs);
    if (seen.wasBound) this.#boundAtMs = nowMs;
    switch (this.phase) {
      case 'free':
        this.#whileFree(seen, nowMs);
        break;
      case 'testing':
        this.#judgeTest(seen, nowMs);
        break;
      case 'congested':
        this.#whileCongested(seen, nowMs);
        break;
      case 'probing':
        this.#judgeProbe(seen, nowMs);
    }
    this.#newWindow(nowMs);
  }

  #beginWith(seen: Seen, nowMs: number): void {
    this.#isDoubtful = isRising(this.#window, seen);
    this.#setLimit(Math.min(this.limit, firstPlaces(seen, this.#isDoubtful)), nowMs);
    this.#newWindow(nowMs);
  }

  #look(nowMs: number): Seen {
    const seen = lookAt(this.#window, nowMs - this.#windowAtMs, this.isBound);
    if (seen.fastMs < this.#baseMs) this.#baseMs = seen.fastMs;
    return seen;
  }

  #useful(seen: Seen): number {
    return Math.max(LIMIT_FLOOR, usefulPlaces(seen, this.#baseMs));
  }

  #whileFree(seen: Seen, nowMs: number): void {
    if (seen.wasBound && this.#window.added >= WINDOW_ANSWERS) {
      this.#peak = Math.max(this.#peak * PEAK_KEPT, this.#useful(seen));
    }
    if (seen.fastMs <= highMs(this.#baseMs)) return this.#whileUnsuspected(seen, nowMs);
    this.#alarms++;
    this.#alarming.addAll(this.#window);
    if (this.#alarming.elasticity() < ELASTICITY_NONE) return this.#acceptBase(seen.fastMs);
    if (this.#alarms < ALARMS_BEFORE_TEST) return;
    if (seen.wasBound && nowMs - this.#freedAtMs < RECALL_MS) {
      this.#remember(seen);
      return this.#congest(seen, nowMs);
    }
    this.#beginTest(seen, nowMs);
  }

  #whileUnsuspected(seen: Seen, nowMs: number): void {
    const isUnsure = this.#isDoubtful || (!this.#isBaseSure && !this.#isEasy(seen.fastMs));
    this.#calm();
    if (isUnsure && seen.wasBound) return this.#beginTest(seen, nowMs);
    const isWhole = this.#window.added >= WINDOW_ANSWERS;
    this.#isBaseSure ||= isWhole && !seen.wasBound && this.#isEasy(seen.meanMs);
    const isCalm = seen.fastMs <= (this.#baseMs + highMs(this.#baseMs)) / 2;
    this.#stuckWindows = seen.wasBound && !isCalm ? this.#stuckWindows + 1 : 0;
    // Neither growing nor cut, with a queue before our door: is there one behind it, or room?
    if (this.#stuckWindows >= STUCK_BEFORE_TEST) return this.#beginTest(seen, nowMs);
    // Who waited though all is calm waited for latency that varies by itself: room is to be had.
    if (seen.wasBound && isCalm) this.limit = Math.min(LIMIT_MAX, this.limit + GROWTH_PER_WINDOW);
  }

  /** Takes half of what is in flight away, where that leaves enough to see by. */
  #beginTest(seen: Seen, nowMs: number): void {
    this.#stuckWindows = 0;
    this.#queued = null;
    if (seen.inFlight < UP_FACTOR * LIMIT_FLOOR) return;
    this.#remember(seen);
    this.phase = 'testing';
    this.#setLimit(Math.max(LIMIT_FLOOR, seen.inFlight / 2), nowMs);
    this.#calm();
  }

  /** Half of it was taken away: did latency follow? */
  #judgeTest(seen: Seen, nowMs: number): void {
    const before = this.#before!;
    const fell = seen.inFlight < before.inFlight ? elasticity(seen, before) : 1;
    const isQueue = fell >= ELASTICITY_QUEUE;
    const first = this.#queued ?? before;
    if (isQueue && !this.#isBaseSure) {
      if (seen.inFlight > TEST_LEAST) return this.#testBelow(seen, nowMs);
      this.#baseMs = Math.min(this.#baseMs, aloneMs(first, before, seen));
    }
    if (isQueue || this.#queued !== null) return this.#congest(first, nowMs);
    this.phase = 'free';
    this.limit = Math.max(this.#limitBefore, UP_FACTOR * before.inFlight);
    this.#acceptBase(Math.max(this.#baseMs, seen.fastMs));
  }

  /** A queue, but all that were ever answered may have stood in it: half again, for the base. */
  #testBelow(seen: Seen, nowMs: number): void {
    this.#queued ??= this.#before;
    this.#before = seen;
    this.#setLimit(Math.max(TEST_LEAST, seen.inFlight / 2), nowMs);
  }

  #congest(seen: Seen, nowMs: number): void {
    this.phase = 'congested';
    this.#isBaseSure = true;
    this.#probedAtMs = nowMs;
    this.limit = Math.max(LIMIT_FLOOR, Math.min(this.#limitBefore, this.#useful(seen)));
    this.#easyWindows = 0;
    this.#calm();
  }

  #whileCongested(seen: Seen, nowMs: number): void {
    const isEasy = this.#isEasy(seen.fastMs);
    if (!isEasy) this.#easyWindows = 0;
    if (seen.fastMs > highMs(this.#baseMs)) {
      const lower = Math.max(this.limit * DOWN_FACTOR, this.#useful(seen));
      if (lower < this.limit) this.#setLimit(lower, nowMs);
    } else if (!seen.wasBound && nowMs - this.#boundAtMs > UNBOUND_MS) {
      this.phase = 'free';
      this.#freedAtMs = nowMs;
      return;
    } else if (seen.wasBound && isEasy && ++this.#easyWindows >= EASY_WINDOWS) {
      this.#setLimit(Math.min(LIMIT_MAX, this.limit * UP_FACTOR), nowMs);
    }
    if (seen.wasBound && nowMs - this.#probedAtMs > PROBE_EVERY_MS) this.#beginProbe(seen, nowMs);
  }

  /** The server may have become slower meanwhile: then more in flight costs nothing. */
  #beginProbe(seen: Seen, nowMs: number): void {
    this.#remember(seen);
    this.phase = 'probing';
    this.#probedAtMs = nowMs;
    const more = Math.max(this.limit + 2, this.limit * UP_FACTOR);
    this.#setLimit(Math.min(LIMIT_MAX, more), nowMs);
    // It asks about clearly more in flight than before: answers to fewer say nothing.
    this.#probeInFlight = (seen.inFlight + this.limit) / 2;
  }

  #judgeProbe(seen: Seen, nowMs: number): void {
    const rose = elasticity(seen, this.#before!);
    this.#probesWithoutQueue = rose < ELASTICITY_NONE ? this.#probesWithoutQueue + 1 : 0;
    if (this.#probesWithoutQueue >= 2) {
      this.#probesWithoutQueue = 0;
      this.phase = 'free';
      this.#changedAtMs = nowMs;
      return this.#acceptBase(Math.max(this.#baseMs, seen.fastMs));
    }
    if (this.#probesWithoutQueue > 0) this.#probedAtMs = nowMs - PROBE_EVERY_MS + PROBE_AGAIN_MS;
    this.#endProbe(nowMs);
  }

  #endProbe(nowMs: number): void {
    this.phase = 'congested';
    this.#setLimit(this.#limitBefore, nowMs);
  }

  /** The suspicion was refuted: this is how fast the endpoint is now. */
  #acceptBase(baseMs: number): void {
    this.#baseMs = baseMs;
    this.#isBaseSure = true;
    this.#calm();
  }

  #calm(): void {
    this.#alarms = 0;
    this.#alarming.clear();
    this.#isDoubtful = false;
  }

  #remember(seen: Seen): void {
    this.#before = seen;
    this.#limitBefore = this.limit;
  }

  #setLimit(limit: number, nowMs: number): void {
    this.limit = limit;
    this.#changedAtMs = nowMs;
  }

  #newWindow(nowMs: number): void {
    this.#window.clear();
    this.#windowAtMs = nowMs;
    this.isBound = false;
  }
}
