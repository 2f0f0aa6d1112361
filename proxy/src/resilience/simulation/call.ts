/**
 * A request on its way through the simulation, seen from one hop: who made it may leave, and is
 * told once how it ended if it did not.
 *
 * Tests only.
 */
import type { PriorityNumber } from '../ticket.ts';

/** Whoever takes calls: a server, or a proxy before it. */
export interface Hop {
  arrive(call: Call): void;
}

export class Call {
  readonly priority: PriorityNumber;
  readonly #onEnd: (isGood: boolean) => void;
  isOver = false;
  /** Of a hop that notices: a server does not. */
  onGone: (() => void) | null = null;

  constructor(priority: PriorityNumber, onEnd: (isGood: boolean) => void) {
    this.priority = priority;
    this.#onEnd = onEnd;
  }

  end(isGood: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#onEnd(isGood);
  }

  leave(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.onGone?.();
  }
}
