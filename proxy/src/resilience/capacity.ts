/**
 * How many more requests the endpoints of one backend can take, all together.
 *
 * The sums are kept and not computed: each slot remembers what it is counted as, and a change adds
 * the difference, so a service with a thousand endpoints asks as cheaply as one with a single one.
 * An endpoint without a limit of its own makes the sum endless; so does having no endpoint at all,
 * which is for the picker to report. Congested is the service only if all its endpoints are: while
 * one can grow, waiting is better than shedding.
 *
 * Pure. Budget: no allocation and no loop per request. Owned by `admission.ts`.
 */
import type { Slot, SlotOwner } from './slot.ts';
import type { Ticket } from './ticket.ts';

/** Of one answer's latency in the estimate, upwards; it falls at once. */
const SLOWER_SHARE = 1 / 64;
/** The estimate of an answer refuses nobody who has more time left. */
const ANSWER_MS_MAX = 250;

/** Overtaken by so many a request waits for something else than its endpoint's queue. */
const OVERTAKEN_MIN = 8;

export class Capacity {
  #slots: readonly Slot[] = [];
  /** Free places at slots that have a limit. */
  #places = 0;
  #in = 0;
  #unlimited = 0;
  #suspect = 0;
  #congested = 0;
  #congestedAtMs = 0;
  /** All of them have answered. */
  #isWarm = false;
  /** Admitted and not yet sent anywhere. */
  #reserved = 0;
  /** What the fastest answers take lately. */
  #answerMs = 0;
  /** Whether a slot's limit made somebody wait since its last answer: compared with this. */
  #waits = 0;

  get hasRoom(): boolean {
    return this.#reserved < this.#places || this.isUnlimited;
  }

  get isUnlimited(): boolean {
    return this.#unlimited > 0 || this.#in === 0;
  }

  get isSuspect(): boolean {
    return this.#suspect === this.#in && this.#in > 0;
  }

  get answerMs(): number {
    return Math.min(this.#answerMs, ANSWER_MS_MAX);
  }

  /** How long it has been congested; 0: it is not. */
  congestedForMs(nowMs: number): number {
    return this.#congested === this.#in && this.#in > 0 ? nowMs - this.#congestedAtMs : 0;
  }

  /** What may be in flight at all endpoints together; Infinity: no endpoint says. */
  get limit(): number {
    if (this.isUnlimited) return Number.POSITIVE_INFINITY;
    return this.#slots.reduce((sum, slot) => sum + (slot.isOut ? 0 : slot.limit!.places), 0);
  }

  apply(slots: readonly Slot[], owner: SlotOwner, nowMs: number): void {
    for (const slot of this.#slots) {
      slot.owner = null;
      this.recount(slot, nowMs);
    }
    this.#slots = [...slots];
    this.#isWarm = false;
    for (const slot of slots) {
      slot.owner = owner;
      this.recount(slot, nowMs);
    }
  }

  reserve(): void {
    this.#reserved++;
  }

  unreserve(): void {
    this.#reserved--;
  }

  /** Somebody waits: endpoints that never answered may be given more. False: there is none. */
  warm(nowMs: number): boolean {
    if (this.#isWarm) return false;
    let isAny = false;
    for (const slot of this.#slots) {
      if (slot.limit?.isCold !== true) continue;
      slot.limit.warm(nowMs);
      this.#recountPlaces(slot);
      isAny = true;
    }
    this.#isWarm = !isAny;
    return isAny;
  }

  /** The limits made somebody wait. */
  onBound(): void {
    this.#waits++;
  }

  take(ticket: Ticket, slot: Slot): void {
    this.#reserved--;
    slot.inFlight++;
    ticket.inFlightWhenSent = slot.inFlight;
    ticket.answersWhenSent = slot.answers;
    if (slot.limit !== null) {
      slot.sent.join(ticket);
      ticket.isInLine = true;
    }
    this.#recountPlaces(slot);
  }

  giveBack(ticket: Ticket): void {
    const slot = ticket.slot!;
    if (ticket.isInLine) slot.sent.leave(ticket);
    ticket.isInLine = false;
    slot.inFlight--;
    this.#recountPlaces(slot);
  }

  /** The head of its answer came: nobody overtakes it any more. */
  onHead(ticket: Ticket): void {
    const { slot } = ticket;
    if (slot === null || !ticket.isInLine) return;
    slot.sent.leave(ticket);
    ticket.isInLine = false;
    slot.answers++;
  }

  /** The oldest in flight, if many that were sent later have been answered; else null. */
  overtaken(slot: Slot): Ticket | null {
    const { limit, sent } = slot;
    const { oldest } = sent;
    if (limit === null || oldest === null) return null;
    // Of the answers since it was sent, those before it in flight are no proof.
    const overtakenBy = slot.answers - oldest.answersWhenSent - (oldest.inFlightWhenSent - 1);
    return overtakenBy >= Math.max(OVERTAKEN_MIN, limit.places) ? oldest : null;
  }

  onAnswer(ticket: Ticket, nowMs: number): void {
    const slot = ticket.slot!;
    const { limit, counted } = slot;
    if (limit === null) return;
    if (counted.waits !== this.#waits) {
      counted.waits = this.#waits;
      limit.isBound = true;
    }
    const { sentAtMs } = ticket;
    limit.onAnswer(nowMs - sentAtMs, ticket.inFlightWhenSent, sentAtMs, nowMs);
    const { fastMs } = limit;
    const share = fastMs < this.#answerMs ? 1 : SLOWER_SHARE;
    this.#answerMs += (fastMs - this.#answerMs) * share;
    this.recount(slot, nowMs);
  }

  onMiss(slot: Slot, nowMs: number): void {
    slot.limit?.onMiss(nowMs);
    this.recount(slot, nowMs);
  }

  onRefusedByPeer(slot: Slot, nowMs: number): void {
    slot.limit?.onRefusedByPeer(nowMs);
    this.recount(slot, nowMs);
  }

  /** The breaker closed. */
  reset(nowMs: number): void {
    for (const slot of this.#slots) {
      slot.limit?.reset(nowMs);
      this.recount(slot, nowMs);
    }
  }

  #recountPlaces(slot: Slot): void {
    const { counted, limit } = slot;
    const isLimited = limit !== null && counted.isIn;
    const places = isLimited ? Math.max(0, limit.places - slot.inFlight) : 0;
    this.#places += places - counted.places;
    counted.places = places;
  }

  /** After anything about a slot but its places may have changed. */
  recount(slot: Slot, nowMs: number): void {
    const { counted, limit } = slot;
    const isIn = slot.owner !== null && !slot.isOut;
    const unlimited = isIn && limit === null ? 1 : 0;
    const suspect = isIn && limit?.isSuspect === true ? 1 : 0;
    const congested = isIn && limit?.isCongested === true ? 1 : 0;
    const wereAll = this.#congested === this.#in;
    if (isIn !== counted.isIn) this.#in += isIn ? 1 : -1;
    this.#unlimited += unlimited - counted.unlimited;
    this.#suspect += suspect - counted.suspect;
    this.#congested += congested - counted.congested;
    counted.isIn = isIn;
    counted.unlimited = unlimited;
    counted.suspect = suspect;
    counted.congested = congested;
    if (!wereAll && this.#congested === this.#in) this.#congestedAtMs = nowMs;
    this.#recountPlaces(slot);
  }
}
