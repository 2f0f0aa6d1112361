/**
 * The last things that happened, for the view. Bounded: what is older is forgotten.
 *
 * Pure; the time of day is handed in. Owned by `mesh.ts`.
 */
import type { ViewEvent } from './view-state.ts';

const EVENTS_MAX = 100;

export class EventLog {
  readonly #now: () => Date;
  #events: readonly ViewEvent[] = [];

  constructor(now: () => Date) {
    this.#now = now;
  }

  get all(): readonly ViewEvent[] {
    return this.#events;
  }

  add(kind: ViewEvent['kind'], text: string): void {
    const at = this.#now().toTimeString().slice(0, 8);
    this.#events = [...this.#events.slice(1 - EVENTS_MAX), { at, text, kind }];
  }
}
