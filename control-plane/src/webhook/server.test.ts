import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { after, before, beforeEach, describe, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { type Authority, createAuthority, issueServing } from '../identity/authority.ts';
import * as limits from '../limits.ts';
import { silentLog } from '../log.ts';
import type { Admit } from './admission.ts';
import { type Judged, type ServedCertificate, WebhookServer } from './server.ts';

type Pair = ReturnType<ServedCertificate['current']>;

class Certificate implements ServedCertificate {
  pair: Pair;
  readonly #listeners: ((pair: Pair) => void)[] = [];
  constructor(pair: Pair) {
    this.pair = pair;
  }
  current(): Pair {
    return this.pair;
  }
  onReplaced(listener: (pair: Pair) => void): void {
    this.#listeners.push(listener);
  }
  replace(pair: Pair): void {
    this.pair = pair;
    for (const listener of this.#listeners) listener(pair);
  }
}

let authority: Authority;
let certificate: Certificate;
let server: WebhookServer;
let port = 0;
let judged: Judged[] = [];
const logged: object[] = [];
const open: (() => void)[] = [];

const handlers: Record<string, Admit> = {
  '/validate': ({ name }) =>
    name === 'bad' ? { allowed: false, message: 'no' } : { allowed: true },
  '/throws': () => {
    throw new Error('a bug');
  },
  '/waits': () => new Promise((resolve) => open.push(() => resolve({ allowed: true }))),
};

before(async () => {
  const nowMs = Date.now();
  authority = await createAuthority(nowMs);
  certificate = new Certificate(await issueServing(authority, ['127.0.0.1'], nowMs));
  const log = { ...silentLog, warn: (fields: object) => void logged.push(fields) };
  const listen = { host: '127.0.0.1', port: 0 };
  const onJudged = (each: Judged) => void judged.push(each);
  server = new WebhookServer({ listen, certificate, handlers, log, onJudged });
  ({ port } = await server.listen());
});
after(() => server.close());
beforeEach(() => {
  judged = [];
});

function review(name: string): string {
  const kind = { group: 'remora.dev', version: 'v1alpha1', kind: 'TrafficRoute' };
  const request = { uid: 'u-1', kind, name, namespace: 'shop', operation: 'CREATE', object: {} };
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
}

interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly type?: string;
  readonly agent?: Agent;
}

function post({ path = '/validate', method = 'POST', type = 'application/json', agent }: Sent) {
  return httpsRequest({
    host: '127.0.0.1',
    port,
    path,
    method,
    ca: authority.certificatePem,
    headers: { 'content-type': type },
    ...(agent !== undefined && { agent }),
  });
}

async function answered(request: ClientRequest): Promise<{ status: number; text: string }> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode ?? 0, text };
}

function sent(body: string | Buffer, how: Sent = {}) {
  const request = post(how);
  request.end(body);
  return answered(request);
}

describe('the webhook server', () => {
  test('answers a review by its path, whatever timeout the API server puts behind it', async () => {
    const { status, text } = await sent(review('good'), { path: '/validate?timeout=5s' });
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(text).response, { uid: 'u-1', allowed: true });
    assert.deepEqual(outcomes(), ['/validate allowed 200']);
  });

  test('answers a refusal with 200: it is an answer', async () => {
    const { status, text } = await sent(review('bad'));
    assert.equal(status, 200);
    assert.equal(JSON.parse(text).response.status.message, 'no');
    assert.deepEqual(outcomes(), ['/validate refused 200']);
  });

  const unfit: readonly (readonly [string, number, Sent, string | Buffer, RegExp])[] = [
    ['a path without a handler', 404, { path: '/constructor' }, review('x'), /no webhook/],
    ['GET', 405, { method: 'GET' }, '', /POST/],
    ['YAML', 415, { type: 'application/yaml' }, review('x'), /application\/json/],
    ['no review', 400, {}, '{}', /AdmissionReview/],
    ['bytes that are no text', 400, {}, Buffer.from([0x22, 0xff, 0x22]), /UTF-8/],
    ['a review whose handler fails', 500, { path: '/throws' }, review('x'), /a bug/],
  ];
  for (const [what, wanted, how, body, why] of unfit) {
    test(`answers ${what} with ${wanted} and never with allowed`, async () => {
      const { status, text } = await sent(body, how);
      assert.equal(status, wanted);
      assert.match(text, why);
      assert.equal(judged[0]?.outcome, 'failed');
    });
  }

  test('names no path of a stranger in its metrics', async () => {
    await sent(review('x'), { path: '/made-up' });
    assert.equal(judged[0]?.path, 'other');
  });

  test('refuses a body over the bound by what it announces', async () => {
    const request = post({});
    request.setHeader('content-length', limits.reviewBytesMax + 1);
    request.on('error', () => {});
    request.flushHeaders();
    assert.equal((await answered(request)).status, 413);
    request.destroy();
  });

  test('refuses a body over the bound that announced nothing', async () => {
    const request = post({});
    request.on('error', () => {});
    const answer = answered(request);
    const chunk = Buffer.alloc(1024 * 1024, 0x20);
    for (let i = 0; i <= limits.reviewBytesMax / chunk.length; i++) request.write(chunk);
    assert.equal((await answer).status, 413);
    request.destroy();
  });

  test('forgets a review whose sender left in the middle', async () => {
    const request = post({});
    request.on('error', () => {});
    request.write('{"apiVersion":');
    await once(request, 'socket');
    // Until its beginning has been read, nobody knows of it.
    await new Promise((resolve) => setTimeout(resolve, 500));
    request.destroy();
    while (judged.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual(outcomes(), ['/validate failed 400']);
  });

  test('judges so many at a time, and says 503 beyond', async () => {
    const agent = new Agent({ ca: authority.certificatePem, maxSockets: 100 });
    const many = Array.from({ length: limits.reviewsMax }, () => {
      return sent(review('x'), { path: '/waits', agent });
    });
    while (open.length < limits.reviewsMax) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal((await sent(review('x'), { path: '/waits' })).status, 503);
    for (const answer of open) answer();
    for (const { status } of await Promise.all(many)) assert.equal(status, 200);
    assert.equal((await sent(review('good'))).status, 200);
    agent.destroy();
  });

  test('shows a new certificate to new connections, while those open go on', async () => {
    const agent = new Agent({ ca: authority.certificatePem, keepAlive: true, maxSockets: 1 });
    await sent(review('good'), { agent });
    const first = await shownTo(authority);
    const other = await createAuthority(Date.now());
    certificate.replace(await issueServing(other, ['127.0.0.1'], Date.now()));
    const { status } = await sent(review('good'), { agent });
    assert.equal(status, 200, 'the kept connection was made with the old certificate');
    assert.notEqual(await shownTo(other), first);
    await assert.rejects(shownTo(authority));
    certificate.replace(await issueServing(authority, ['127.0.0.1'], Date.now()));
    agent.destroy();
  });

  test('speaks nothing older than TLS 1.2, and no plain text', async () => {
    const old = {
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    } as const;
    await assert.rejects(shownTo(authority, old));
    const plain = plainRequest({ host: '127.0.0.1', port, method: 'POST', path: '/validate' });
    plain.end(review('good'));
    await assert.rejects(answered(plain));
  });

  test('logs so many failures a second, whoever sends them', async () => {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    logged.length = 0;
    const startedAtMs = performance.now();
    const all = Array.from({ length: 60 }, () => sent('{}'));
    await Promise.all(all);
    const seconds = 1 + Math.ceil((performance.now() - startedAtMs) / 1_000);
    const { length } = logged;
    assert.ok(length > 0 && length <= seconds * limits.reviewLinesPerSecond, `${length} lines`);
  });
});

function outcomes(): string[] {
  return judged.map(({ path, outcome, status }) => `${path} ${outcome} ${status}`);
}

/** The fingerprint of the certificate that a client of this authority is shown. */
async function shownTo({ certificatePem: ca }: Authority, options: object = {}): Promise<string> {
  const socket: TLSSocket = connect({ host: '127.0.0.1', port, ca, ...options });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerX509Certificate()?.fingerprint256 ?? '';
  } finally {
    socket.destroy();
  }
}
