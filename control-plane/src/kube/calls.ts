/**
 * The life of a call to the API server: how many may be under way, its deadline, whether it is
 * asked again, and its failure as a `KubeError`.
 *
 * Reads are repeated by themselves; writes only where the server refused to look at them (429),
 * since a write whose answer was lost may have happened. One deadline holds for all attempts and
 * the waits between them, so that a caller knows how long it waits. Why there is no breaker:
 * docs/decisions/dependencies.md.
 *
 * Used by `client.ts`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as limits from '../limits.ts';
import { backoffMs, type Chance } from './backoff.ts';
import { errorOfAnswer, errorOfConnection, type Intent, KubeError } from './kube-error.ts';
import type { Answer, Call, Transport } from './transport.ts';

export interface CallOptions {
  /** For everything: attempts, waits between them, the answer. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface Request {
  readonly intent: Intent;
  readonly call: Omit<Call, 'signal'>;
  readonly options: CallOptions;
  /** Asking twice does no more than asking once. */
  readonly repeatable: boolean;
}

const RETRY = { baseMs: 100, maxMs: 2_000 };

export class Calls {
  readonly #transport: Transport;
  readonly #chance: Chance;
  #underWay = 0;

  constructor(transport: Transport, chance: Chance) {
    this.#transport = transport;
    this.#chance = chance;
  }

  async json<T>(request: Request): Promise<T> {
    const { text } = await this.ask(request);
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      throw errorOfConnection(request.intent, 'Undecodable', error);
    }
  }

  async ask(request: Request): Promise<Answer> {
    const { intent, options, repeatable } = request;
    if (this.#underWay >= limits.kubeCallsMax) {
      throw errorOfConnection(intent, 'TooManyCalls', `${limits.kubeCallsMax} calls are under way`);
    }
    const timeout = AbortSignal.timeout(options.timeoutMs ?? limits.kubeCallTimeoutMs);
    const signal =
      options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
    this.#underWay++;
    try {
      for (let failures = 1; ; failures++) {
        const outcome = await this.#attempt(request, signal);
        if (!(outcome instanceof KubeError)) return outcome;
        if (failures === limits.kubeAttemptsMax || !mayRepeat(outcome, repeatable)) throw outcome;
        const waitMs = outcome.retryAfterMs ?? backoffMs(RETRY, failures, this.#chance);
        await sleep(waitMs, undefined, { signal }).catch(() => Promise.reject(outcome));
      }
    } finally {
      this.#underWay--;
    }
  }

  async #attempt({ intent, call }: Request, signal: AbortSignal): Promise<Answer | KubeError> {
    try {
      const answer = await this.#transport.call({ ...call, signal });
      return answer.status < 300 ? answer : errorOfAnswer(intent, answer);
    } catch (error) {
      return asKubeError(intent, error);
    }
  }

  /** One attempt; the body as it comes, ended by `signal`. */
  async stream(intent: Intent, path: string, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
    try {
      const { status, retryAfterMs, body } = await this.#transport.stream({
        method: 'GET',
        path,
        signal,
      });
      if (status === 200) return chunksOf(intent, body);
      throw errorOfAnswer(intent, { status, retryAfterMs, text: await body.text() });
    } catch (error) {
      throw asKubeError(intent, error);
    }
  }

  /** Ends every call and stream under way. */
  async close(): Promise<void> {
    await this.#transport.close();
  }
}

/** 429 is refused before it is looked at, so even a write may follow it. */
function mayRepeat({ status, reason }: KubeError, repeatable: boolean): boolean {
  if (status === 429) return true;
  if (!repeatable) return false;
  return status === 0 ? !FINAL.has(reason) : status >= 500;
}

const TOO_LARGE = 'UND_ERR_RES_EXCEEDED_MAX_SIZE';
/** Of failures without an answer, those that another attempt can't mend. */
const FINAL = new Set(['Timeout', 'Aborted', 'TooLarge', 'UND_ERR_DESTROYED', 'UND_ERR_CLOSED']);

function asKubeError(intent: Intent, error: unknown): KubeError {
  if (error instanceof KubeError) return error;
  const { name, code } = error as { name?: string; code?: unknown };
  if (name === 'TimeoutError') return errorOfConnection(intent, 'Timeout', 'no answer in time');
  if (name === 'AbortError') return errorOfConnection(intent, 'Aborted', 'given up by the caller');
  if (code === TOO_LARGE) return errorOfConnection(intent, 'TooLarge', error);
  return errorOfConnection(intent, typeof code === 'string' ? code : 'Failed', error);
}

/** Only what the connection does: the reader's own errors stay what they are. */
async function* chunksOf(intent: Intent, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    throw asKubeError(intent, error);
  }
}
