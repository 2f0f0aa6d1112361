/**
 * The certificate that this replica serves with: made on start, and anew at half its life.
 *
 * It stays in memory, so that there is no file to protect and no Secret that two replicas would
 * fight over: each signs for itself with the shared authority. Whether one is due is looked at
 * every minute against the wall clock, since a timer of twelve hours sleeps through a suspended
 * machine and a clock that was set. Where signing fails the one in use stays, until the next look.
 *
 * Owns one timer; the clock is handed in. Used by the webhook's and the proxies' TLS servers.
 */
import type { SecureVersion } from 'node:tls';
import * as limits from '../limits.ts';
import type { Log } from '../log.ts';
import { type Authority, issueServing, type ServingPair } from './authority.ts';

export interface ServingCertificateOptions {
  readonly authority: Authority;
  /** DNS names and addresses by which clients dial. */
  readonly names: readonly string[];
  /** Wall clock: certificates know no other. */
  readonly nowMs: () => number;
  readonly log: Log;
}

/** What a TLS server takes, when it is made and when its certificate is replaced. */
export function secureContext(
  { certificatePem, keyPem }: Pick<ServingPair, 'certificatePem' | 'keyPem'>,
  minVersion: SecureVersion,
) {
  return { cert: certificatePem, key: keyPem, minVersion };
}

export type OnReplaced = (pair: ServingPair) => void;

export class ServingCertificate {
  readonly #options: ServingCertificateOptions;
  readonly #listeners: OnReplaced[] = [];
  #authority: Authority;
  #pair: ServingPair | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: ServingCertificateOptions) {
    this.#options = options;
    this.#authority = options.authority;
  }

  /** Resolves with the first certificate made; rejects where the authority cannot sign. */
  async start(): Promise<void> {
    await this.#issue();
    this.#timer = setInterval(() => void this.replaceIfDue(), limits.certificateLookMs);
    this.#timer.unref();
  }

  /** From `start` on. */
  current(): ServingPair {
    if (this.#pair === null) throw new Error('The serving certificate was not started');
    return this.#pair;
  }

  onReplaced(listener: OnReplaced): void {
    this.#listeners.push(listener);
  }

  /** The Secret was made anew: what the old authority signed is worth nothing from now on. */
  async useAuthority(authority: Authority): Promise<void> {
    const before = this.#authority;
    this.#authority = authority;
    try {
      await this.#issue();
    } catch (error) {
      this.#authority = before;
      throw error;
    }
  }

  /** Never rejects. */
  async replaceIfDue(): Promise<void> {
    const { issuedAtMs, expiresAtMs } = this.current();
    const nowMs = this.#options.nowMs();
    // Also where the clock was set back to before it was issued.
    if (nowMs >= issuedAtMs && nowMs < issuedAtMs + (expiresAtMs - issuedAtMs) / 2) return;
    try {
      await this.#issue();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const expiresAt = new Date(expiresAtMs).toISOString();
      this.#options.log.error({ why, expiresAt }, 'cannot renew the serving certificate');
    }
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  async #issue(): Promise<void> {
    const { names, nowMs, log } = this.#options;
    this.#pair = await issueServing(this.#authority, names, nowMs());
    const expiresAt = new Date(this.#pair.expiresAtMs).toISOString();
    log.info({ names, expiresAt }, 'serving certificate issued');
    for (const listener of this.#listeners) listener(this.#pair);
  }
}
