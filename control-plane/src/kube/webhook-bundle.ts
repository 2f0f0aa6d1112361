/**
 * Writes the authority's certificate into the webhook configurations, and again where somebody took
 * it out: without it the API server trusts no answer of ours, and pods of opted-in namespaces wait.
 *
 * Looked at every few seconds and not watched: two small objects by name, on the leader alone.
 *
 * Not pure: a timer. Made by `leadership.ts`.
 */
import * as limits from '../limits.ts';
import type { Log } from '../log.ts';
import type { KubeClient } from './client.ts';
import type { KubeObject } from './kube-object.ts';
import {
  mutatingWebhookConfigurations,
  type Resource,
  validatingWebhookConfigurations,
} from './resource.ts';

interface Configuration extends KubeObject {
  readonly webhooks?: readonly {
    readonly name: string;
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}

export class WebhookBundle {
  readonly #client: KubeClient;
  readonly #name: string;
  readonly #bundle: string;
  readonly #log: Log;
  #timer: NodeJS.Timeout | null = null;

  /** `name`: of both configurations. */
  constructor(client: KubeClient, name: string, certificatePem: string, log: Log) {
    this.#client = client;
    this.#name = name;
    this.#bundle = Buffer.from(certificatePem).toString('base64');
    this.#log = log;
  }

  start(): void {
    void this.#look();
    this.#timer = setInterval(() => void this.#look(), limits.webhookLookMs);
    this.#timer.unref();
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  async #look(): Promise<void> {
    for (const resource of [mutatingWebhookConfigurations, validatingWebhookConfigurations]) {
      try {
        await this.#mend(resource);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        this.#log.warn({ webhooks: resource.kind }, why);
      }
    }
  }

  async #mend(resource: Resource): Promise<void> {
    const found = await this.#client.get<Configuration>(resource, { name: this.#name });
    const webhooks = found?.webhooks ?? [];
    const patch = webhooks.flatMap(({ name, clientConfig }, index) => {
      if (clientConfig.caBundle === this.#bundle) return [];
      const path = `/webhooks/${index}`;
      return [
        // Somebody may have reordered them since they were read.
        { op: 'test', path: `${path}/name`, value: name },
        { op: 'add', path: `${path}/clientConfig/caBundle`, value: this.#bundle },
      ];
    });
    if (patch.length === 0) return;
    await this.#client.patch(resource, { name: this.#name }, patch, { type: 'json' });
    this.#log.info({ webhooks: resource.kind, name: this.#name }, 'trusted by the API server');
  }
}
