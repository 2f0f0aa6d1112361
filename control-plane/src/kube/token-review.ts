/**
 * Who holds a token: the API server is asked once, and its answer is kept while the token lives.
 *
 * A thousand proxies that reconnect at once show tokens that are known already. Keyed by a hash, so
 * that memory holds no token; kept for five minutes at most: a pod's token dies with its pod, and
 * only the API server knows. The end that the token itself names only shortens that: it is read
 * unverified. A refusal is kept for seconds, a failure to ask not at all.
 *
 * Used by the config server, before a proxy is served. Tests: `token-review.test.ts`.
 */
import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../clock.ts';
import * as limits from '../limits.ts';
import type { KubeClient } from './client.ts';
import type { KubeObject } from './kube-object.ts';
import { apiVersionOf, tokenReviews } from './resource.ts';

export interface PodIdentity {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly podName: string;
  readonly podUid: string;
}

export type Reviewed = PodIdentity | { readonly refused: string };

export interface TokenReviewerOptions {
  readonly client: Pick<KubeClient, 'create'>;
  readonly audience: string;
  readonly clock?: Clock;
}

interface TokenReview extends KubeObject {
  readonly spec: { readonly token: string; readonly audiences: readonly string[] };
  readonly status?: ReviewStatus;
}

interface ReviewStatus {
  readonly authenticated?: boolean;
  readonly error?: string;
  readonly audiences?: readonly string[];
  readonly user?: {
    readonly username?: string;
    readonly extra?: Readonly<Record<string, readonly string[] | undefined>>;
  };
}

interface Kept {
  readonly answer: Promise<Reviewed>;
  untilMs: number;
}

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;
const POD_NAME = 'authentication.kubernetes.io/pod-name';
const POD_UID = 'authentication.kubernetes.io/pod-uid';

export class TokenReviewer {
  readonly #options: TokenReviewerOptions;
  readonly #clock: Clock;
  /** In the order of their making: the oldest go first. */
  readonly #kept = new Map<string, Kept>();

  constructor(options: TokenReviewerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Rejects with a `KubeError` where the API server could not be asked. */
  review(token: string): Promise<Reviewed> {
    if (token.length > limits.tokenBytesMax) return refusal('the token is too long');
    const claims = claimsOf(token);
    if (claims === null) return refusal('this is no service account token');
    const key = createHash('sha256').update(token).digest('base64');
    const kept = this.#kept.get(key);
    if (kept !== undefined && this.#clock.nowMs() < kept.untilMs) return kept.answer;
    return this.#ask(key, token, claims);
  }

  #ask(key: string, token: string, claims: Claims): Promise<Reviewed> {
    const answer = this.#reviewed(token);
    const kept: Kept = { answer, untilMs: Number.POSITIVE_INFINITY };
    this.#kept.delete(key); // So that it becomes the newest.
    this.#kept.set(key, kept);
    if (this.#kept.size > limits.tokenReviewsMax) this.#dropOldest();
    answer.then(
      (reviewed) => {
        kept.untilMs = this.#clock.nowMs() + this.#keepMs(reviewed, claims);
      },
      () => {
        if (this.#kept.get(key) === kept) this.#kept.delete(key);
      },
    );
    return answer;
  }

  async #reviewed(token: string): Promise<Reviewed> {
    const { client, audience } = this.#options;
    const review: TokenReview = {
      apiVersion: apiVersionOf(tokenReviews),
      kind: tokenReviews.kind,
      metadata: { name: '' },
      spec: { token, audiences: [audience] },
    };
    const { status } = await client.create(tokenReviews, review, { isQuestion: true });
    return judge(status ?? {}, audience);
  }

  #keepMs(reviewed: Reviewed, { endsAtWallMs }: Claims): number {
    if ('refused' in reviewed) return limits.tokenRefusalMs;
    const leftMs = endsAtWallMs - this.#clock.wallMs();
    return Math.min(limits.tokenReviewMs, Math.max(0, leftMs));
  }

  #dropOldest(): void {
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.#kept.delete(oldest);
  }
}

function judge(status: ReviewStatus, audience: string): Reviewed {
  if (status.authenticated !== true) {
    return { refused: status.error ?? 'the API server does not know this token' };
  }
  // A server that does not know audiences would take a token that was made for somebody else.
  if (!(status.audiences ?? []).includes(audience)) {
    return { refused: `the token is not for ${audience}` };
  }
  const { username = '', extra = {} } = status.user ?? {};
  const [, namespace, serviceAccount] = SERVICE_ACCOUNT.exec(username) ?? [];
  if (namespace === undefined || serviceAccount === undefined) {
    return { refused: `${username} is no service account` };
  }
  const podName = extra[POD_NAME]?.[0];
  const podUid = extra[POD_UID]?.[0];
  if (podName === undefined || podUid === undefined) {
    return { refused: 'the token is bound to no pod' };
  }
  return { namespace, serviceAccount, podName, podUid };
}

interface Claims {
  /** Infinite: it names no end. */
  readonly endsAtWallMs: number;
}

/** Null: this can't be a token of a service account. Nothing here is verified. */
function claimsOf(token: string): Claims | null {
  const parts = token.split('.');
  if (parts.length !== 3) return null;
  try {
    const text = Buffer.from(parts[1] ?? '', 'base64url').toString('utf8');
    const claims: unknown = JSON.parse(text);
    if (typeof claims !== 'object' || claims === null) return null;
    const { exp } = claims as { exp?: unknown };
    return { endsAtWallMs: typeof exp === 'number' ? exp * 1_000 : Number.POSITIVE_INFINITY };
  } catch {
    return null;
  }
}

function refusal(refused: string): Promise<Reviewed> {
  return Promise.resolve({ refused });
}
