/**
 * The validating webhook behind a real API server: its words in kubectl, its certificate swapped
 * under way, and its verdict compared with the control plane's own reading of files.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseObject } from '@remora/api/config/objects.ts';
import fc from 'fast-check';
import { parse, parseAllDocuments } from 'yaml';
import { regexMistakes } from '../../control-plane/src/files/regex-check.ts';
import { type Authority, createAuthority } from '../../control-plane/src/identity/authority.ts';
import { ServingCertificate } from '../../control-plane/src/identity/serving-certificate.ts';
import { silentLog } from '../../control-plane/src/log.ts';
import { WebhookServer } from '../../control-plane/src/webhook/server.ts';
import { validating } from '../../control-plane/src/webhook/validate.ts';
import { emptyWorld } from '../../control-plane/src/world.ts';
import { EXAMPLES } from '../../scripts/config-examples.ts';
import { until } from '../support/waiting.ts';
import { AdminClient, type KubeObject } from './admin-client.ts';
import { installCrds } from './install-crds.ts';
import { type ApiServer, startScratchApiServer } from './machine/api-server.ts';
import { KubectlError } from './machine/kubectl.ts';
import { skipWithoutApiServer } from './machine/places.ts';
import { mutatedExample } from './mutated-example.ts';

const root = join(import.meta.dirname, '../..');
const RUNS = 300;
const KINDS = new Set(['TrafficRoute', 'ResiliencePolicy', 'MeshConfig']);
const apiVersion = 'remora.dev/v1alpha1';

function route(rule: object): KubeObject {
  const spec = { targetRef: { name: 'catalog' }, rules: [rule] };
  return { apiVersion, kind: 'TrafficRoute', metadata: { name: 'bad', namespace: 'shop' }, spec };
}

const backends = [{ service: 'catalog' }];
const BAD_REGEX = route({ backends, matches: [{ path: { regex: '/a(?=b)' } }] });

/** Remora's own objects of a file. */
function objectsIn(file: string): KubeObject[] {
  return parseAllDocuments(readFileSync(file, 'utf8'))
    .map((document) => document.toJS())
    .filter((object) => object?.apiVersion === apiVersion && KINDS.has(object.kind));
}

function isRight(object: unknown): boolean {
  const parsed = parseObject(object);
  return parsed.is === 'object' && regexMistakes(parsed.object).length === 0;
}

describe('the validating webhook on an API server', { skip: skipWithoutApiServer() }, () => {
  let server: ApiServer;
  let client: AdminClient;
  let webhook: WebhookServer;
  let certificate: ServingCertificate;
  let authority: Authority;
  let url = '';
  /** Its first certificate is past half its life. */
  const time = { nowMs: Date.now() - 13 * 3_600_000 };

  before(async () => {
    server = await startScratchApiServer('webhook');
    client = new AdminClient(server);
    await installCrds(server);
    await server.createNamespace('shop');
    authority = await createAuthority(time.nowMs);
    const names = ['127.0.0.1'];
    const log = silentLog;
    certificate = new ServingCertificate({ authority, names, log, nowMs: () => time.nowMs });
    await certificate.start();
    webhook = new WebhookServer({
      listen: { host: '127.0.0.1', port: 0 },
      certificate,
      handlers: { '/validate': validating(() => emptyWorld) },
      log,
    });
    const { port } = await webhook.listen();
    url = `https://127.0.0.1:${port}/validate`;
    await trust(authority.certificatePem);
  });

  after(async () => {
    certificate?.close();
    client?.close();
    await server?.stop();
    await webhook?.close();
  });

  /** Writes the configuration, and waits until the API server goes by it. */
  async function trust(caPem: string): Promise<void> {
    const caBundle = Buffer.from(caPem).toString('base64');
    const configuration = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'remora' },
      webhooks: [
        {
          name: 'validate.remora.dev',
          clientConfig: { url, caBundle },
          rules: [
            {
              apiGroups: ['remora.dev'],
              apiVersions: ['*'],
              operations: ['CREATE', 'UPDATE'],
              resources: ['trafficroutes', 'resiliencepolicies', 'meshconfigs'],
            },
          ],
          ...{ sideEffects: 'None', admissionReviewVersions: ['v1'] },
          ...{ failurePolicy: 'Fail', timeoutSeconds: 5 },
        },
      ],
    };
    await server.kubectl(['apply', '-f', '-'], JSON.stringify(configuration));
    const isAsked = async () => {
      const { status, body } = await client.tryCreate(BAD_REGEX);
      return status === 422 && body.message?.includes('not a regular expression') === true;
    };
    await until(isAsked, 'the API server to ask the webhook', 10_000, 100);
  }

  test('refuses in kubectl with the field, what is wrong and the remedy', async () => {
    await assert.rejects(
      server.kubectl(['apply', '-f', '-'], JSON.stringify(BAD_REGEX)),
      (error) => {
        assert.ok(error instanceof KubectlError);
        assert.match(
          error.stderr,
          /validate\.remora\.dev" denied the request: TrafficRoute shop\/bad/,
        );
        assert.match(error.stderr, /spec\.rules\[0\]\.matches\[0\]\.path\.regex: not a regular/);
        assert.match(error.stderr, /Use RE2 syntax/);
        return true;
      },
    );
  });

  test('refuses the header that no schema can name', async () => {
    const object = route({ backends, requestHeaders: { set: { 'content-length': '1' } } });
    const { status, body } = await client.tryCreate(object);
    assert.equal(status, 422);
    assert.match(body.message ?? '', /spec\.rules\[0\]\.requestHeaders\.set\.content-length: /);
  });

  test('warns of a Service that is not there, and lets the route in', async () => {
    const { status, warnings } = await client.tryCreate(route({ backends }));
    assert.equal(status, 201);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^TrafficRoute shop\/bad: There is no Service shop\/catalog: /);
  });

  for (const [kind, text] of Object.entries(EXAMPLES)) {
    test(`takes the example of ${kind} in docs/config.md, by kubectl's dry run`, async () => {
      await server.kubectl(['apply', '--dry-run=server', '-f', '-'], text);
    });
  }

  test('takes every object of the shop', async () => {
    const files = readdirSync(join(root, 'examples/shop')).filter((file) => file.endsWith('.yaml'));
    const objects = files.flatMap((file) => objectsIn(join(root, 'examples/shop', file)));
    assert.ok(objects.length >= 4, `${objects.length} objects`);
    for (const object of objects) {
      const { status, body } = await client.tryCreate(object);
      assert.equal(status, 201, JSON.stringify(body));
    }
  });

  test('is of one mind with files about every object of the golden cases', async () => {
    const cases = readdirSync(join(root, 'test/golden'), { withFileTypes: true });
    const folders = cases.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const verdicts = { right: 0, wrong: 0 };
    const all = folders.flatMap((name) => objectsIn(join(root, 'test/golden', name, 'in.yaml')));
    const homes = new Set(all.map(({ metadata }) => metadata.namespace ?? 'default'));
    for (const home of homes) await server.createNamespace(home);
    for (const object of all) {
      const { status, body } = await client.tryCreate(object);
      const wanted = isRight(object);
      assert.equal(status === 201, wanted, JSON.stringify({ object, body }));
      verdicts[wanted ? 'right' : 'wrong']++;
    }
    assert.ok(verdicts.right > 30 && verdicts.wrong > 3, JSON.stringify(verdicts));
  });

  test('property: is of one mind with files about objects that are nearly right', async () => {
    const kinds = fc.constantFrom(...Object.values(EXAMPLES));
    const mutated = kinds.chain((text) => mutatedExample(parse(text)));
    await fc.assert(
      fc.asyncProperty(mutated, async (object) => {
        const { status, body } = await client.tryCreate(object as KubeObject);
        assert.equal(status === 201, isRight(object), JSON.stringify(body));
      }),
      { numRuns: RUNS },
    );
  });

  test('has its certificate replaced while objects are admitted, and none is lost', async () => {
    const statuses: number[] = [];
    let isOver = false;
    const applying = (async () => {
      while (!isOver) statuses.push((await client.tryCreate(route({ backends }))).status);
    })();
    const first = certificate.current();
    time.nowMs = Date.now();
    await certificate.replaceIfDue();
    assert.notEqual(certificate.current(), first, 'it was older than half its life');
    await sleep(300);
    await certificate.useAuthority(authority);
    await sleep(300);
    isOver = true;
    await applying;
    assert.ok(statuses.length > 10 && statuses.every((status) => status === 201), `${statuses}`);
    // A new connection is shown the new one.
    await server.restart();
    assert.equal((await client.tryCreate(route({ backends }))).status, 201);
  });

  test('lets nothing in unjudged while its authority is not the one that is trusted', async () => {
    const other = await createAuthority(Date.now());
    await certificate.useAuthority(other);
    await server.restart();
    const { status, body } = await client.tryCreate(route({ backends }));
    assert.equal(status, 500);
    assert.match(body.message ?? '', /certificate signed by unknown authority/);
    await trust(other.certificatePem);
    assert.equal((await client.tryCreate(route({ backends }))).status, 201);
  });

  test('keeps nobody from deleting while it is away', async () => {
    await server.kubectl(['apply', '-f', '-'], JSON.stringify(route({ backends })));
    await webhook.close();
    assert.equal((await client.tryCreate(BAD_REGEX)).status, 500);
    await server.kubectl(['delete', 'tr', 'bad', '-n', 'shop']);
  });
});
