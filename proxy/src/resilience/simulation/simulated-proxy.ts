/**
 * The data path around one Admission, as the exchange has it: asks, sends, cancels, and reports.
 *
 * Tests only. Networks on both sides take a moment that varies; the holder acts a tick later.
 */
import type { LimitsConfig } from '@remora/api/wire-resilience.ts';
import { outcomeOfCancel } from '../classify.ts';
import { OUTCOME } from '../outcome.ts';
import { AdaptiveLimit } from '../adaptive-limit.ts';
import { Admission } from '../admission.ts';
import * as limits from '../../limits.ts';
import { Slot } from '../slot.ts';
import { ADMITTED, SHED, Ticket, type TicketHolder } from '../ticket.ts';
import { Call, type Hop } from './call.ts';
import type { VirtualTime } from './virtual-time.ts';

const EWMA_SHARE = 0.1;

export interface ProxyWorld {
  readonly time: VirtualTime;
  /** What one way over the network takes. */
  networkMs(): number;
}

export class SimulatedProxy implements Hop {
  readonly world: ProxyWorld;
  readonly next: Hop;
  readonly admission: Admission;
  readonly slot: Slot;
  ewmaMs = 0;
  probes = 0;

  constructor(world: ProxyWorld, next: Hop, config: LimitsConfig) {
    this.world = world;
    this.next = next;
    this.slot = new Slot(config.adaptive ? new AdaptiveLimit(0) : null);
    this.admission = new Admission(world.time, world.time.newWheel());
    this.admission.apply(config, [this.slot]);
  }

  arrive(call: Call): void {
    if (!call.isOver) new Attempt(this, call).begin();
  }
}

class Attempt implements TicketHolder {
  readonly #proxy: SimulatedProxy;
  readonly #time: VirtualTime;
  readonly #call: Call;
  readonly #ticket = new Ticket(this);
  #onward: Call | null = null;
  #isOver = false;

  constructor(proxy: SimulatedProxy, call: Call) {
    this.#proxy = proxy;
    this.#time = proxy.world.time;
    this.#call = call;
    this.#ticket.priority = call.priority;
    call.onGone = () => this.#onGone();
  }

  begin(): void {
    const result = this.#proxy.admission.ask(this.#ticket, this.#time.nowMs());
    if (result === ADMITTED) this.#send();
    else if (result === SHED) this.onShed();
  }

  onAdmitted(): void {
    this.#time.after(0, () => this.#send());
  }

  onShed(): void {
    this.#isOver = true;
    this.#time.after(this.#proxy.world.networkMs(), () => this.#call.end(false));
  }

  #send(): void {
    if (this.#isOver) return;
    const { admission, slot, next, world } = this.#proxy;
    admission.onSent(this.#ticket, slot, this.#time.nowMs());
    if (this.#ticket.isProbe) {
      this.#proxy.probes++;
      this.#time.after(limits.breakerProbeMsMax, () => this.#onGone());
    }
    const onward = new Call(this.#call.priority, (isGood) => {
      this.#time.after(world.networkMs(), () => this.#onAnswer(isGood));
    });
    this.#onward = onward;
    this.#time.after(world.networkMs(), () => next.arrive(onward));
  }

  #onAnswer(isGood: boolean): void {
    if (this.#isOver) return;
    const nowMs = this.#time.nowMs();
    if (isGood) {
      const rttMs = nowMs - this.#ticket.sentAtMs;
      this.#proxy.ewmaMs += (rttMs - this.#proxy.ewmaMs) * EWMA_SHARE;
      this.#proxy.admission.onAnswered(this.#ticket, nowMs);
    }
    this.#done(isGood ? OUTCOME.OK : OUTCOME.REFUSED_BY_PEER);
    this.#time.after(this.#proxy.world.networkMs(), () => this.#call.end(isGood));
  }

  #onGone(): void {
    if (this.#isOver) return;
    if (this.#onward === null) {
      this.#isOver = true;
      this.#proxy.admission.cancel(this.#ticket);
      return;
    }
    this.#onward.leave();
    const waitedMs = this.#time.nowMs() - this.#ticket.sentAtMs;
    this.#done(outcomeOfCancel(waitedMs, this.#proxy.ewmaMs));
    this.#call.end(false);
  }

  #done(outcome: number): void {
    this.#isOver = true;
    this.#proxy.admission.onDone(this.#ticket, outcome, this.#time.nowMs());
  }
}
