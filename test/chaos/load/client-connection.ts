/**
 * One client connection: a request at a time, its answer read strictly, its key compared.
 *
 * An answer must be the one that was asked for: its body names the key of its request, as the
 * upstream wrote it. Errors that the proxy answers have a body of their own and are not compared.
 * Bytes that come while nothing was asked are somebody else's answer.
 *
 * Owned by `clients.ts`.
 */
import { connect, type Socket } from 'node:net';
import { ENDS } from './load-order.ts';

const HEAD_MAX = 64 * 1024;
const NO_REQUEST = -1;

export interface ConnectionUser {
  /** `end` is a status or one of ENDS; `reusable`: the connection is idle again. */
  ended(connection: ClientConnection, at: number, end: number, reusable: boolean): void;
  /** It is gone while idle; `end` is `wrong` when it had said something. */
  lost(connection: ClientConnection, end: number): void;
}

export class ClientConnection {
  readonly port: number;
  readonly #user: ConnectionUser;
  readonly #socket: Socket;
  #request = NO_REQUEST;
  #key = 0;
  #text = '';
  #isConnected = false;
  #isOver = false;

  constructor(port: number, user: ConnectionUser) {
    this.port = port;
    this.#user = user;
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.on('connect', () => {
      this.#isConnected = true;
    });
    this.#socket.on('data', (bytes: Buffer) => this.#onBytes(bytes));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => this.#finish(this.#isConnected ? ENDS.cut : ENDS.refused));
  }

  send(at: number, key: number, text: string): void {
    this.#request = at;
    this.#key = key;
    this.#socket.write(text, 'latin1');
  }

  /** The client gives up, and closes. */
  abandon(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  #onBytes(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#text += bytes.toString('latin1');
    if (this.#request === NO_REQUEST) return this.#finish(ENDS.wrong);
    const read = readAnswer(this.#text);
    if (read === 'garbled') return this.#finish(ENDS.garbled);
    if (read === null) return;
    const isOurs = read.status >= 300 || read.body === `key=${this.#key}`;
    if (!isOurs || read.length < this.#text.length) return this.#finish(ENDS.wrong);
    const at = this.#request;
    this.#request = NO_REQUEST;
    this.#text = '';
    if (read.closes) this.abandon();
    this.#user.ended(this, at, read.status, !read.closes);
  }

  #finish(end: number): void {
    if (this.#isOver) return;
    this.abandon();
    const at = this.#request;
    this.#request = NO_REQUEST;
    if (at === NO_REQUEST) this.#user.lost(this, end);
    else this.#user.ended(this, at, end, false);
  }
}

interface ReadAnswer {
  readonly status: number;
  readonly body: string;
  readonly length: number;
  readonly closes: boolean;
}

/** Null: not all of it is there. Framed by Content-Length or as chunks. Exported for its test. */
export function readAnswer(text: string): ReadAnswer | 'garbled' | null {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) {
    const isStart = 'HTTP/1.1 '.startsWith(text.slice(0, 9));
    return isStart && text.length < HEAD_MAX ? null : 'garbled';
  }
  const status = Number(/^HTTP\/1\.1 ([2-5]\d\d) /.exec(text)?.[1] ?? 0);
  if (status === 0) return 'garbled';
  const head = text.slice(0, end + 2);
  const closes = /\r\nconnection:[ \t]*close/i.test(head);
  const from = end + 4;
  const length = /\r\ncontent-length:[ \t]*(\d+)/i.exec(head)?.[1];
  if (length !== undefined) {
    const until = from + Number(length);
    if (text.length < until) return null;
    return { status, body: text.slice(from, until), length: until, closes };
  }
  if (!/\r\ntransfer-encoding:[ \t]*chunked/i.test(head)) return 'garbled';
  return readChunks(text, from, status, closes);
}

function readChunks(
  text: string,
  from: number,
  status: number,
  closes: boolean,
): ReadAnswer | 'garbled' | null {
  let body = '';
  let at = from;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd === -1) return null;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (Number.isNaN(size)) return 'garbled';
    const next = lineEnd + 2 + size + 2;
    if (text.length < next) return null;
    if (size === 0) return { status, body, length: next, closes };
    body += text.slice(lineEnd + 2, next - 2);
    at = next;
  }
}
