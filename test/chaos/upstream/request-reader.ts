/**
 * Reads the requests of one connection, for upstream servers that share no code with the proxy.
 *
 * Bodies have a Content-Length: what the load sends has one, and a proxy that frames it anew as
 * chunks is understood too. Anything else throws. Pure. Owned by one connection.
 */

export interface ReadRequest {
  readonly method: string;
  readonly path: string;
  /** Of `x-key`; -1 when there is none. */
  readonly key: number;
  readonly fields: string;
}

const HEAD_MAX = 128 * 1024;

export class RequestReader {
  #text = '';
  #bodyLeft = 0;
  #isChunked = false;
  #open: ReadRequest | null = null;

  /** Takes bytes off the wire; the requests that ended with them. */
  feed(bytes: Buffer): readonly ReadRequest[] {
    this.#text += bytes.toString('latin1');
    const ended: ReadRequest[] = [];
    for (;;) {
      if (this.#open === null && !this.#readHead()) break;
      if (!this.#skipBody()) break;
      ended.push(this.#open!);
      this.#open = null;
    }
    return ended;
  }

  #readHead(): boolean {
    const end = this.#text.indexOf('\r\n\r\n');
    if (end === -1) {
      if (this.#text.length > HEAD_MAX) throw new Error('a request head without an end');
      return false;
    }
    const head = this.#text.slice(0, end + 2);
    this.#text = this.#text.slice(end + 4);
    const [, method = '', path = ''] = /^([A-Z]+) (\S+) HTTP\/1\.1\r\n/.exec(head) ?? [];
    if (method === '') throw new Error(`a request line ${JSON.stringify(head.slice(0, 80))}`);
    const key = Number(/\r\nx-key:[ \t]*(\d+)/i.exec(head)?.[1] ?? -1);
    this.#bodyLeft = Number(/\r\ncontent-length:[ \t]*(\d+)/i.exec(head)?.[1] ?? 0);
    this.#isChunked = /\r\ntransfer-encoding:[ \t]*chunked/i.test(head);
    this.#open = { method, path, key, fields: head };
    return true;
  }

  #skipBody(): boolean {
    if (this.#isChunked) {
      const end = /(^|\r\n)0\r\n\r\n/.exec(this.#text);
      if (end === null) return false;
      this.#text = this.#text.slice(end.index + end[0].length);
      return true;
    }
    const taken = Math.min(this.#bodyLeft, this.#text.length);
    this.#bodyLeft -= taken;
    this.#text = this.#text.slice(taken);
    return this.#bodyLeft === 0;
  }
}
