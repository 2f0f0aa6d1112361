/**
 * An Admission on a clock moved by hand, and holders that note what they were told.
 *
 * Tests only.
 */
import type { ErrorCode } from '@remora/api/errors.ts';
import type { LimitsConfig } from '@remora/api/wire-resilience.ts';
import { AdaptiveLimit } from './adaptive-limit.ts';
import { Admission } from './admission.ts';
import { VirtualTime } from './simulation/virtual-time.ts';
import { Slot } from './slot.ts';
import { OUTCOME } from './outcome.ts';
import { PRIORITY, type PriorityNumber, Ticket } from './ticket.ts';

export class Asker {
  readonly ticket: Ticket = new Ticket(this);
  /** What the holder was told, in order. */
  readonly heard: string[] = [];
  onHeard: () => void = () => undefined;

  onAdmitted(): void {
    this.heard.push('admitted');
    this.onHeard();
  }

  onShed(code: ErrorCode): void {
    this.heard.push(code);
    this.onHeard();
  }
}

export interface AskOptions {
  readonly priority?: PriorityNumber;
  readonly leftMs?: number;
}

export class AdmissionBench {
  readonly time = new VirtualTime();
  readonly admission: Admission;
  readonly slots: Slot[];

  /** `places` of each endpoint; null: it does not adapt. */
  constructor(places: readonly (number | null)[], config: Partial<LimitsConfig> = {}) {
    this.admission = new Admission(this.time, this.time.newWheel());
    this.slots = places.map((limit) => new Slot(limit === null ? null : limitOf(limit)));
    this.apply(config);
  }

  get nowMs(): number {
    return this.time.nowMs();
  }

  apply(config: Partial<LimitsConfig>): void {
    const defaults = { inFlightMax: 1_024, waitingMax: 100, waitMaxMs: 500, adaptive: true };
    this.admission.apply({ ...defaults, ...config }, this.slots);
  }

  advanceMs(ms: number): void {
    this.time.runUntil(this.nowMs + ms);
  }

  ask(asker: Asker, { priority = PRIORITY.default, leftMs }: AskOptions = {}): number {
    asker.ticket.priority = priority;
    asker.ticket.deadlineAtMs =
      leftMs === undefined ? Number.POSITIVE_INFINITY : this.nowMs + leftMs;
    return this.admission.ask(asker.ticket, this.nowMs);
  }

  send(asker: Asker, slot = this.slots[0]!): void {
    this.admission.onSent(asker.ticket, slot, this.nowMs);
  }

  answer(asker: Asker): void {
    this.admission.onAnswered(asker.ticket, this.nowMs);
    this.done(asker, OUTCOME.OK);
  }

  done(asker: Asker, outcome: number): void {
    this.admission.onDone(asker.ticket, outcome, this.nowMs);
  }

  /** Admitted and sent. */
  sent(slot = this.slots[0]!): Asker {
    const asker = new Asker();
    this.ask(asker);
    this.send(asker, slot);
    return asker;
  }

  /** So many waiting, in this order. */
  waiting(count: number, options: AskOptions = {}): Asker[] {
    return Array.from({ length: count }, () => {
      const asker = new Asker();
      this.ask(asker, options);
      return asker;
    });
  }

  /** Opens the breaker: five requests that nobody answered. */
  silence(): void {
    const sent = Array.from({ length: 5 }, () => this.sent());
    this.advanceMs(300);
    for (const asker of sent) this.done(asker, OUTCOME.MISSED);
  }
}

function limitOf(places: number): AdaptiveLimit {
  const limit = new AdaptiveLimit(0);
  limit.reset(0); // It is no longer cold: its places are its own.
  limit.limit = places;
  return limit;
}
