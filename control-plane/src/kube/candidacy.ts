/**
 * Who leads, by one Lease: when it may be taken, and how long one's own can be trusted.
 *
 * No clock is compared with another machine's. A candidate waits until a Lease that it has seen
 * itself went unrenewed for the whole of its time; a leader counts from the moment it *sent* the
 * renewal, which is before anybody could see it, and stops trusting it 2 s earlier. Both count with
 * the monotonic clock, the leader with the wall clock too: a machine that was suspended must not
 * wake up as a leader.
 *
 * Pure: the clock is handed in. Asked by `lease.ts`. A property test plays it against others.
 */
import assert from 'node:assert/strict';
import type { Clock } from '../clock.ts';
import * as limits from '../limits.ts';

/** What of a Lease matters. */
export interface LeaseRecord {
  /** Empty: released. */
  readonly holder: string;
  readonly renewTime: string;
  readonly transitions: number;
  /** What its holder promised to others. */
  readonly durationMs: number;
}

/** When a write was sent. */
export interface Instant {
  readonly nowMs: number;
  readonly wallMs: number;
}

// One call may be in flight when trust ends; it must not land in another's time.
assert(limits.leaseTrustMs + limits.leaseRenewMs <= limits.leaseMs);
assert(limits.leaseRenewMs + limits.leaseCallMs < limits.leaseTrustMs);

export class Candidacy {
  readonly #identity: string;
  readonly #clock: Clock;
  #seen = '';
  #seenAtMs = 0;
  #renewed: Instant | null = null;

  constructor(identity: string, clock: Clock) {
    this.#identity = identity;
    this.#clock = clock;
  }

  instant(): Instant {
    return { nowMs: this.#clock.nowMs(), wallMs: this.#clock.wallMs() };
  }

  /** How long until the Lease may be taken, if it stays as it was read just now. 0: now. */
  waitMs(record: LeaseRecord | null): number {
    const nowMs = this.#clock.nowMs();
    // Whoever deletes a Lease does not stop its holder: it is waited for as if it still stood.
    if (record === null) {
      return this.#seen === '' ? 0 : Math.max(0, this.#seenAtMs + limits.leaseMs - nowMs);
    }
    if (record.holder === '' || record.holder === this.#identity) return 0;
    const seen = `${record.holder} ${record.renewTime} ${record.transitions}`;
    if (seen !== this.#seen) {
      this.#seen = seen;
      this.#seenAtMs = nowMs;
    }
    const promisedMs = Math.min(limits.leaseMsMax, Math.max(limits.leaseMs, record.durationMs));
    return Math.max(0, this.#seenAtMs + promisedMs - nowMs);
  }

  /** Our write of the Lease, sent then, was taken. */
  wrote(sent: Instant): void {
    this.#renewed = sent;
  }

  /** The Lease is another's, or is given back. */
  lost(): void {
    this.#renewed = null;
  }

  isLeader(): boolean {
    return this.trustMs() > 0;
  }

  /** How long our Lease can still be trusted; 0: we do not lead. */
  trustMs(): number {
    if (this.#renewed === null) return 0;
    const { nowMs, wallMs } = this.#renewed;
    const passedMs = Math.max(this.#clock.nowMs() - nowMs, this.#clock.wallMs() - wallMs);
    return Math.max(0, limits.leaseTrustMs - passedMs);
  }
}
