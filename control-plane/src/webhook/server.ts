/**
 * The webhooks' listener: HTTPS for the API server, one handler a path.
 *
 * What is no review is answered with a plain HTTP error and never with "allowed": then the failure
 * policy of the webhook configuration decides, as it does when this replica is gone. Anybody in
 * the cluster can connect, so bodies, connections, reviews under way and time are bounded, and what
 * is logged of strangers is as well. The API server asks for a timeout in the query: paths are
 * compared without one.
 *
 * Owns the sockets. `node:https` is loaded by `listen`, since a local mesh has no webhooks. The
 * certificate is swapped in place: connections that are open keep theirs. Started in a cluster.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ServingPair } from '../identity/authority.ts';
import { secureContext } from '../identity/serving-certificate.ts';
import * as limits from '../limits.ts';
import type { Log } from '../log.ts';
import { openListener } from '../publish/http-listener.ts';
import {
  type Admit,
  type AdmissionAnswer,
  type AdmissionRequest,
  readReview,
  reviewOf,
} from './admission.ts';
import { type Failure, ReviewBodies } from './review-body.ts';

/** The one of `identity/serving-certificate.ts`; tests hand in a fixed one. */
export interface ServedCertificate {
  current(): Pick<ServingPair, 'certificatePem' | 'keyPem'>;
  onReplaced(listener: (pair: Pick<ServingPair, 'certificatePem' | 'keyPem'>) => void): void;
}

/** For metrics: how each request to the listener ended. */
export interface Judged {
  /** `other`: a path that has no handler; a stranger must not make series. */
  readonly path: string;
  readonly outcome: 'allowed' | 'refused' | 'failed';
  /** Of HTTP: 200 for every review that was answered, also with a refusal. */
  readonly status: number;
  readonly tookMs: number;
}

export interface WebhookServerOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly certificate: ServedCertificate;
  /** By path: `/inject`, `/validate`. */
  readonly handlers: Readonly<Record<string, Admit>>;
  readonly log: Log;
  readonly onJudged?: (judged: Judged) => void;
}

const LATE = Symbol('late');
/** Older API servers speak no 1.3. */
const MIN_TLS = 'TLSv1.2';

export class WebhookServer {
  readonly #options: WebhookServerOptions;
  readonly #bodies = new ReviewBodies();
  #server: Server | null = null;
  #underWay = 0;
  #logSecond = 0;
  #logged = 0;

  constructor(options: WebhookServerOptions) {
    this.#options = options;
  }

  async listen(): Promise<AddressInfo> {
    const { listen, certificate } = this.#options;
    const { createServer } = await import('node:https');
    const server = createServer(
      { ...secureContext(certificate.current(), MIN_TLS), handshakeTimeout: limits.handshakeMs },
      (request, response) => void this.#answer(request, response),
    );
    server.maxConnections = limits.reviewConnectionsMax;
    server.headersTimeout = limits.reviewReadMs;
    server.requestTimeout = limits.reviewReadMs;
    // Longer than the API server keeps idle ones (90 s): it lets go first.
    server.keepAliveTimeout = limits.reviewIdleMs;
    certificate.onReplaced((pair) => server.setSecureContext(secureContext(pair, MIN_TLS)));
    this.#server = server;
    await openListener(server, listen);
    return server.address() as AddressInfo;
  }

  /** Reviews under way are answered first, for as long as one may take. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const cut = setTimeout(() => server.closeAllConnections(), limits.reviewJudgeMs);
    await closed;
    clearTimeout(cut);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAtMs = performance.now();
    const path = request.url?.split('?')[0] ?? '';
    const handler = Object.hasOwn(this.#options.handlers, path)
      ? this.#options.handlers[path]
      : undefined;
    const ended = (outcome: Judged['outcome'], status: number) => {
      const tookMs = performance.now() - startedAtMs;
      const known = handler === undefined ? 'other' : path;
      this.#options.onJudged?.({ path: known, outcome, status, tookMs });
    };
    this.#underWay++;
    try {
      const result = await this.#judge(request, handler);
      if ('why' in result) {
        ended('failed', result.status);
        this.#say('warn', { path, ...result }, 'a review that was not answered');
        return fail(response, result);
      }
      ended(result.answer.allowed ? 'allowed' : 'refused', 200);
      if (!result.answer.allowed) this.#say('info', told(result), 'refused');
      reply(response, reviewOf(result.request.uid, result.answer));
    } finally {
      this.#underWay--;
    }
  }

  async #judge(request: IncomingMessage, handler: Admit | undefined): Promise<Judgement> {
    const unfit = this.#unfit(request, handler);
    if (unfit !== null || handler === undefined) return unfit ?? NOWHERE;
    const body = await this.#bodies.read(request);
    if (typeof body !== 'string') return body;
    const reading = readReview(body);
    if (reading.is === 'refused') return { status: 400, why: reading.why };
    try {
      const answer = await withinTime(handler(reading.request));
      if (answer === LATE) return { status: 504, why: `no answer in ${limits.reviewJudgeMs} ms` };
      return { request: reading.request, answer };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { status: 500, why: `the handler failed: ${why}` };
    }
  }

  #unfit({ method, headers }: IncomingMessage, handler: Admit | undefined): Failure | null {
    if (handler === undefined) return NOWHERE;
    if (method !== 'POST') return { status: 405, why: 'a review is sent by POST' };
    const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
    if (type !== 'application/json') return { status: 415, why: 'a review is application/json' };
    if (this.#underWay > limits.reviewsMax) {
      return { status: 503, why: `over ${limits.reviewsMax} reviews at a time: try again` };
    }
    return null;
  }

  #say(level: 'info' | 'warn', fields: object, message: string): void {
    const second = Math.floor(performance.now() / 1_000);
    if (second !== this.#logSecond) this.#logged = 0;
    this.#logSecond = second;
    if (this.#logged++ < limits.reviewLinesPerSecond) this.#options.log[level](fields, message);
  }
}

type Judgement = Failure | { readonly request: AdmissionRequest; readonly answer: AdmissionAnswer };
const NOWHERE: Failure = { status: 404, why: 'no webhook is at this path' };

function told({ request, answer }: Exclude<Judgement, Failure>): object {
  const { kind, namespace, name, operation, dryRun } = request;
  return { kind: kind.kind, namespace, name, operation, dryRun, message: answer.message };
}

/** A handler that never ends must not keep its place for good. */
async function withinTime<T>(pending: T | Promise<T>): Promise<T | typeof LATE> {
  if (!(pending instanceof Promise)) return pending;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(resolve, limits.reviewJudgeMs, LATE);
  });
  try {
    return await Promise.race([pending, late]);
  } finally {
    clearTimeout(timer);
  }
}

function reply(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** The connection ends with it: what is left of a body is not worth reading. */
function fail(response: ServerResponse, { status, why }: Failure): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  response.end(`${why}\n`);
}
