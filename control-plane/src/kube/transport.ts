/**
 * One request to the API server and its answer, on undici: TLS, credentials, deadlines, bounds.
 *
 * Watches have connections of their own, so that they never take a call's place. HTTP/1.1 on
 * purpose: with HTTP/2 all of them would share one connection, and one that stalls would take
 * the Lease and every watch down together.
 *
 * undici is loaded with the first request: who reads a folder never pays its 26 MB. A 401 is asked
 * again at once where the token has changed since. Used by `client.ts` alone.
 */
import type { Dispatcher, Pool } from 'undici';
import * as limits from '../limits.ts';
import type { KubeConfig } from './kube-config.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  /** Its abort ends the call, or the stream. */
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly retryAfterMs: number | null;
  readonly text: string;
}

/** An answer whose body is still coming. */
export interface StreamAnswer {
  readonly status: number;
  readonly retryAfterMs: number | null;
  readonly body: Dispatcher.ResponseData['body'];
}

interface Pools {
  readonly calls: Pool;
  readonly watches: Pool;
}

export class Transport {
  readonly #config: KubeConfig;
  readonly #userAgent: string;
  readonly #prefix: string;
  #pools: Promise<Pools> | null = null;
  #closed = false;

  constructor(config: KubeConfig, userAgent: string) {
    this.#config = config;
    this.#userAgent = userAgent;
    this.#prefix = new URL(config.server).pathname.replace(/\/$/, '');
  }

  /** Rejects where there is no whole answer. */
  async call(call: Call): Promise<Answer> {
    const { calls } = await this.#open();
    const { status, retryAfterMs, body } = await this.#send(calls, call);
    return { status, retryAfterMs, text: await body.text() };
  }

  /** Resolves with the head. The caller reads the body to its end, or aborts. */
  async stream(call: Call): Promise<StreamAnswer> {
    const { watches } = await this.#open();
    return this.#send(watches, call);
  }

  /** Ends every call and stream under way. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#pools === null) return;
    const { calls, watches } = await this.#pools;
    await Promise.all([calls.destroy(), watches.destroy()]);
  }

  #open(): Promise<Pools> {
    if (this.#closed) throw new DOMException('this client is closed', 'AbortError');
    this.#pools ??= openPools(this.#config);
    return this.#pools;
  }

  async #send(pool: Pool, call: Call): Promise<StreamAnswer> {
    const token = this.#config.token?.current() ?? null;
    const answer = await this.#sendAs(token, pool, call);
    if (answer.status !== 401 || !this.#config.token?.renew(token)) return answer;
    await answer.body.dump();
    return this.#sendAs(this.#config.token.current(), pool, call);
  }

  async #sendAs(token: string | null, pool: Pool, call: Call): Promise<StreamAnswer> {
    const { method, path, body, contentType, signal } = call;
    const { statusCode, headers, ...answer } = await pool.request({
      method,
      path: this.#prefix + path,
      body: body ?? null,
      signal,
      headers: {
        accept: 'application/json',
        'user-agent': this.#userAgent,
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    const retryAfterMs = retryAfterOf(headers['retry-after']);
    return { status: statusCode, retryAfterMs, body: answer.body };
  }
}

async function openPools(config: KubeConfig): Promise<Pools> {
  const { Pool } = await import('undici');
  const { origin } = new URL(config.server);
  const { caPem, clientCertPem, clientKeyPem, serverName } = config;
  const both: Pool.Options = {
    allowH2: false,
    pipelining: 1,
    headersTimeout: limits.kubeHeadTimeoutMs,
    keepAliveTimeout: limits.kubeIdleTimeoutMs,
    connect: {
      timeout: limits.kubeConnectTimeoutMs,
      // A server that vanished without a word is found out in this time and ten seconds.
      keepAlive: true,
      keepAliveInitialDelay: limits.kubeKeepAliveMs,
      ...(caPem === null ? {} : { ca: caPem }),
      ...(clientCertPem === null ? {} : { cert: clientCertPem }),
      ...(clientKeyPem === null ? {} : { key: clientKeyPem }),
      ...(serverName === null ? {} : { servername: serverName }),
    },
  };
  return {
    calls: new Pool(origin, {
      ...both,
      connections: limits.kubeConnectionsMax,
      bodyTimeout: limits.kubeHeadTimeoutMs,
      maxResponseSize: limits.kubeResponseBytesMax,
    }),
    watches: new Pool(origin, {
      ...both,
      connections: limits.kubeWatchesMax,
      bodyTimeout: 0, // A quiet watch is no dead one: `watch.ts` has a timer that knows.
    }),
  };
}

/** The API server sends seconds; a date is what a proxy in between might send, and is not read. */
function retryAfterOf(value: string | string[] | undefined): number | null {
  if (typeof value !== 'string' || !/^\d{1,6}$/.test(value)) return null;
  return Math.min(Number(value) * 1_000, limits.kubeRetryAfterMsMax);
}
