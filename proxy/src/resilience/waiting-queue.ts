/**
 * Who waits for one backend: three lines, by priority, and who of them leaves unserved.
 *
 * The critical come first and the sheddable last. Whether the newest of a line or the oldest goes
 * first, and how long one may wait, is told with each call: it follows from the load, and
 * `admission.ts` knows that. Who is shed is told at once, and only queues itself on its tick.
 *
 * Pure. Budget: no allocation; joining and leaving are a few assignments. Bounded by its owner.
 */
import {
  PRIORITY,
  refuse,
  SHED_REASON,
  SHED_WORDS,
  type ShedReason,
  TICKET_STATE,
  type Ticket,
} from './ticket.ts';
import { TicketLine } from './ticket-line.ts';

const CRITICAL = PRIORITY.critical;

export class WaitingQueue {
  size = 0;
  /** Since when somebody has waited without a break. */
  standingSinceMs = 0;
  /** Since the start, for metrics: by SHED_REASON, those that never joined included. */
  readonly shed = new Float64Array(SHED_WORDS.length);
  /** By priority. */
  readonly #lines = Array.from({ length: Object.keys(PRIORITY).length }, () => new TicketLine());
  /** None of those who wait has an earlier one. */
  #deadlineAtMs = Number.POSITIVE_INFINITY;

  join(ticket: Ticket, nowMs: number): void {
    if (this.size === 0) {
      this.standingSinceMs = nowMs;
      this.#deadlineAtMs = Number.POSITIVE_INFINITY;
    }
    ticket.state = TICKET_STATE.WAITING;
    ticket.enqueuedAtMs = nowMs;
    this.#lines[ticket.priority]!.join(ticket);
    this.size++;
    if (ticket.deadlineAtMs < this.#deadlineAtMs) this.#deadlineAtMs = ticket.deadlineAtMs;
  }

  leave(ticket: Ticket): void {
    this.#lines[ticket.priority]!.leave(ticket);
    this.size--;
    ticket.state = TICKET_STATE.IDLE;
  }

  /** Who is next; only while somebody waits. The critical keep their order. */
  next(isNewestFirst: boolean): Ticket {
    let priority = 0;
    while (this.#lines[priority]!.oldest === null) priority++;
    const line = this.#lines[priority]!;
    return isNewestFirst && priority !== CRITICAL ? line.newest! : line.oldest!;
  }

  /** Sheds the oldest of less priority; of the same, where the newest go first. False: nobody. */
  displaceFor(ticket: Ticket, isNewestFirst: boolean): boolean {
    const least = isNewestFirst && ticket.priority !== CRITICAL ? 0 : 1;
    for (let i = this.#lines.length - 1; i >= ticket.priority + least; i--) {
      const { oldest } = this.#lines[i]!;
      if (oldest === null) continue;
      this.#shed(oldest, SHED_REASON.QUEUE_FULL);
      return true;
    }
    return false;
  }

  /** Who came before; the critical have a limit of their own. */
  shedOld(criticalBeforeMs: number, beforeMs: number): void {
    for (const line of this.#lines) {
      const limitMs = line === this.#lines[CRITICAL] ? criticalBeforeMs : beforeMs;
      while (line.oldest !== null && line.oldest.enqueuedAtMs <= limitMs) {
        this.#shed(line.oldest, SHED_REASON.WAITED_TOO_LONG);
      }
    }
  }

  /** Whose deadline comes before an answer would. */
  shedHopeless(answerAtMs: number): void {
    if (this.#deadlineAtMs > answerAtMs) return;
    this.#deadlineAtMs = Number.POSITIVE_INFINITY;
    for (const line of this.#lines) {
      let ticket = line.oldest;
      while (ticket !== null) {
        const { next, deadlineAtMs } = ticket;
        if (deadlineAtMs <= answerAtMs) this.#shed(ticket, SHED_REASON.TOO_LITTLE_TIME_LEFT);
        else if (deadlineAtMs < this.#deadlineAtMs) this.#deadlineAtMs = deadlineAtMs;
        ticket = next;
      }
    }
  }

  shedAll(reason: ShedReason): void {
    for (const line of this.#lines) {
      while (line.oldest !== null) this.#shed(line.oldest, reason);
    }
  }

  /** When somebody will have waited too long, or will be hopeless. */
  nextShedAtMs(criticalWaitMs: number, waitMs: number, answerMs: number): number {
    let atMs = this.#deadlineAtMs - answerMs;
    for (const line of this.#lines) {
      if (line.oldest === null) continue;
      const limitMs = line === this.#lines[CRITICAL] ? criticalWaitMs : waitMs;
      atMs = Math.min(atMs, line.oldest.enqueuedAtMs + limitMs);
    }
    return atMs;
  }

  /** SHED, for who asks; says why. */
  refuse(ticket: Ticket, reason: ShedReason): number {
    this.shed[reason]!++;
    return refuse(ticket, reason);
  }

  #shed(ticket: Ticket, reason: ShedReason): void {
    this.leave(ticket);
    this.refuse(ticket, reason);
    ticket.holder.onShed(ticket.shedCode);
  }
}
