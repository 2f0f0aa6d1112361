/**
 * A few requests to itself before the first real one.
 *
 * What has never run is compiled when it first does: the first request to a new sidecar took 17 ms,
 * and what came meanwhile waited behind it. So a second proxy is started beside the one to come, of
 * the same code, with one Service and one application, all on free loopback ports. Requests with
 * and without a body pass through both of its roles, and it ends. They are too few for the
 * optimizing compiler, whose pages would cost an idle sidecar 7 MB.
 * docs/decisions/0014-warm-up.md has the figures.
 *
 * Not pure: sockets, time. Bounds: `warmUpRounds`, `warmUpMsMax`. Called by `main.ts`.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { addressOf, type ProxyOptions } from './flags.ts';
import * as limits from './limits.ts';
import { WARM_UP, warmUpDestination } from './warm-up-destination.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

const BODY = 'x'.repeat(250);
const GET = `GET /items/7?from=here HTTP/1.1\r\nhost: ${WARM_UP}.${WARM_UP}\r\n`;
const POST = `POST /items HTTP/1.1\r\nhost: ${WARM_UP}.${WARM_UP}\r\n`;
const REQUESTS = [
  `${GET}user-agent: remora\r\naccept: */*\r\n\r\n`,
  `${POST}user-agent: remora\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
];
const ANSWER = `HTTP/1.1 200 OK\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;
const CHUNKS = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
const CHUNKED = `HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n${CHUNKS}`;

/** The proxy that is warmed up with. */
interface SpareProxy {
  readonly addresses: Readonly<Record<string, string>>;
  end(): void;
}

export interface WarmUp {
  readonly tookMs: number;
  /** Null when all was served; else the proxy's first requests take longer, and this is why. */
  readonly missed: string | null;
}

/** `start`: starts a proxy. `options`: of the one to come, whose access log this one has too. */
export async function warmUp(
  options: ProxyOptions,
  start: (options: ProxyOptions) => Promise<SpareProxy>,
): Promise<WarmUp> {
  const startedAtMs = performance.now();
  const missed = await perform(options, start);
  return { tookMs: Math.round(performance.now() - startedAtMs), missed };
}

async function perform(
  options: ProxyOptions,
  start: (options: ProxyOptions) => Promise<SpareProxy>,
): Promise<string | null> {
  const sockets = new Set<Socket>();
  const app = application(sockets);
  let proxy: SpareProxy | null = null;
  const timer = setTimeout(() => destroyAll(sockets), limits.warmUpMsMax);
  try {
    app.listen(LOOPBACK);
    await once(app, 'listening');
    proxy = await start(stage(options, (app.address() as AddressInfo).port));
    await play(proxy, sockets);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
    destroyAll(sockets);
    app.close();
    proxy?.end(); // Takes its time, which nobody waits for.
  }
}

function destroyAll(sockets: ReadonlySet<Socket>): void {
  for (const socket of sockets) socket.destroy();
}

function stage(options: ProxyOptions, port: number): ProxyOptions {
  return {
    ...options,
    identity: { name: WARM_UP, namespace: WARM_UP, workload: WARM_UP },
    outbound: LOOPBACK,
    inbound: LOOPBACK,
    app: { ...LOOPBACK, port },
    destinations: [warmUpDestination(port)],
    ...{ intercept: false, front: null, admin: null, metrics: null, appMetrics: null },
    ...{ control: null, snapshot: null, lastGood: null, traces: null },
  };
}

/** Answers each request when it is whole, in the two ways that answers have an end. */
function application(sockets: Set<Socket>): Server {
  return createServer({ noDelay: true }, (socket) => {
    let request = '';
    readText(socket, sockets, (part) => {
      request += part;
      const hasBody = request.startsWith('POST');
      if (!request.endsWith(hasBody ? BODY : '\r\n\r\n')) return;
      request = '';
      socket.write(hasBody ? CHUNKED : ANSWER);
    });
  });
}

/** On connections that are kept, as those of applications and other sidecars are. */
async function play({ addresses }: SpareProxy, sockets: Set<Socket>): Promise<void> {
  const clients = [addresses['outbound']!, addresses['inbound']!].map((address) => {
    const { host, port } = addressOf('warm-up', address);
    return new Client(connect({ host, port, noDelay: true }), sockets);
  });
  for (let round = 0; round < limits.warmUpRounds; round++) {
    for (const client of clients) await client.ask(REQUESTS[round % REQUESTS.length]!);
  }
}

const UNANSWERED = `not answered within ${limits.warmUpMsMax} ms, or the connection ended`;

class Client {
  readonly #socket: Socket;
  #answer = '';
  /** For the answer to what was asked last. */
  #waiting: PromiseWithResolvers<void> | null = null;

  constructor(socket: Socket, sockets: Set<Socket>) {
    this.#socket = socket;
    readText(socket, sockets, (part) => {
      this.#answer += part;
      if (this.#answer.includes(BODY)) this.#waiting?.resolve();
    });
    socket.on('close', () => this.#waiting?.reject(new Error(UNANSWERED)));
  }

  /** Rejects where the connection ends before the body of an answer has come. */
  async ask(request: string): Promise<void> {
    this.#answer = '';
    this.#waiting = Promise.withResolvers();
    this.#socket.write(request);
    await this.#waiting.promise;
  }
}

/** Errors are followed by a close, which is what counts. */
function readText(socket: Socket, sockets: Set<Socket>, onText: (part: string) => void): void {
  sockets.add(socket);
  socket.setEncoding('latin1');
  socket.on('error', () => undefined);
  socket.on('data', onText);
}
