/**
 * A request's way through admission: whether it waits, was admitted, and where it was sent.
 *
 * Embedded in an attempt and pooled with it, so that asking allocates nothing; it links itself into
 * the waiting line. Its holder may be told inside another request's call: it only queues itself on
 * the tick, and acts then.
 *
 * Pure data, written by `admission.ts`. The holder sets priority and deadline before it asks.
 */
import type { ErrorCode } from '@remora/api/errors.ts';
import type { Priority } from '@remora/api/wire-resilience.ts';
import type { Slot } from './slot.ts';

/** Of `Admission.ask`. */
export const ADMITTED = 0;
export const QUEUED = 1;
export const SHED = 2;

/** Why it was shed; `SHED_TEXTS` has the words. */
export const SHED_REASON = {
  QUEUE_FULL: 0,
  WAITED_TOO_LONG: 1,
  TOO_LITTLE_TIME_LEFT: 2,
  BREAKER_OPEN: 3,
} as const;
export type ShedReason = (typeof SHED_REASON)[keyof typeof SHED_REASON];

const SHED_CODES: readonly ErrorCode[] = [
  'RMR_OVERLOADED',
  'RMR_OVERLOADED',
  'RMR_DEADLINE_EXCEEDED',
  'RMR_BREAKER_OPEN',
];

/** The words of SHED_REASON, in its order: values of a metric label. */
export const SHED_WORDS: readonly string[] = Object.keys(SHED_REASON).map((word) =>
  word.toLowerCase(),
);

export const SHED_TEXTS: readonly string[] = [
  'too many requests wait already',
  'waited too long for its turn',
  'less time was left than an answer takes',
  'has stopped answering; one request at a time looks whether it is back',
];

/** Served in this order. */
export const PRIORITY = { critical: 0, default: 1, sheddable: 2 } as const satisfies Record<
  Priority,
  number
>;
export type PriorityNumber = (typeof PRIORITY)[Priority];

export const TICKET_STATE = {
  IDLE: 0,
  WAITING: 1,
  ADMITTED: 2,
  SENT: 3,
  /** It gave its place at the endpoint back: a stream, or overtaken by many. */
  ASIDE: 4,
} as const;

/** `sentAtMs` of a request whose latency says nothing, such as one with a long body. */
export const NOT_SAMPLED = Number.NEGATIVE_INFINITY;

export interface TicketHolder {
  onAdmitted(): void;
  onShed(code: ErrorCode): void;
}

export class Ticket {
  readonly holder: TicketHolder;
  priority: PriorityNumber = PRIORITY.default;
  /** Infinity: none. */
  deadlineAtMs = Number.POSITIVE_INFINITY;
  enqueuedAtMs = 0;
  /** The one request that an open breaker lets through, `breakerProbeMsMax` to live. */
  isProbe = false;
  shedCode: ErrorCode = 'RMR_OVERLOADED';
  shedReason: ShedReason = SHED_REASON.QUEUE_FULL;
  state: number = TICKET_STATE.IDLE;
  slot: Slot | null = null;
  /** Set by `onSent`, and again by who writes the last byte of the request later than that. */
  sentAtMs = 0;
  inFlightWhenSent = 0;
  /** Of the slot; with `inFlightWhenSent`: how many have overtaken it. */
  answersWhenSent = 0;
  /** Whether it stands in its slot's line. */
  isInLine = false;
  previous: Ticket | null = null;
  next: Ticket | null = null;

  constructor(holder: TicketHolder) {
    this.holder = holder;
  }
}

/** Writes down why; for `ask` to return. */
export function refuse(ticket: Ticket, reason: ShedReason): number {
  ticket.state = TICKET_STATE.IDLE;
  ticket.shedReason = reason;
  ticket.shedCode = SHED_CODES[reason]!;
  return SHED;
}
