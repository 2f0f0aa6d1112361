/**
 * The application's own page of metrics, fetched for every scrape and shown behind ours.
 *
 * For where a pod has one port that may be scraped. It never fails the scrape: an application that
 * does not answer in time, answers otherwise than 200, too much, or what is not metrics, is left
 * out, and `remora_app_metrics_up` is 0. Over a socket of its own and our parser, as the rest of
 * this room: neither the application's limits nor its series know these requests.
 *
 * Owns the socket while it fetches. Made by `proxy.ts`, used by `metrics-page.ts`.
 */
import { connect, type Socket } from 'node:net';
import { formatAddress } from '@remora/api/destination.ts';
import type { ListenAddress } from '../net/listener.ts';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, responseBody } from '../http1/body-framing.ts';
import { ChunkedDecoder } from '../http1/chunked.ts';
import { Head, METHOD } from '../http1/head.ts';
import { PARSE_INCOMPLETE, PARSE_OK, parseResponseHead } from '../http1/head-parser.ts';
import * as limits from '../limits.ts';
import type { AppReading } from '../telemetry/metric-sources.ts';
import { AppFamilies } from './app-families.ts';

const CONTENT_ENCODING = Buffer.from('content-encoding');

export interface AppPage extends ListenAddress {
  readonly path: string;
}

export class AppMetrics {
  /** How it went last. */
  reading: AppReading = { isUp: false, familiesDropped: 0 };
  readonly #page: AppPage;
  #held = 0;

  constructor(page: AppPage) {
    this.#page = page;
  }

  /** Null: it could not be had in so long, or too many are held. To be released. Never rejects. */
  async fetch(withinMs: number): Promise<AppFamilies | null> {
    if (this.#held >= limits.appPagesMax) return null;
    this.#held++;
    const families = await this.#fetch(withinMs);
    if (families === null) this.#held--;
    return families;
  }

  /** Once for every page that came. */
  release(): void {
    this.#held--;
  }

  #fetch(withinMs: number): Promise<AppFamilies | null> {
    return new Promise((resolve) => {
      const { host, port, path } = this.#page;
      const socket = connect({ host, port });
      const families = new AppFamilies();
      const body = new AppBody(families);
      const finish = (isWhole: boolean): void => {
        clearTimeout(timer);
        socket.destroy();
        if (isWhole) families.end();
        resolve(isWhole && families.malformed === null ? families : null);
      };
      const timer = setTimeout(() => finish(false), withinMs);
      socket.on('error', () => finish(false));
      socket.on('close', () => finish(false));
      socket.on('end', () => finish(body.mayEnd));
      socket.on('data', (bytes: Buffer) => {
        const state = isWithin(socket) ? body.push(bytes) : BODY.REFUSED;
        if (state !== BODY.MORE) finish(state === BODY.WHOLE);
      });
      socket.write(requestText(host, port, path));
    });
  }
}

function isWithin(socket: Socket): boolean {
  return socket.bytesRead <= limits.appMetricsBytesMax;
}

function requestText(host: string, port: number, path: string): string {
  return (
    `GET ${path} HTTP/1.1\r\nhost: ${formatAddress(host, port)}\r\n` +
    'accept: text/plain;version=0.0.4\r\nconnection: close\r\n\r\n'
  );
}

const BODY = { MORE: 0, WHOLE: 1, REFUSED: 2 } as const;

/** What comes of an answer: its head, then text for the families. */
class AppBody {
  readonly #families: AppFamilies;
  readonly #head = new Head();
  readonly #chunked = new ChunkedDecoder();
  readonly #text = new TextDecoder('utf-8', { fatal: true });
  /** -1: the head is not whole. */
  #kind = -1;
  /** Of a body with a length. */
  #left = 0;

  constructor(families: AppFamilies) {
    this.#families = families;
  }

  /** Whether the connection's end is the body's. */
  get mayEnd(): boolean {
    return this.#kind >= 0 && this.#kind !== BODY_CHUNKED && this.#kind !== BODY_LENGTH;
  }

  /** A BODY. */
  push(bytes: Buffer): number {
    try {
      return this.#kind === -1 ? this.#pushHead(bytes) : this.#pushBody(bytes);
    } catch {
      return BODY.REFUSED; // Not UTF-8.
    }
  }

  #pushHead(bytes: Buffer): number {
    const head = this.#head;
    const taken = Math.min(bytes.length, limits.adminHeadBytesMax - head.filled);
    head.collect(bytes, 0, taken);
    const outcome = parseResponseHead(head, head.slab, 0, head.filled);
    if (outcome === PARSE_INCOMPLETE && taken === bytes.length) return BODY.MORE;
    if (outcome !== PARSE_OK || head.status !== 200) return BODY.REFUSED;
    if (head.find(CONTENT_ENCODING) >= 0) return BODY.REFUSED;
    this.#kind = responseBody(head, METHOD.GET);
    this.#left = head.contentLength;
    if (this.#kind === BODY_NONE) return BODY.WHOLE;
    const first = Buffer.from(head.slab.subarray(head.length, head.filled));
    return this.#pushBody(Buffer.concat([first, bytes.subarray(taken)]));
  }

  #pushBody(bytes: Buffer): number {
    if (this.#kind === BODY_CHUNKED) {
      const chunked = this.#chunked;
      chunked.decode(bytes, 0, bytes.length);
      this.#take(bytes.subarray(chunked.dataStart, chunked.dataEnd));
      if (chunked.refused !== 0) return BODY.REFUSED;
      return chunked.done ? BODY.WHOLE : this.#more;
    }
    if (this.#kind !== BODY_LENGTH) {
      this.#take(bytes);
      return this.#more;
    }
    const taken = bytes.subarray(0, this.#left);
    this.#left -= taken.length;
    this.#take(taken);
    return this.#left === 0 ? BODY.WHOLE : this.#more;
  }

  get #more(): number {
    return this.#families.malformed === null ? BODY.MORE : BODY.REFUSED;
  }

  #take(bytes: Uint8Array): void {
    this.#families.push(this.#text.decode(bytes, { stream: true }));
  }
}
