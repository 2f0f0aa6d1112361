/**
 * The administrator's way to an API server without kubectl: what it answers, whole.
 *
 * kubectl tells a refusal as text and takes a tenth of a second; tests that ask hundreds of
 * questions want the causes as fields, and the warnings. One connection is kept.
 *
 * Used by the tests of the CRDs and of the webhooks.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ApiServer } from './machine/api-server.ts';

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly namespace?: string };
  readonly spec?: unknown;
}

export interface Cause {
  readonly field: string;
  readonly message: string;
}

export interface Answer {
  readonly status: number;
  /** The object, or the Status that says why not. */
  readonly body: {
    readonly message?: string;
    readonly details?: { readonly causes?: readonly Cause[] };
    readonly [field: string]: unknown;
  };
  /** As kubectl would show them. */
  readonly warnings: readonly string[];
}

const PLURALS: Readonly<Record<string, string>> = {
  TrafficRoute: 'trafficroutes',
  ResiliencePolicy: 'resiliencepolicies',
  MeshConfig: 'meshconfigs',
};
const CLUSTER_KINDS = new Set(['MeshConfig']);

export class AdminClient {
  readonly #server: ApiServer;
  readonly #agent: Agent;

  constructor(server: ApiServer) {
    const pki = dirname(server.caFile);
    const read = (file: string) => readFileSync(join(pki, file));
    const identity = { ca: read('ca.crt'), cert: read('admin.crt'), key: read('admin.key') };
    this.#server = server;
    this.#agent = new Agent({ ...identity, keepAlive: true, maxSockets: 4 });
  }

  /** Creates one of Remora's objects as far as storing it. */
  tryCreate(object: KubeObject): Promise<Answer> {
    return this.ask('POST', `${pathOf(object)}?dryRun=All&fieldValidation=Warn`, object);
  }

  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const asking = request(`${this.#server.url}${path}`, {
      method,
      agent: this.#agent,
      headers: { 'content-type': 'application/json' },
    });
    asking.end(body === undefined ? '' : JSON.stringify(body));
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    const parsed = JSON.parse(await text(response)) as Answer['body'];
    const warnings = (response.headersDistinct['warning'] ?? []).map(warningText);
    return { status: response.statusCode ?? 0, body: parsed, warnings };
  }

  close(): void {
    this.#agent.destroy();
  }
}

function pathOf({ kind, metadata }: KubeObject): string {
  const group = '/apis/remora.dev/v1alpha1';
  const plural = PLURALS[kind];
  if (plural === undefined) throw new Error(`${kind} is no kind of ours`);
  if (CLUSTER_KINDS.has(kind)) return `${group}/${plural}`;
  return `${group}/namespaces/${metadata.namespace ?? 'default'}/${plural}`;
}

/** RFC 9111 §5.5 as it was: `299 - "text"`. */
function warningText(header: string): string {
  const quoted = header.slice(header.indexOf('"'));
  return JSON.parse(quoted) as string;
}
