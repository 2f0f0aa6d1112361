/**
 * A real API server takes every pod that injection makes, and keeps every field of it; and it makes
 * the same pod itself, when the webhook answers it with a patch.
 *
 * A field that it does not know is an error (strict validation), and one that a feature gate drops
 * is missed in the answer: both would otherwise show as a sidecar that is not one.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { INJECTED } from '../../api/src/mesh-names.ts';
import { admitPods } from '../../control-plane/src/inject/admit.ts';
import { parseYaml, splitDocuments } from '../../control-plane/src/inject/yaml-text.ts';
import { podPlaces } from '../../control-plane/src/inject/pod-places.ts';
import { type ScratchApiServer, startScratchApiServer } from '../cluster/machine/api-server.ts';
import { skipWithoutApiServer } from '../cluster/machine/places.ts';
import { until } from '../support/waiting.ts';
import { caseFolders, INSTALLATION, readCase } from './injection-case.ts';
import { listenForReviews, type WebhookListener } from './webhook-listener.ts';

/** Workloads of the case, as they came out. */
function workloadsIn(folder: string): object[] {
  const text = readFileSync(join(folder, 'out.yaml'), 'utf8');
  return splitDocuments(text).flatMap((one) => {
    const parsed = parseYaml(one.text);
    if (parsed.is !== 'value') return [];
    const { items = [parsed.value] } = (parsed.value ?? {}) as { readonly items?: unknown[] };
    return items.filter((item) => podPlaces(item).length > 0) as object[];
  });
}

/** The pods that the templates of the case describe, as a controller would make them. */
function podsIn(folder: string, file: 'in.yaml' | 'out.yaml'): object[] {
  const text = readFileSync(join(folder, file), 'utf8');
  return splitDocuments(text).flatMap((one) => {
    const parsed = parseYaml(one.text);
    return podPlaces(parsed.is === 'value' ? parsed.value : null).map(({ pod, workload }) => {
      const { metadata, ...rest } = pod as { readonly metadata?: object };
      const named = { ...(workload !== null && { name: workload }), ...metadata };
      return { apiVersion: 'v1', kind: 'Pod', ...rest, metadata: named };
    });
  });
}

function inNamespace(object: object, namespace: string): object {
  const { metadata } = object as { readonly metadata?: object };
  return { ...object, metadata: { ...metadata, namespace } };
}

interface MountingContainer {
  readonly name: string;
  readonly volumeMounts?: readonly { readonly name: string }[];
}

interface Mounting {
  readonly initContainers: readonly MountingContainer[];
  readonly containers: readonly MountingContainer[];
}

const PLAIN = {
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'plain' } },
  spec: { containers: [{ name: 'app', image: 'app' }] },
};

function webhookConfiguration(clientConfig: object): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'remora' },
    webhooks: [
      {
        name: 'inject.remora.dev',
        clientConfig,
        rules: [
          { apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] },
        ],
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        reinvocationPolicy: 'IfNeeded',
      },
    ],
  };
}

/** Everything that was sent is in what came back; the server adds its defaults, and a volume. */
function assertKept(sent: unknown, kept: unknown, path: string): void {
  if (typeof sent !== 'object' || sent === null) {
    // Quantities come back in their shortest spelling, and each pod is in the test's namespace.
    if (!/\.resources\.|^\.metadata\.namespace$/.test(path)) assert.equal(kept, sent, path);
    return;
  }
  assert.ok(typeof kept === 'object' && kept !== null, `${path} was dropped`);
  if (Array.isArray(sent) && !path.endsWith('.volumes')) {
    assert.deepEqual(namesOf(kept).slice(0, sent.length), namesOf(sent), path);
  }
  const found = Array.isArray(kept) ? byName(kept) : (kept as Readonly<Record<string, unknown>>);
  for (const [name, value] of Object.entries(Array.isArray(sent) ? byName(sent) : sent)) {
    assertKept(value, found[name], `${path}.${name}`);
  }
}

function namesOf(list: object): unknown[] {
  return Object.keys(byName(Object.values(list)));
}

/** Things without a name by their place. */
function byName(list: readonly unknown[]): Record<string, unknown> {
  const named = list.map((item, at) => {
    const name = typeof item === 'object' && item !== null && 'name' in item ? item.name : at;
    return [`(${name})`, item];
  });
  return Object.fromEntries(named);
}

describe('a real API server', { skip: skipWithoutApiServer() }, () => {
  let server: ScratchApiServer;
  let listener: WebhookListener;

  async function created(object: object, namespace: string): Promise<unknown> {
    const create = ['create', '-f', '-', '--dry-run=server', '-o', 'json'];
    return JSON.parse(await server.kubectl(create, JSON.stringify(inNamespace(object, namespace))));
  }

  before(async () => {
    server = await startScratchApiServer('injection');
    await server.createNamespace('shop');
    await server.createNamespace('webhook');
    const modeOf = (namespace: string) => (namespace === 'webhook' ? 'enabled' : null);
    listener = await listenForReviews(
      server.folder,
      admitPods({ installation: () => INSTALLATION, modeOf }),
    );
    const caBundle = readFileSync(server.caFile).toString('base64');
    const webhook = webhookConfiguration({ url: listener.url, caBundle });
    await server.kubectl(['apply', '-f', '-'], JSON.stringify(webhook));
    await until(async () => {
      const kept = JSON.stringify(await created(PLAIN, 'webhook'));
      return kept.includes(INJECTED);
    }, 'the webhook to be called');
  });

  after(async () => {
    await listener?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  for (const each of caseFolders()) {
    const { name } = readCase(each);
    const workloads = workloadsIn(each);
    if (workloads.length === 0) continue; // All of it is refused.
    test(`makes the same pods of ${name} by the webhook's patch`, async () => {
      for (const [at, pod] of podsIn(each, 'in.yaml').entries()) {
        assertKept(podsIn(each, 'out.yaml')[at], await created(pod, 'webhook'), '');
      }
    });

    test(`takes what came out of ${name}, and keeps every field`, async () => {
      for (const sent of workloads) {
        assertKept(sent, await created(sent, 'shop'), '');
      }
    });
  }

  test("gives the application's token for the API to the application alone", async () => {
    const { spec } = (await created(PLAIN, 'webhook')) as { readonly spec: Mounting };
    const mounting = [...spec.initContainers, ...spec.containers]
      .filter(({ volumeMounts = [] }) => volumeMounts.some(({ name }) => /^kube-api/.test(name)))
      .map(({ name }) => name);
    assert.deepEqual(mounting, ['app']);
  });

  test("tells a user why a pod is refused, in the webhook's words", async () => {
    const [pod] = podsIn(join(import.meta.dirname, 'host-network'), 'in.yaml');
    await assert.rejects(
      created(pod!, 'webhook'),
      /remora: spec\.hostNetwork: .*Remove hostNetwork/,
    );
  });

  test('shows a user the warnings', async () => {
    const [pod] = podsIn(join(import.meta.dirname, 'warnings'), 'in.yaml');
    // As an error, since kubectl tells warnings beside an answer.
    const create = ['create', '-f', '-', '--dry-run=server', '--warnings-as-errors'];
    const sent = JSON.stringify(inNamespace(pod!, 'webhook'));
    await assert.rejects(server.kubectl(create, sent), /Did you mean `remora\.dev\/skip-outbound/);
  });
});
