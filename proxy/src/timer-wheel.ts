/**
 * One timer wheel for every timeout of the proxy: arming and cancelling are a few assignments.
 *
 *   near: 256 slots of 1 ms    far: 1,024 slots of 16 ms (16 s); what is later goes round again
 *
 * A far slot's timers go on to near slots when it begins, so none fires early. Tickless: the next
 * filled slot is looked up and one runtime timer set for it, so an idle proxy does not wake.
 * `setTimeout` per request was refused: it allocates, and a cancelled one still costs its list.
 *
 * Pure but for the wake-up, which is handed in. Budget: no allocation in `arm` and `cancel`.
 */
import type { Clock } from './clock.ts';

const NEAR_SLOTS = 256;
const FAR_SLOTS = 1_024;
const FAR_SLOT_MS = 16;

/** Embedded in what owns it; pooled with it. */
export class WheelTimer {
  readonly fire: () => void;
  dueAtMs = 0;
  previous: WheelTimer | null = null;
  next: WheelTimer | null = null;
  isArmed = false;

  constructor(fire: () => void) {
    this.fire = fire;
  }
}

/** Sets the one runtime timer: calls back after `delayMs`; a later call replaces it. */
export type SetWake = (delayMs: number, wake: () => void) => void;

export class TimerWheel {
  readonly #clock: Clock;
  readonly #setWake: SetWake;
  readonly #near: WheelTimer[] = [];
  readonly #far: WheelTimer[] = [];
  /** Everything due up to this whole millisecond has fired. */
  #passedMs: number;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  readonly #wake = (): void => this.#onWake();

  constructor(clock: Clock, setWake: SetWake) {
    this.#clock = clock;
    this.#setWake = setWake;
    this.#passedMs = Math.floor(clock.nowMs());
    for (let slot = 0; slot < NEAR_SLOTS; slot++) this.#near.push(emptySlot());
    for (let slot = 0; slot < FAR_SLOTS; slot++) this.#far.push(emptySlot());
  }

  /** Fires once after `delayMs`, unless cancelled; arming an armed timer moves it. */
  arm(timer: WheelTimer, delayMs: number): void {
    if (timer.isArmed) unlink(timer);
    const nowMs = this.#clock.nowMs();
    // Nothing is armed, so nothing was missed while the wheel stood still.
    if (this.#wakeAtMs === Number.POSITIVE_INFINITY) this.#passedMs = Math.floor(nowMs);
    timer.dueAtMs = Math.ceil(nowMs + delayMs);
    this.#insert(timer);
    if (timer.dueAtMs < this.#wakeAtMs) this.#wakeAt(timer.dueAtMs);
  }

  cancel(timer: WheelTimer): void {
    if (timer.isArmed) unlink(timer);
  }

  #insert(timer: WheelTimer): void {
    const inMs = timer.dueAtMs - this.#passedMs;
    timer.isArmed = true;
    if (inMs < NEAR_SLOTS) {
      const dueMs = Math.max(timer.dueAtMs, this.#passedMs + 1);
      link(this.#near[dueMs % NEAR_SLOTS]!, timer);
      return;
    }
    const farMs = Math.min(timer.dueAtMs, this.#passedMs + (FAR_SLOTS - 1) * FAR_SLOT_MS);
    link(this.#far[Math.floor(farMs / FAR_SLOT_MS) % FAR_SLOTS]!, timer);
  }

  #onWake(): void {
    // What fires may arm: until all slots are passed, nothing may move the wheel or set a wake-up.
    this.#wakeAtMs = Number.NEGATIVE_INFINITY;
    const nowMs = Math.floor(this.#clock.nowMs());
    // After a long sleep every slot is passed once, not every millisecond.
    const nearFrom = Math.max(this.#passedMs + 1, nowMs - NEAR_SLOTS + 1);
    const farFrom = Math.max(
      Math.floor(this.#passedMs / FAR_SLOT_MS) + 1,
      Math.floor(nowMs / FAR_SLOT_MS) - FAR_SLOTS + 1,
    );
    this.#passedMs = nowMs;
    for (let far = farFrom; far * FAR_SLOT_MS <= nowMs; far++) {
      this.#pass(this.#far[far % FAR_SLOTS]!, nowMs);
    }
    for (let ms = nearFrom; ms <= nowMs; ms++) this.#pass(this.#near[ms % NEAR_SLOTS]!, nowMs);
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    this.#scheduleNext();
  }

  /** Fires what is due in a slot; the rest goes on to a nearer one. */
  #pass(slot: WheelTimer, nowMs: number): void {
    let timer = slot.next!;
    if (timer === slot) return;
    // Taken off as a whole first: what fires may arm into this very slot.
    const passing = emptySlot();
    passing.next = timer;
    passing.previous = slot.previous;
    timer.previous = passing;
    slot.previous!.next = passing;
    slot.next = slot;
    slot.previous = slot;
    while ((timer = passing.next!) !== passing) {
      unlink(timer);
      if (timer.dueAtMs <= nowMs) timer.fire();
      else this.#insert(timer);
    }
  }

  #scheduleNext(): void {
    let nextMs = Number.POSITIVE_INFINITY;
    for (let ms = this.#passedMs + 1; ms < this.#passedMs + NEAR_SLOTS; ms++) {
      if (this.#near[ms % NEAR_SLOTS]!.next === this.#near[ms % NEAR_SLOTS]) continue;
      nextMs = ms;
      break;
    }
    // A far slot may begin before that.
    const from = Math.floor(this.#passedMs / FAR_SLOT_MS) + 1;
    for (let far = from; far < from + FAR_SLOTS && far * FAR_SLOT_MS < nextMs; far++) {
      const slot = this.#far[far % FAR_SLOTS]!;
      if (slot.next === slot) continue;
      nextMs = far * FAR_SLOT_MS;
      break;
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#wakeAt(nextMs);
  }

  #wakeAt(atMs: number): void {
    if (atMs >= this.#wakeAtMs) return;
    this.#wakeAtMs = atMs;
    this.#setWake(Math.max(1, atMs - this.#clock.nowMs()), this.#wake);
  }
}

const nothing = (): void => undefined;

function emptySlot(): WheelTimer {
  const slot = new WheelTimer(nothing);
  slot.next = slot;
  slot.previous = slot;
  return slot;
}

function link(slot: WheelTimer, timer: WheelTimer): void {
  const last = slot.previous!;
  last.next = timer;
  timer.previous = last;
  timer.next = slot;
  slot.previous = timer;
}

function unlink(timer: WheelTimer): void {
  timer.previous!.next = timer.next;
  timer.next!.previous = timer.previous;
  timer.previous = null;
  timer.next = null;
  timer.isArmed = false;
}
