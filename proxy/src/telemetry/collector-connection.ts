/**
 * One connection to a collector of spans: one POST at a time, and what became of it.
 *
 * Written by hand, as `control/control-stream.ts` is, since loading `node:http` costs each sidecar
 * 16 MB. The answer is read by the parser that reads upstreams. Whatever goes wrong is a result
 * with status 0 and a reason, never an event or an exception. The next POST then dials anew, as it
 * does after a refusal.
 *
 * Owns its socket, which keeps no process alive but while it is held. When to try again is
 * `span-exporter.ts`.
 */
import { connect, type Socket } from 'node:net';
import { BODY_UNTIL_CLOSE, responseBody } from '../http1/body-framing.ts';
import { Head, METHOD } from '../http1/head.ts';
import { PARSE_INCOMPLETE, PARSE_OK, parseResponseHead } from '../http1/head-parser.ts';
import * as limits from '../limits.ts';
import { BodyReader } from '../net/body-reader.ts';
import { type TimerWheel, WheelTimer } from '../timer-wheel.ts';

export interface PostResult {
  /** 0: there was no answer, or none that could be read. */
  readonly status: number;
  /** -1: not said. */
  readonly retryAfterMs: number;
  readonly body: string;
  /** Where there was no answer. */
  readonly why: string;
}

export type OnPosted = (result: PostResult) => void;

const HTTP_PORT = 80;
const TRACES_PATH = '/v1/traces';
const RETRY_AFTER = Buffer.from('retry-after');
const SECONDS = /^\d{1,6}$/;

/** Throws, saying what to write instead: a URL that can't be used is refused at the start. */
export function readCollectorUrl(text: string): URL {
  if (!URL.canParse(text)) {
    throw new Error(`a collector is named by a URL such as http://127.0.0.1:4318, not ${text}`);
  }
  const url = new URL(text);
  if (url.protocol !== 'http:') {
    throw new Error(
      `spans are sent over plain http only, not ${url.protocol.slice(0, -1)}: ` +
        'name a collector on this machine or in the mesh, and let it go on from there',
    );
  }
  if (url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new Error("a collector's URL has no user, query or fragment");
  }
  return url;
}

export class CollectorConnection {
  readonly #url: URL;
  readonly #wheel: TimerWheel;
  readonly #requestLine: string;
  readonly #head = new Head();
  readonly #body = new BodyReader();
  readonly #deadline = new WheelTimer(() => {
    this.#fail(`no answer in ${limits.spanAnswerTimeoutMs} ms`);
  });
  #socket: Socket | null = null;
  #onPosted: OnPosted | null = null;
  #isInBody = false;
  #interims = 0;
  #received = '';
  #isHeld = false;

  /** `url` from `readCollectorUrl`. */
  constructor(url: URL, wheel: TimerWheel) {
    this.#url = url;
    this.#wheel = wheel;
    this.#requestLine =
      `POST ${url.pathname.replace(/\/+$/, '')}${TRACES_PATH} HTTP/1.1\r\nhost: ${url.host}\r\n` +
      'content-type: application/json\r\ncontent-length: ';
  }

  /** Calls back once, later; not to be called again before that. */
  post(json: Buffer, onPosted: OnPosted): void {
    this.#onPosted = onPosted;
    this.#interims = 0;
    this.#beginHead();
    this.#wheel.arm(this.#deadline, limits.spanAnswerTimeoutMs);
    const socket = this.#socket ?? this.#dial();
    socket.cork();
    socket.write(`${this.#requestLine}${json.length}\r\n\r\n`, 'latin1');
    socket.write(json);
    socket.uncork();
  }

  /** From now on the process lives while this is connected: it is about to end. */
  hold(): void {
    this.#isHeld = true;
    this.#socket?.ref();
  }

  /** What is under way is never reported. */
  close(): void {
    this.#onPosted = null;
    this.#wheel.cancel(this.#deadline);
    this.#disconnect();
  }

  #dial(): Socket {
    const { hostname, port } = this.#url;
    const socket = connect({
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? HTTP_PORT : Number(port),
      noDelay: true,
    });
    if (!this.#isHeld) socket.unref();
    this.#socket = socket;
    // Events of a socket that was given up are nobody's.
    socket.on('error', (error) => {
      if (socket === this.#socket) this.#fail(error.message);
    });
    socket.on('data', (chunk: Buffer) => {
      if (socket === this.#socket) this.#receive(chunk);
    });
    const onEnd = () => {
      if (socket === this.#socket) this.#onEnd();
    };
    socket.on('end', onEnd);
    socket.on('close', onEnd);
    return socket;
  }

  #onEnd(): void {
    if (this.#isInBody && this.#body.endsWithConnection()) this.#answer();
    else this.#fail('it closed the connection');
  }

  #receive(chunk: Buffer): void {
    if (this.#onPosted === null)
      this.#disconnect(); // Nobody asked.
    else if (this.#isInBody) this.#readBody(chunk);
    else this.#readHead(chunk);
  }

  #beginHead(): void {
    this.#head.reset();
    this.#isInBody = false;
    this.#received = '';
  }

  #readHead(chunk: Buffer): void {
    const head = this.#head;
    if (!head.collect(chunk, 0, chunk.length)) return this.#fail('its answer is too long');
    const outcome = parseResponseHead(head, head.slab, 0, head.filled);
    if (outcome === PARSE_INCOMPLETE) return;
    if (outcome !== PARSE_OK || head.status === 101) return this.#fail('its answer is not HTTP');
    const rest = Buffer.from(head.slab.subarray(head.length, head.filled));
    if (head.status < 200) {
      if (++this.#interims > limits.interimAnswersMax) return this.#fail('it never answers');
      this.#beginHead();
      if (rest.length > 0) this.#readHead(rest);
      return;
    }
    this.#isInBody = true;
    this.#body.begin(responseBody(head, METHOD.POST), head.contentLength);
    this.#readBody(rest);
  }

  #readBody(bytes: Buffer): void {
    const body = this.#body;
    body.read(bytes, 0, bytes.length);
    if (body.isRefused) return this.#fail('its answer is not HTTP');
    this.#received += bytes.toString('latin1', body.dataStart, body.dataEnd);
    const isWhole = body.isDone && body.consumedTo === bytes.length;
    const isTooLong = this.#received.length > limits.spanAnswerBytesMax;
    if (!body.isDone && !isTooLong) return;
    if (!isWhole) this.#disconnect();
    this.#answer();
  }

  #answer(): void {
    const head = this.#head;
    const field = head.find(RETRY_AFTER);
    const asked = field === -1 ? '' : head.valueText(field);
    // What of the batch was not written has no reader: the answer came before it was asked for.
    const isUnread = this.#socket !== null && this.#socket.writableLength > 0;
    // Behind one address there may be several, or for a moment a stranger: the next may be well.
    const isRefusal = head.status > 299 && field === -1;
    const isOver = !head.keepAlive || this.#body.kind === BODY_UNTIL_CLOSE;
    if (isOver || isUnread || isRefusal) this.#disconnect();
    this.#report({
      status: head.status,
      retryAfterMs: SECONDS.test(asked) ? Number(asked) * 1_000 : -1,
      body: Buffer.from(this.#received, 'latin1').toString('utf8'),
      why: '',
    });
  }

  #fail(why: string): void {
    this.#disconnect();
    this.#report({ status: 0, retryAfterMs: -1, body: '', why });
  }

  #report(result: PostResult): void {
    const onPosted = this.#onPosted;
    this.#onPosted = null;
    this.#isInBody = false;
    this.#received = '';
    this.#wheel.cancel(this.#deadline);
    onPosted?.(result);
  }

  #disconnect(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }
}
