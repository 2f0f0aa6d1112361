/**
 * Brings a cluster to what a release wants, by server-side apply: installing, upgrading and doing
 * it again are the same. What another version had and this one has no more is taken away.
 *
 * The webhooks come last, and where it is waited for at all, only when the control plane answers:
 * an installation that fails half way then holds up nobody's pods. Edits by hand of what the values
 * say are overwritten; what the values do not speak of stays.
 *
 * Asks the API server. Called by `cli/install.ts`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeClient } from '../kube/client.ts';
import type { KubeObject } from '../kube/kube-object.ts';
import {
  customResourceDefinitions,
  mutatingWebhookConfigurations,
  namespaces,
  validatingWebhookConfigurations,
} from '../kube/resource.ts';
import { type Installed, keyOf, resourceOf, wordOf } from './installed.ts';
import type { Manifest } from './names.ts';
import { untrustedWebhooks, whyNotAvailable } from './rollout.ts';

const FIELD_MANAGER = 'remora-install';
const POLL_MS = 500;
const WEBHOOK_KINDS = new Set([
  mutatingWebhookConfigurations.kind,
  validatingWebhookConfigurations.kind,
]);

interface Definition extends KubeObject {
  readonly status?: { readonly conditions?: readonly { type: string; status: string }[] };
}

export interface ApplyPlan {
  readonly namespace: Manifest;
  /** The CRDs, then the release's own objects. */
  readonly objects: readonly Manifest[];
  /** What the cluster has of Remora. */
  readonly before: readonly Installed[];
  readonly keepCrds: boolean;
  /** 0: it is not waited for. */
  readonly waitMs: number;
  /** One line for each object, and for what is waited for. */
  readonly tell: (line: string) => void;
}

/** Its failures are sentences: of the API server, or why the control plane does not come up. */
export async function applyRelease(client: KubeClient, plan: ApplyPlan): Promise<void> {
  const run = new Run(client, plan);
  await run.namespace();
  for (const object of plan.objects.filter(({ kind }) => !WEBHOOK_KINDS.has(kind))) {
    await run.apply(object);
  }
  if (plan.waitMs > 0) {
    await run.established();
    await run.available();
  }
  for (const object of plan.objects.filter(({ kind }) => WEBHOOK_KINDS.has(kind))) {
    await run.apply(object);
  }
  await run.removeOthers();
  if (plan.waitMs > 0) await run.trusted();
}

class Run {
  readonly #client: KubeClient;
  readonly #plan: ApplyPlan;
  readonly #before: ReadonlyMap<string, Installed>;
  readonly #applied = new Set<string>();
  readonly #endsAtMs: number;

  constructor(client: KubeClient, plan: ApplyPlan) {
    this.#client = client;
    this.#plan = plan;
    this.#before = new Map(plan.before.map((each) => [keyOf(each), each]));
    this.#endsAtMs = performance.now() + plan.waitMs;
  }

  /** One that somebody made is theirs, and is left as it is. */
  async namespace(): Promise<void> {
    const { namespace } = this.#plan;
    const { name } = namespace.metadata;
    const isOurs = this.#before.has(keyOf({ resource: namespaces, object: namespace }));
    if (!isOurs && (await this.#client.get(namespaces, { name })) !== null) return;
    await this.apply(namespace);
  }

  async apply(object: Manifest): Promise<void> {
    const resource = resourceOf(object);
    const key = keyOf({ resource, object });
    const options = { fieldManager: FIELD_MANAGER, force: true };
    const { metadata } = await this.#client.apply(resource, object as KubeObject, options);
    const was = this.#before.get(key)?.object.metadata;
    const isSame = was?.resourceVersion === metadata.resourceVersion;
    this.#applied.add(key);
    const what = was === undefined ? 'created' : isSame ? 'unchanged' : 'changed';
    this.#plan.tell(`${wordOf(object)} ${what}`);
  }

  /** Kinds that nobody can be asked about yet would fail the control plane's first list. */
  async established(): Promise<void> {
    for (const { kind, metadata } of this.#plan.objects) {
      if (kind !== customResourceDefinitions.kind) continue;
      await this.#until(async () => {
        const found = await this.#client.get<Definition>(customResourceDefinitions, metadata);
        const conditions = found?.status?.conditions ?? [];
        const isThere = conditions.some(({ type, status }) => {
          return type === 'Established' && status === 'True';
        });
        return isThere ? null : `CustomResourceDefinition ${metadata.name} is not established`;
      });
    }
  }

  async available(): Promise<void> {
    const namespace = this.#plan.namespace.metadata.name;
    this.#plan.tell('waiting for the control plane');
    await this.#until(() => whyNotAvailable(this.#client, namespace));
  }

  async trusted(): Promise<void> {
    await this.#until(async () => {
      const untrusted = await untrustedWebhooks(this.#client);
      if (untrusted.length === 0) return null;
      return `The leader has not written its certificate into ${untrusted.join(', ')}`;
    });
  }

  /** Of another version, or of a value that was another. */
  async removeOthers(): Promise<void> {
    for (const [key, { resource, object }] of this.#before) {
      if (this.#applied.has(key) || resource === namespaces) continue;
      if (resource === customResourceDefinitions && this.#plan.keepCrds) continue;
      const { uid } = object.metadata;
      const preconditions = uid === undefined ? {} : { uid };
      await this.#client.delete(resource, object.metadata, { preconditions });
      this.#plan.tell(`${wordOf(object)} removed`);
    }
  }

  /** `look`: null when it holds, else why not yet. */
  async #until(look: () => Promise<string | null>): Promise<void> {
    for (;;) {
      const why = await look();
      if (why === null) return;
      if (performance.now() > this.#endsAtMs) {
        throw new Error(`${why}, after ${Math.round(this.#plan.waitMs / 1_000)} s`);
      }
      await sleep(POLL_MS);
    }
  }
}
