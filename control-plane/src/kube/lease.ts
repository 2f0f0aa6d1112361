/**
 * Leader election: of several replicas, one writes. `candidacy.ts` decides; this asks and writes.
 *
 * A leader renews every 2 s and stops by itself 8 s after its last renewal; others take over 10 s
 * after they saw it, so a leader that is killed is replaced within 13 s and one that ends in order
 * within 2. `isLeader()` is computed when asked: a process that stood still for a minute knows
 * before its timers run. A write that is already on its way when trust ends is not called back:
 * what the leader writes must do no harm when written twice.
 *
 * Used by whoever writes in the cluster. The identity is made unique here, so that a container that
 * restarts under the same pod name never takes its predecessor's Lease for its own.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, systemClock } from '../clock.ts';
import * as limits from '../limits.ts';
import { apiMicroseconds } from '../api-time.ts';
import type { Chance } from './backoff.ts';
import { Candidacy, type LeaseRecord } from './candidacy.ts';
import type { KubeClient } from './client.ts';
import { KubeError } from './kube-error.ts';
import type { KubeObject } from './kube-object.ts';
import { apiVersionOf, leases } from './resource.ts';

export interface LeaderElectionOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** The pod's name, for people; a random part is added. */
  readonly identity: string;
  readonly onElected: () => void;
  /** The Lease is lost, or can't be trusted any more: stop writing. */
  readonly onLost: (why: string) => void;
  /** Renewing or asking failed: worth a line in the log. */
  readonly onProblem?: (why: string) => void;
  readonly clock?: Clock;
  readonly chance?: Chance;
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

/** Another try after one that failed comes sooner than a renewal. */
const FAILED_WAIT_MS = 500;

export class LeaderElection {
  readonly identity: string;
  readonly #options: LeaderElectionOptions;
  readonly #candidacy: Candidacy;
  readonly #clock: Clock;
  readonly #chance: Chance;
  readonly #closing = new AbortController();
  #running: Promise<void> | null = null;
  /** As we wrote it last; null: read it first. */
  #own: Lease | null = null;
  #isTold = false;
  #trust: NodeJS.Timeout | null = null;
  #why = '';

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.identity = `${options.identity}_${randomUUID().slice(0, 8)}`;
    this.#clock = options.clock ?? systemClock;
    this.#chance = options.chance ?? Math.random;
    this.#candidacy = new Candidacy(this.identity, this.#clock);
  }

  /** False as soon as the Lease can't be trusted, whether or not `onLost` was called yet. */
  isLeader(): boolean {
    return this.#candidacy.isLeader();
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Gives the Lease back, so that another need not wait for its end. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    const own = this.#candidacy.isLeader() ? this.#own : null;
    this.#candidacy.lost();
    this.#settle('closed');
    if (own === null) return;
    const spec = { ...own.spec, holderIdentity: '', leaseDurationSeconds: 1 };
    const { client } = this.#options;
    // Where this fails, the Lease ends by itself.
    const options = { timeoutMs: limits.leaseCallMs };
    await client.update(leases, { ...own, spec }, options).catch(() => {});
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const startedAtMs = this.#clock.nowMs();
      const waitMs = await this.#turn();
      this.#settle(this.#why);
      const passedMs = this.#clock.nowMs() - startedAtMs;
      const restMs = Math.max(0, waitMs - passedMs);
      await sleep(restMs, undefined, { signal }).catch(() => {});
    }
  }

  /** How long from its beginning to the next. */
  async #turn(): Promise<number> {
    try {
      if (this.#own !== null) return await this.#renew(this.#own);
      return await this.#seek();
    } catch (error) {
      if (error instanceof KubeError && (error.status === 409 || error.isMissingObject)) {
        if (error.isMissingObject) this.#candidacy.lost();
        this.#own = null; // Somebody wrote or deleted it; who leads is read next.
        this.#why = error.message;
        return 0;
      }
      this.#why = error instanceof Error ? error.message : String(error);
      this.#options.onProblem?.(this.#why);
      return FAILED_WAIT_MS * (1 + this.#chance());
    }
  }

  async #renew(own: Lease): Promise<number> {
    const sent = this.#candidacy.instant();
    const spec = { ...own.spec, renewTime: apiMicroseconds(sent.wallMs) };
    const { client } = this.#options;
    this.#own = await client.update(leases, { ...own, spec }, { timeoutMs: limits.leaseCallMs });
    this.#candidacy.wrote(sent);
    return limits.leaseRenewMs;
  }

  async #seek(): Promise<number> {
    const { client, namespace, name } = this.#options;
    const options = { timeoutMs: limits.leaseCallMs };
    const found = await client.get<Lease>(leases, { namespace, name }, options);
    const record = recordOf(found);
    const waitMs = this.#candidacy.waitMs(record);
    if (record !== null && record.holder !== this.identity) {
      this.#why = `the Lease is held by ${record.holder || 'nobody'}`;
      this.#candidacy.lost();
    }
    if (waitMs > 0) return Math.min(waitMs, limits.leaseRenewMs);
    const sent = this.#candidacy.instant();
    const taken = this.#taken(found, record, apiMicroseconds(sent.wallMs));
    this.#own =
      found === null
        ? await client.create(leases, taken, options)
        : await client.update(leases, taken, options);
    this.#candidacy.wrote(sent);
    return limits.leaseRenewMs;
  }

  #taken(found: Lease | null, record: LeaseRecord | null, now: string): Lease {
    const { namespace, name } = this.#options;
    const isOurs = record?.holder === this.identity;
    const spec = {
      holderIdentity: this.identity,
      leaseDurationSeconds: limits.leaseMs / 1_000,
      acquireTime: isOurs ? (found?.spec?.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (record?.transitions ?? -1) + (isOurs ? 0 : 1),
    };
    const metadata = found?.metadata ?? { namespace, name };
    return { apiVersion: apiVersionOf(leases), kind: leases.kind, metadata, spec };
  }

  /** Tells what changed, and wakes when trust would end. */
  #settle(why: string): void {
    const trustMs = this.#candidacy.trustMs();
    if (this.#trust !== null) clearTimeout(this.#trust);
    this.#trust = null;
    if (trustMs > 0) {
      this.#trust = setTimeout(() => this.#settle('it was not renewed in time'), trustMs + 1);
    }
    const isLeader = trustMs > 0;
    if (isLeader === this.#isTold) return;
    this.#isTold = isLeader;
    if (isLeader) this.#options.onElected();
    else this.#options.onLost(why);
  }
}

function recordOf(lease: Lease | null): LeaseRecord | null {
  if (lease === null) return null;
  const { holderIdentity, leaseDurationSeconds, renewTime, leaseTransitions } = lease.spec ?? {};
  return {
    holder: holderIdentity ?? '',
    renewTime: renewTime ?? '',
    transitions: leaseTransitions ?? 0,
    durationMs: (leaseDurationSeconds ?? 0) * 1_000,
  };
}
