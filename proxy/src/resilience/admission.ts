/**
 * Who of those that ask may send to one backend now, who waits, and who is refused.
 *
 *   ask → breaker open? the probe, or shed → room and nobody waits? admitted
 *       → queue full, no time left? shed → waits → admitted | shed (too old, breaker) | cancelled
 *
 * First come, first served, 500 ms at most: a burst is carried, not refused. Once latency is
 * suspect and more is asked than answered, or a queue has stood for a second, newest first: the
 * oldest are as good as lost, and serving them makes all late. Lasting congestion: 12 ms at most.
 * Neither rule binds the critical. Pure: clock and wheel are handed in. One per service as this
 * proxy sees it, one for the application. For `exchange/`. Budget: no allocation per request.
 */
import type { LimitsConfig } from '@remora/api/wire-resilience.ts';
import type { Clock } from '../clock.ts';
import { type TimerWheel, WheelTimer } from '../timer-wheel.ts';
import { Capacity } from './capacity.ts';
import { Demand } from './demand.ts';
import { ServiceBreaker } from './service-breaker.ts';
import type { Slot, SlotOwner } from './slot.ts';
import { OUTCOME } from './outcome.ts';
import { ADMITTED, NOT_SAMPLED, QUEUED, SHED_REASON, TICKET_STATE, type Ticket } from './ticket.ts';
import { WaitTimes } from './wait-times.ts';
import { WaitingQueue } from './waiting-queue.ts';

/** Once congestion has lasted so long, nobody but the critical waits longer than that. */
const CONGESTED_MS = 200;
const WAIT_CONGESTED_MS = 12;
/** A queue that has stood this long is no burst, whatever the rates say. */
const STANDING_MS = 1_000;
/** As long as an endpoint has never answered, who waits is looked after so often. */
const COLD_STEP_MS = 10;
/** The wheel's grain: moving the sweep by less is not worth it. */
const SWEEP_GRAIN_MS = 1;

export class Admission implements SlotOwner {
  /** Admitted and not done, streams included. */
  inFlight = 0;
  readonly breaker: ServiceBreaker;
  /** Of those who had to wait and were let in, for metrics. */
  readonly waits = new WaitTimes();
  readonly #clock: Clock;
  readonly #wheel: TimerWheel;
  readonly #capacity = new Capacity();
  readonly #demand = new Demand();
  readonly #queue = new WaitingQueue();
  readonly #sweep: WheelTimer;
  #inFlightMax = 0;
  #waitingMax = 0;
  #waitMaxMs = 0;

  constructor(clock: Clock, wheel: TimerWheel) {
    this.#clock = clock;
    this.#wheel = wheel;
    this.breaker = new ServiceBreaker(clock.nowMs());
    this.#sweep = new WheelTimer(() => this.#serve(clock.nowMs()));
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** How many were refused, by SHED_REASON, for metrics. */
  get shed(): Float64Array {
    return this.#queue.shed;
  }

  /** What may be in flight now, for metrics. */
  get limit(): number {
    return Math.min(this.#inFlightMax, this.#capacity.limit);
  }

  /** On every change: settings, and the slots of all endpoints. */
  apply(config: LimitsConfig, slots: readonly Slot[]): void {
    const nowMs = this.#clock.nowMs();
    this.#inFlightMax = config.inFlightMax;
    this.#waitingMax = config.waitingMax;
    this.#waitMaxMs = config.waitMaxMs;
    this.#capacity.apply(slots, this, nowMs);
    this.#serve(nowMs);
  }

  /** An endpoint was ejected, or came back. */
  onSlotOut(slot: Slot): void {
    const nowMs = this.#clock.nowMs();
    this.#capacity.recount(slot, nowMs);
    this.#serve(nowMs);
  }

  /** ADMITTED, QUEUED (the holder will be told), or SHED (the ticket says why). */
  ask(ticket: Ticket, nowMs: number): number {
    ticket.isProbe = false;
    if (this.breaker.isOpen) return this.#askWhileOpen(ticket);
    // Whom the breaker refused is no demand: it would pass for overload right after the thaw.
    this.#demand.onArrival(nowMs);
    if (ticket.deadlineAtMs <= nowMs)
      return this.#queue.refuse(ticket, SHED_REASON.TOO_LITTLE_TIME_LEFT);
    if (this.waiting > 0 || !this.#hasRoom) return this.#enqueue(ticket, nowMs);
    this.#admit(ticket);
    return ADMITTED;
  }

  /** Leaves the queue, or gives an admission up before anything was sent. */
  cancel(ticket: Ticket): void {
    if (ticket.state === TICKET_STATE.WAITING) this.#queue.leave(ticket);
    else if (ticket.state === TICKET_STATE.ADMITTED) {
      this.#capacity.unreserve();
      this.#release(ticket);
      this.#serve(this.#clock.nowMs());
    }
  }

  /** An admitted ticket goes to this endpoint. */
  onSent(ticket: Ticket, slot: Slot, nowMs: number): void {
    if (ticket.state !== TICKET_STATE.ADMITTED) return;
    ticket.state = TICKET_STATE.SENT;
    ticket.slot = slot;
    ticket.sentAtMs = nowMs;
    this.#capacity.take(ticket, slot);
    // Sent to a full endpoint, it left a place at another one free.
    if (this.waiting > 0) this.#serve(nowMs);
  }

  /** The head of an answer, of the endpoint's own and not a peer's refusal. */
  onAnswered(ticket: Ticket, nowMs: number): void {
    const { slot } = ticket;
    if (slot === null) return;
    this.#demand.onAnswer(nowMs);
    this.#capacity.onHead(ticket);
    // Its question is answered: as a stream it may live for hours, and the breaker open again.
    this.#endProbe(ticket);
    if (this.breaker.onAnswer(nowMs)) this.#capacity.reset(nowMs);
    else if (ticket.state === TICKET_STATE.SENT && ticket.sentAtMs !== NOT_SAMPLED) {
      this.#capacity.onAnswer(ticket, nowMs);
    }
    this.#setOvertakenAside(slot);
    if (this.waiting > 0) this.#serve(nowMs);
  }

  /** Once for every `onSent`. */
  onDone(ticket: Ticket, outcome: number, nowMs: number): void {
    const { slot } = ticket;
    if (slot === null) return this.cancel(ticket);
    if (ticket.state === TICKET_STATE.SENT) this.#capacity.giveBack(ticket);
    if (outcome === OUTCOME.MISSED) this.#onMiss(slot, nowMs);
    else if (outcome === OUTCOME.REFUSED_BY_PEER) this.#onRefusedByPeer(slot, nowMs);
    this.#release(ticket);
    if (this.waiting > 0) this.#serve(nowMs);
  }

  /** A stream gives its place at the endpoint back; it still counts for the hard cap. */
  leaveSlot(ticket: Ticket, nowMs: number): void {
    if (ticket.state !== TICKET_STATE.SENT) return;
    this.#setAside(ticket);
    if (this.waiting > 0) this.#serve(nowMs);
  }

  /** Many that were sent later are answered: what these wait for is no queue of the endpoint. */
  #setOvertakenAside(slot: Slot): void {
    let ticket = this.#capacity.overtaken(slot);
    while (ticket !== null) {
      this.#setAside(ticket);
      ticket = this.#capacity.overtaken(slot);
    }
  }

  #setAside(ticket: Ticket): void {
    this.#capacity.giveBack(ticket);
    ticket.state = TICKET_STATE.ASIDE;
  }

  get #hasRoom(): boolean {
    return this.inFlight < this.#inFlightMax && this.#capacity.hasRoom;
  }

  #askWhileOpen(ticket: Ticket): number {
    if (this.inFlight >= this.#inFlightMax || !this.breaker.tryProbe()) {
      return this.#queue.refuse(ticket, SHED_REASON.BREAKER_OPEN);
    }
    this.#admit(ticket);
    ticket.isProbe = true;
    return ADMITTED;
  }

  #admit(ticket: Ticket): void {
    ticket.state = TICKET_STATE.ADMITTED;
    this.inFlight++;
    this.#capacity.reserve();
  }

  #release(ticket: Ticket): void {
    this.inFlight--;
    ticket.state = TICKET_STATE.IDLE;
    ticket.slot = null;
    this.#endProbe(ticket);
  }

  #endProbe(ticket: Ticket): void {
    if (!ticket.isProbe) return;
    ticket.isProbe = false;
    this.breaker.onProbeDone();
  }

  #onMiss(slot: Slot, nowMs: number): void {
    if (this.breaker.isOpen) return;
    this.#capacity.onMiss(slot, nowMs);
    if (this.breaker.onMiss(nowMs)) this.#queue.shedAll(SHED_REASON.BREAKER_OPEN);
  }

  /** Somebody is there, and has enough to do. */
  #onRefusedByPeer(slot: Slot, nowMs: number): void {
    if (this.breaker.onAnswer(nowMs)) this.#capacity.reset(nowMs);
    this.#capacity.onRefusedByPeer(slot, nowMs);
  }

  #enqueue(ticket: Ticket, nowMs: number): number {
    if (this.#waitMaxMs <= 0) return this.#queue.refuse(ticket, SHED_REASON.QUEUE_FULL);
    if (ticket.deadlineAtMs - nowMs <= this.#capacity.answerMs) {
      return this.#queue.refuse(ticket, SHED_REASON.TOO_LITTLE_TIME_LEFT);
    }
    const isFull = this.#queue.size >= this.#waitingMax;
    if (isFull && !this.#queue.displaceFor(ticket, this.#isNewestFirst(nowMs))) {
      return this.#queue.refuse(ticket, SHED_REASON.QUEUE_FULL);
    }
    this.#queue.join(ticket, nowMs);
    this.#onLeftWaiting(nowMs, this.#capacity.warm(nowMs));
    return QUEUED;
  }

  /** Lets in who may, sheds who has waited too long, and looks again in time. */
  #serve(nowMs: number): void {
    const queue = this.#queue;
    if (queue.size === 0) return;
    const isCold = this.#capacity.warm(nowMs);
    queue.shedOld(nowMs - this.#waitMaxMs, nowMs - this.#waitNowMs(nowMs));
    queue.shedHopeless(nowMs + this.#capacity.answerMs);
    while (queue.size > 0 && this.#hasRoom) {
      const ticket = queue.next(this.#isNewestFirst(nowMs));
      queue.leave(ticket);
      this.#admit(ticket);
      this.waits.observe(nowMs - ticket.enqueuedAtMs);
      ticket.holder.onAdmitted();
    }
    if (queue.size > 0) this.#onLeftWaiting(nowMs, isCold);
  }

  /** `isCold`: some endpoint has never answered, and may soon be given more. */
  #onLeftWaiting(nowMs: number, isCold: boolean): void {
    if (!this.#capacity.hasRoom) this.#capacity.onBound();
    const waitMs = this.#waitNowMs(nowMs);
    const shedAtMs = this.#queue.nextShedAtMs(this.#waitMaxMs, waitMs, this.#capacity.answerMs);
    const atMs = isCold ? Math.min(shedAtMs, nowMs + COLD_STEP_MS) : shedAtMs;
    if (this.#sweep.isArmed && this.#sweep.dueAtMs <= atMs + SWEEP_GRAIN_MS) return;
    this.#wheel.arm(this.#sweep, Math.max(0, atMs - nowMs));
  }

  #isNewestFirst(nowMs: number): boolean {
    return this.#isStanding(nowMs) || (this.#capacity.isSuspect && this.#isPressed(nowMs));
  }

  /** How long anyone but the critical may wait as things are. */
  #waitNowMs(nowMs: number): number {
    const isShort = this.#capacity.congestedForMs(nowMs) >= CONGESTED_MS && this.#isPressed(nowMs);
    return isShort ? Math.min(WAIT_CONGESTED_MS, this.#waitMaxMs) : this.#waitMaxMs;
  }

  #isPressed(nowMs: number): boolean {
    return this.#demand.isOver(nowMs) || this.#isStanding(nowMs);
  }

  #isStanding(nowMs: number): boolean {
    return nowMs - this.#queue.standingSinceMs > STANDING_MS;
  }
}
