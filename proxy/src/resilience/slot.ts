/**
 * What one endpoint has in flight, and how much it may have.
 *
 * Hangs on the endpoint and outlives configurations. A picker skips what has no room; an ejected
 * endpoint is out: neither its room nor what hangs in it counts for its service.
 *
 * Pure data. Counted by `capacity.ts`; `isOut` is set by ejection.
 */
import type { AdaptiveLimit } from './adaptive-limit.ts';
import { TicketLine } from './ticket-line.ts';

export interface SlotOwner {
  onSlotOut(slot: Slot): void;
}

export class Slot {
  /** Sent and not done, without the streams that gave their place back. */
  inFlight = 0;
  /** Those, in the order of sending, where a limit is learned. */
  readonly sent = new TicketLine();
  /** Answers so far, where a limit is learned. */
  answers = 0;
  /** Null: the endpoint's own inbound limits it, or nothing adapts. Set before `apply`. */
  limit: AdaptiveLimit | null;
  owner: SlotOwner | null = null;
  #isOut = false;

  /** What the owner has counted of it. */
  readonly counted = { places: 0, isIn: false, unlimited: 0, suspect: 0, congested: 0, waits: 0 };

  constructor(limit: AdaptiveLimit | null) {
    this.limit = limit;
  }

  get hasRoom(): boolean {
    return this.limit === null || this.inFlight < this.limit.places;
  }

  get isOut(): boolean {
    return this.#isOut;
  }

  set isOut(isOut: boolean) {
    if (isOut === this.#isOut) return;
    this.#isOut = isOut;
    this.owner?.onSlotOut(this);
  }
}
