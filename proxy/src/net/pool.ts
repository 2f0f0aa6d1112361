/**
 * The connections of one endpoint: which to reuse, when to dial, who waits.
 *
 * Idle connections are taken newest first, so that a burst's extra ones grow old and close, and
 * never at an age at which the server may drop them (`resilience/idle-reuse.ts`). A request that
 * finds none waits, and a dial is started for it; whichever comes first, a returned connection or
 * the new one, serves who has waited longest. A failed dial fails one who waits.
 *
 *   request → idle? lease : (room? dial) and wait → granted in the next tick
 *
 * Not pure: dials. Bounds: connections and waiting per endpoint, from the configuration. One an
 * endpoint, kept over configuration changes. Used by `exchange/`.
 */
import { type TimerWheel, WheelTimer } from '../timer-wheel.ts';
import type { Clock } from '../clock.ts';
import * as limits from '../limits.ts';
import { IdleReuse } from '../resilience/idle-reuse.ts';
import { isIdempotent } from '../http1/methods.ts';
import { ENDED, Upstream, type UpstreamHome, type UpstreamUser } from './upstream.ts';
import type { ByteStream } from './byte-stream.ts';
import type { Scratch } from './scratch.ts';

export type LeaseFailure = 'RMR_CONNECT_REFUSED' | 'RMR_CONNECT_TIMEOUT' | 'RMR_POOL_FULL';

/** A place in a pool's queue. Embedded in who waits; pooled with it. */
export class Lease {
  readonly holder: LeaseHolder;
  pool: EndpointPool | null = null;
  previous: Lease | null = null;
  next: Lease | null = null;

  constructor(holder: LeaseHolder) {
    this.holder = holder;
  }

  /** Leaves the queue, if it stands in one. */
  cancel(): void {
    this.pool?.leave(this);
  }
}

/** Who waits for a connection. May be told inside another's call: it queues, and acts next tick. */
export interface LeaseHolder extends UpstreamUser {
  onLeased(upstream: Upstream): void;
  onLeaseFailed(code: LeaseFailure): void;
}

/** Read when used, so that a changed policy reaches open pools. A Backend is one. */
export interface PoolSettings {
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly connectionsPerEndpointMax: number;
  readonly waitingPerEndpointMax: number;
}

/** What a pool needs of the world. */
export interface PoolWorld {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly scratch: Scratch;
  /** Starts a connection; `upstream.onConnected` or `onClosed` tells how it went. */
  dial(address: string, port: number, upstream: Upstream): ByteStream;
  readonly counts: { upstreamConnections: number; connects: number; connectFailures: number };
}

export class EndpointPool implements UpstreamHome {
  readonly settings: PoolSettings;
  /** Connections, connecting ones included. */
  total = 0;
  readonly #address: string;
  readonly #port: number;
  readonly #world: PoolWorld;
  readonly #reuse: IdleReuse;
  /** Oldest first. */
  readonly #idle: Upstream[] = [];
  #connecting = 0;
  #waiting = 0;
  #first: Lease | null = null;
  #last: Lease | null = null;
  #isClosed = false;
  readonly #idleTimer: WheelTimer;
  /** When each dial gives up; one timer, since all have the same time-out. */
  readonly #dials: { upstream: Upstream; dueAtMs: number }[] = [];
  readonly #dialTimer: WheelTimer;

  constructor(address: string, port: number, settings: PoolSettings, world: PoolWorld) {
    this.#address = address;
    this.#port = port;
    this.settings = settings;
    this.#world = world;
    this.#reuse = new IdleReuse(world.clock.nowMs());
    this.#idleTimer = new WheelTimer(() => this.#closeExpired());
    this.#dialTimer = new WheelTimer(() => this.#giveUpDials());
  }

  get idle(): number {
    return this.#idle.length;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get connecting(): number {
    return this.#connecting;
  }

  /** A connection that is ready now, or null. */
  tryLease(user: UpstreamUser, nowMs: number): Upstream | null {
    if (this.#idle.length === 0) return null; // An index of -1 would be looked up as a name.
    const upstream = this.#idle[this.#idle.length - 1]!;
    const idleForMs = nowMs - upstream.idleSinceMs;
    // The newest is the youngest: where it is too old, all are.
    if (idleForMs >= this.#reuseLimitMs(isIdempotent(user.requestMethod), nowMs)) return null;
    this.#idle.pop();
    upstream.idleForMs = idleForMs;
    upstream.user = user;
    return upstream;
  }

  takesResend(): boolean {
    return this.#reuse.takesResend(this.#world.clock.nowMs());
  }

  /** Queues for a connection. False: the queue is full. */
  wait(lease: Lease): boolean {
    if (this.#waiting >= this.settings.waitingPerEndpointMax) return false;
    this.#waiting++;
    lease.pool = this;
    lease.previous = this.#last;
    lease.next = null;
    if (this.#last === null) this.#first = lease;
    else this.#last.next = lease;
    this.#last = lease;
    this.#dialIfNeeded();
    return true;
  }

  leave(lease: Lease): void {
    this.#waiting--;
    if (lease.previous === null) this.#first = lease.next;
    else lease.previous.next = lease.next;
    if (lease.next === null) this.#last = lease.previous;
    else lease.next.previous = lease.previous;
    lease.pool = null;
    lease.previous = null;
    lease.next = null;
  }

  /** A connection whose request is over. */
  giveBack(upstream: Upstream): void {
    if (!upstream.isReusable || this.#isClosed) return upstream.close();
    upstream.becomeIdle();
    if (upstream.keepAliveMs >= 0) this.#reuse.onAnnounced(upstream.keepAliveMs);
    this.#offer(upstream);
  }

  /**
   * Keeps nothing for reuse from now on: idle connections close, leased ones when their request
   * ends. Who waits is still served: failing them would cost an attempt for each change.
   */
  close(): void {
    this.#isClosed = true;
    for (const upstream of this.#idle.splice(0)) upstream.close();
    this.#world.wheel.cancel(this.#idleTimer);
  }

  onConnected(upstream: Upstream): void {
    this.#connecting--;
    this.#forgetDial(upstream);
    if (this.#isClosed && this.#first === null) return upstream.close();
    this.#offer(upstream);
  }

  onUpstreamClosed(upstream: Upstream, wasConnecting: boolean): void {
    this.total--;
    this.#world.counts.upstreamConnections--;
    if (wasConnecting) {
      this.#connecting--;
      const timedOut = this.#forgetDial(upstream);
      this.#world.counts.connectFailures++;
      this.#failFirst(timedOut ? 'RMR_CONNECT_TIMEOUT' : 'RMR_CONNECT_REFUSED');
    } else {
      const at = this.#idle.lastIndexOf(upstream);
      if (at >= 0) this.#idle.splice(at, 1);
      if (upstream.ended !== ENDED.OTHERWISE) this.#learnFrom(upstream);
    }
    this.#dialIfNeeded();
  }

  /** The server closed a connection that was idle, or had been until just now. */
  #learnFrom(upstream: Upstream): void {
    const nowMs = this.#world.clock.nowMs();
    const idle = this.#idle.length + 1;
    if (upstream.ended === ENDED.STALE) {
      this.#reuse.onStaleClose(upstream.idleForMs, idle, nowMs);
    } else this.#reuse.onIdleClose(nowMs - upstream.idleSinceMs, idle, nowMs);
  }

  #reuseLimitMs(isIdempotentRequest: boolean, nowMs: number): number {
    const learnedMs = this.#reuse.limitMs(isIdempotentRequest, nowMs);
    return Math.min(learnedMs, this.settings.idleTimeoutMs);
  }

  /** To who has waited longest, else to the idle ones. */
  #offer(upstream: Upstream): void {
    const lease = this.#first;
    const nowMs = this.#world.clock.nowMs();
    upstream.idleSinceMs = nowMs;
    if (lease !== null) {
      this.leave(lease);
      upstream.idleForMs = 0;
      upstream.user = lease.holder;
      lease.holder.onLeased(upstream);
      return;
    }
    this.#idle.push(upstream);
    const limitMs = this.#reuseLimitMs(true, nowMs);
    // Armed for longer: it was set before the limit was learned.
    const isLate = this.#idleTimer.dueAtMs - nowMs > limitMs + limits.idleSweepMs;
    if (!this.#idleTimer.isArmed || isLate) this.#sweepIn(limitMs);
  }

  #dialIfNeeded(): void {
    while (this.#connecting < this.#waiting) {
      if (this.total < this.settings.connectionsPerEndpointMax) this.#dial();
      // Idle ones were too old for who waits, and only take a new one's place.
      else if (this.#idle.length > 0) this.#idle[0]!.close();
      else return;
    }
  }

  #dial(): void {
    const upstream = new Upstream(this, this.#world.scratch);
    this.total++;
    this.#connecting++;
    this.#world.counts.upstreamConnections++;
    this.#world.counts.connects++;
    const { connectTimeoutMs } = this.settings;
    this.#dials.push({ upstream, dueAtMs: this.#world.clock.nowMs() + connectTimeoutMs });
    if (!this.#dialTimer.isArmed) this.#world.wheel.arm(this.#dialTimer, connectTimeoutMs);
    upstream.stream = this.#world.dial(this.#address, this.#port, upstream);
  }

  #giveUpDials(): void {
    const nowMs = this.#world.clock.nowMs();
    for (const dial of this.#dials.slice()) {
      if (dial.dueAtMs > nowMs) break;
      dial.dueAtMs = 0; // Marks the time-out for `#forgetDial`.
      dial.upstream.close();
    }
    const next = this.#dials[0];
    if (next !== undefined) {
      this.#world.wheel.arm(this.#dialTimer, Math.max(1, next.dueAtMs - nowMs));
    }
  }

  /** Whether the dial had timed out. */
  #forgetDial(upstream: Upstream): boolean {
    const at = this.#dials.findIndex((dial) => dial.upstream === upstream);
    if (at < 0) return false;
    return this.#dials.splice(at, 1)[0]!.dueAtMs === 0;
  }

  #failFirst(code: LeaseFailure): void {
    const lease = this.#first;
    if (lease === null) return;
    this.leave(lease);
    lease.holder.onLeaseFailed(code);
  }

  #closeExpired(): void {
    const nowMs = this.#world.clock.nowMs();
    const limitMs = this.#reuseLimitMs(true, nowMs);
    const oldest = this.#idle[0];
    if (oldest === undefined) return;
    const oldestMs = nowMs - oldest.idleSinceMs;
    // The oldest lie at the bottom, since the newest are taken first.
    let expired = 0;
    while (expired < this.#idle.length && nowMs - this.#idle[expired]!.idleSinceMs >= limitMs) {
      expired++;
    }
    for (const upstream of this.#idle.splice(0, expired)) upstream.close();
    if (expired > 0) this.#reuse.onSurvived(oldestMs, nowMs);
    const next = this.#idle[0];
    if (next !== undefined) this.#sweepIn(next.idleSinceMs + limitMs - nowMs);
  }

  /** Not for each connection: those that expire within one sweep go together. */
  #sweepIn(ms: number): void {
    this.#world.wheel.arm(this.#idleTimer, Math.max(limits.idleSweepMs, ms));
  }
}
