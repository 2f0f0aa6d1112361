/**
 * A stage for duplicates: one inbound proxy whose rules collapse them, and an application that
 * counts what it executes and answers with the count, so that an answer tells its execution.
 *
 * Rules of `/pay` keep answers for a minute, those of `/short` for `SHORT_KEEP_MS`, and all else is
 * not collapsed. Each test begins with a key of its own, since answers are kept.
 */
import assert from 'node:assert/strict';
import { inboundDefaults } from '@remora/api/resilience-defaults.ts';
import type { InboundConfig } from '@remora/api/wire-resilience.ts';
import { ControlStub } from './control-stub.ts';
import { fieldValue } from './message-reader.ts';
import { type Answer, type Origin, type OriginRequest, response, startOrigin } from './origin.ts';
import { type RunningProxy, startProxy } from './processes.ts';
import { askOnce, connectRaw, type RawClient, type Response } from './raw-client.ts';
import { until } from './waiting.ts';

export const SHORT_KEEP_MS = 300;

export interface KeyedRequest {
  readonly method?: string;
  readonly path?: string;
  readonly version?: string;
  readonly body?: string;
  readonly fields?: Readonly<Record<string, string>>;
}

const anything = { method: null, headers: [], query: [], source: null };
const inbound: InboundConfig = {
  ...inboundDefaults,
  matches: [
    { ...anything, rule: 0, path: { type: 'prefix', value: '/pay' } },
    { ...anything, rule: 1, path: { type: 'prefix', value: '/short' } },
  ],
  rules: [
    { id: 'shop/pay/0', priority: 'default', duplicates: { keepMs: 60_000 } },
    { id: 'shop/pay/1', priority: 'default', duplicates: { keepMs: SHORT_KEEP_MS } },
  ],
};

export class KeyedHop {
  readonly control: ControlStub;
  readonly app: Origin;
  readonly proxy: RunningProxy;
  #keys = 0;

  constructor(control: ControlStub, app: Origin, proxy: RunningProxy) {
    this.control = control;
    this.app = app;
    this.proxy = proxy;
  }

  /** Before each test. */
  reset(): void {
    this.app.reset();
    this.app.answer = this.sayWhich;
    this.#keys++;
  }

  readonly sayWhich = ({ connection }: OriginRequest): void => {
    const body = `no. ${this.app.requests.length}`;
    connection.send(response({ fields: { 'x-kind': 'paid' }, body }));
  };

  /** Answers wait until the function it gives is called. */
  holdAnswers(answer: Answer = this.sayWhich): () => void {
    const held = Promise.withResolvers<void>();
    this.app.answer = async (request) => {
      await held.promise;
      await answer(request);
    };
    return held.resolve;
  }

  request(parts: KeyedRequest = {}): string {
    const { method = 'POST', path = '/pay', version = '1.1', body = 'ten euros', fields } = parts;
    const length = String(body.length);
    const given = { 'idempotency-key': this.#key, 'content-length': length, ...fields };
    const lines = Object.entries(given).map(([name, value]) => `${name}: ${value}\r\n`);
    return `${method} ${path} HTTP/${version}\r\nhost: app\r\n${lines.join('')}\r\n${body}`;
  }

  /** `fields`: whole lines. */
  chunkedHead(fields = ''): string {
    const own = `idempotency-key: ${this.#key}\r\ntransfer-encoding: chunked\r\n${fields}`;
    return `POST /pay HTTP/1.1\r\nhost: app\r\n${own}\r\n`;
  }

  async connect(): Promise<RawClient> {
    return await connectRaw(this.proxy.inbound);
  }

  /** On a connection of its own. */
  async ask(parts: KeyedRequest = {}): Promise<Response> {
    return await askOnce(this.proxy.inbound, this.request(parts));
  }

  /** Each on a connection of its own. */
  async send(count: number, parts: KeyedRequest = {}): Promise<RawClient[]> {
    const opening = Array.from({ length: count }, async () => await this.connect());
    const clients = await Promise.all(opening);
    for (const client of clients) client.send(this.request(parts));
    return clients;
  }

  /** How many requests ended like this. */
  async counted(end: string): Promise<number> {
    const line = new RegExp(`^remora_duplicates_total\\{end="${end}"\\} (\\d+)$`, 'm');
    return Number(line.exec(await this.#metrics())?.[1]);
  }

  async inFlight(count: number): Promise<void> {
    const line = `remora_exchanges_in_flight ${count}\n`;
    const isSo = async (): Promise<boolean> => (await this.#metrics()).includes(line);
    await until(isSo, `${count} requests in flight`);
  }

  async close(): Promise<void> {
    await this.proxy.stop();
    await this.app.close();
    await this.control.close();
  }

  get #key(): string {
    return `key-${this.#keys}`;
  }

  async #metrics(): Promise<string> {
    const { body } = await askOnce(this.proxy.metrics, 'GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n');
    return String(body);
  }
}

export async function startKeyedHop(): Promise<KeyedHop> {
  const control = new ControlStub();
  await control.listen();
  const version = control.putInbound(inbound);
  const app = await startOrigin();
  const proxy = await startProxy({ control: control.url, app: app.address });
  assert.equal((await control.answered(version)).type, 'applied');
  return new KeyedHop(control, app, proxy);
}

export function isReplayed({ fields }: Response): boolean {
  return fieldValue(fields, 'x-remora-replayed') === '1';
}
