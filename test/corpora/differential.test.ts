/**
 * Two other parsers, Node's strict llhttp and `http-parser-js`, read what we accept: the same
 * requests with the same ends. Where they refuse what we accept, the reason is listed.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { HTTPParser } from 'http-parser-js';
import { framingCases } from './essential-framing.ts';
import { headCases } from './essential-heads.ts';
import { relayRequests } from './pipeline.ts';
import { requests } from './requests-arbitrary.ts';
import { corpusCases } from './shared-corpora.ts';
import { type Message, readRequests } from './strict-grammar.ts';

/** What all readers must agree on. */
interface Heard {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly string[];
  readonly body: string;
}

/** Methods that llhttp and http-parser-js do not know: they have a list, we take any token. */
const KNOWN_METHOD =
  /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|PROPFIND|REPORT|PURGE|LINK|UNLINK)$/;
/** llhttp refuses raw bytes over 0x7f in a target; Envoy, nginx and we pass them on. */
const OBS_TEXT = /[\x80-\xff]/;

function ofJudge(message: Message): Heard {
  return {
    method: message.method,
    target: message.target,
    fields: message.fields.map(([name, value]) => `${name}: ${value}`),
    body: message.body,
  };
}

function pairs(raw: readonly string[]): string[] {
  const lines: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    lines.push(`${raw[i]!.toLowerCase()}: ${raw[i + 1]!.replace(/[ \t]+$/, '')}`);
  }
  return lines;
}

/** What http-parser-js makes of the bytes; its error ends the list. */
function heardByJsParser(bytes: Buffer): { heard: Heard[]; error: string | null } {
  const parser = new HTTPParser(HTTPParser.REQUEST);
  const heard: Heard[] = [];
  let current: { method: string; target: string; fields: string[]; body: string } | null = null;
  parser[HTTPParser.kOnHeadersComplete] = (info) => {
    const method = HTTPParser.methods[info.method] ?? '';
    current = { method, target: info.url, fields: pairs(info.headers), body: '' };
  };
  parser[HTTPParser.kOnBody] = (chunk, offset, length) => {
    if (current !== null) current.body += chunk.toString('latin1', offset, offset + length);
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    if (current !== null) heard.push(current);
    current = null;
  };
  const result = parser.execute(bytes, 0, bytes.length);
  return { heard, error: result instanceof Error ? result.message : null };
}

/** http-parser-js takes `chunked` alone, and reads other codings as no body. */
function isCoded(message: Message): boolean {
  return message.fields.some(([name, value]) => {
    return name === 'transfer-encoding' && value !== 'chunked';
  });
}

/** http-parser-js reads heads as ASCII and drops the high bit. */
function inSevenBits(heard: Heard): Heard {
  const low = (text: string): string => Buffer.from(text, 'latin1').toString('ascii');
  return { ...heard, target: low(heard.target), fields: heard.fields.map(low) };
}

class LlhttpServer {
  readonly server: Server;
  #heard: Heard[] = [];
  #socket: unknown = null;
  #done: () => void = () => {};
  #wanted = 0;

  constructor() {
    this.server = createServer(
      { insecureHTTPParser: false, maxHeaderSize: 65_536 },
      (message, answer) => this.#record(message, answer),
    );
    this.server.on('checkContinue', (message, answer) => this.#record(message, answer));
    this.server.on('connection', (socket) => {
      this.#socket = socket;
    });
    this.server.on('clientError', (_error, socket) => {
      socket.destroy();
      if (socket === this.#socket) this.#done();
    });
  }

  async #record(message: IncomingMessage, answer: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    message.on('data', (part: Buffer) => parts.push(part));
    await once(message, 'end');
    if (message.socket !== this.#socket) return; // Of an earlier case.
    this.#heard.push({
      method: message.method ?? '',
      target: message.url ?? '',
      fields: pairs(message.rawHeaders),
      body: Buffer.concat(parts).toString('latin1'),
    });
    answer.end();
    if (this.#heard.length >= this.#wanted) this.#done();
  }

  async hear(bytes: Buffer, wanted: number): Promise<Heard[]> {
    this.#heard = [];
    this.#socket = null;
    this.#wanted = wanted;
    const { port } = this.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    const over = new Promise<void>((resolve) => {
      this.#done = resolve;
    });
    socket.write(bytes);
    await over;
    socket.destroy();
    return this.#heard;
  }
}

/** The canonical bytes of what was accepted whole, and what the judge read in them. */
function accepted(bytes: Buffer): { sent: Buffer; messages: Message[] } {
  const { sent } = relayRequests(bytes);
  const messages: Message[] = [];
  for (const message of readRequests(sent).messages) {
    const upgrades = message.fields.some(([name]) => name === 'upgrade');
    // Behind `connection: close` llhttp reads on only to refuse; an upgrade ends the parsing.
    if (upgrades || !KNOWN_METHOD.test(message.method) || OBS_TEXT.test(message.target)) break;
    messages.push(message);
    if (message.fields.some(([name, value]) => name === 'connection' && value === 'close')) break;
  }
  return { sent: sent.subarray(0, messages.at(-1)?.end ?? 0), messages };
}

const cases = [
  ...[...framingCases, ...headCases].map(({ name, raw }) => ({
    id: name,
    bytes: Buffer.from(raw, 'latin1'),
  })),
  ...corpusCases(['request', 'conn']),
];

describe('what we accept', () => {
  const llhttp = new LlhttpServer();
  before(async () => {
    llhttp.server.listen(0, '127.0.0.1');
    await once(llhttp.server, 'listening');
  });
  after(() => llhttp.server.close());

  test('llhttp reads as the same requests', async () => {
    let compared = 0;
    for (const { id, bytes } of cases) {
      const { sent, messages } = accepted(bytes);
      if (messages.length === 0) continue;
      assert.deepEqual(await llhttp.hear(sent, messages.length), messages.map(ofJudge), id);
      compared++;
    }
    assert.ok(compared >= 50, String(compared));
  });

  test('http-parser-js reads as the same requests', () => {
    for (const { id, bytes } of cases) {
      const { sent, messages } = accepted(bytes);
      if (messages.length === 0 || messages.some(isCoded)) continue;
      const { heard, error } = heardByJsParser(sent);
      assert.equal(error, null, id);
      assert.deepEqual(heard.map(inSevenBits), messages.map(ofJudge).map(inSevenBits), id);
    }
  });

  test('property: as the client sent it, both find the same ends', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (bytes) => {
        const { messages } = accepted(bytes);
        const ends = messages.map(({ method, body }) => `${method} ${body}`);
        const ours = (heard: Heard[]): string[] =>
          heard.map(({ method, body }) => `${method} ${body}`);
        assert.deepEqual(ours(await llhttp.hear(bytes, messages.length)), ends);
        assert.deepEqual(ours(heardByJsParser(bytes).heard), ends);
      }),
      { numRuns: 100 },
    );
  });
});
