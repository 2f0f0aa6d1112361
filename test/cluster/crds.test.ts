/**
 * The CRDs on a real API server: every rule of theirs tried, and what kubectl makes of them.
 *
 * Whether the expression language compiles, stays within the server's cost limits and means what
 * was meant is known to nobody but the server.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseObject } from '@remora/api/config/objects.ts';
import fc from 'fast-check';
import { parse } from 'yaml';
import { EXAMPLES } from '../../scripts/config-examples.ts';
import { crd, type Schema } from '../../control-plane/src/install/crd-schema.ts';
import { KINDS } from '../../control-plane/src/install/kinds.ts';
import { AdminClient, type Cause, type KubeObject } from './admin-client.ts';
import { changedAt, changesFor, type FoundRule, rulesIn } from './crd-mutations.ts';
import { installCrds } from './install-crds.ts';
import { type ApiServer, startScratchApiServer } from './machine/api-server.ts';
import { KubectlError } from './machine/kubectl.ts';
import { skipWithoutApiServer } from './machine/places.ts';
import { mutatedExample } from './mutated-example.ts';

const RUNS = 300;

/** Right, and with every field that a rule is about. */
function fullExample(kind: string): KubeObject {
  const example: KubeObject = parse(EXAMPLES[kind] ?? '');
  if (kind !== 'MeshConfig') return example;
  const { targetRef: _, ...defaults } = parse(EXAMPLES['ResiliencePolicy'] ?? '').spec;
  return { ...example, spec: { ...(example.spec as object), defaults } };
}

function rulesOf(kind: string): readonly FoundRule[] {
  const spec = KINDS.find((each) => each.kind === kind);
  assert.ok(spec !== undefined);
  const made = crd(spec, 'dev') as unknown as {
    spec: { versions: [{ schema: { openAPIV3Schema: Schema } }] };
  };
  return [...rulesIn(made.spec.versions[0].schema.openAPIV3Schema)];
}

function isOf({ path, message }: FoundRule, cause: Cause): boolean {
  const at = cause.field.replaceAll(/\[\d+\]/g, '[]').replace(/^<nil>$/, '');
  return at === path && cause.message.includes(message);
}

describe('the CRDs on an API server', { skip: skipWithoutApiServer() }, () => {
  let server: ApiServer;
  let client: AdminClient;

  before(async () => {
    server = await startScratchApiServer('crds');
    client = new AdminClient(server);
    await installCrds(server);
    await server.createNamespace('shop');
  });

  after(async () => {
    client?.close();
    await server?.stop();
  });

  for (const { kind } of KINDS) {
    const example = fullExample(kind);

    test(`take a ${kind} with every field, and keep every one of them`, async () => {
      const { status, body, warnings } = await client.tryCreate(example);
      assert.equal(status, 201, JSON.stringify(body));
      assert.deepEqual(warnings, []);
      assert.deepEqual(body['spec'], example.spec, 'what is pruned or defaulted would differ');
    });

    for (const rule of rulesOf(kind)) {
      const place = rule.path === '' ? 'the whole' : rule.path;
      test(`refuse of a ${kind} at ${place}: ${rule.message}`, async () => {
        const changes = changesFor(rule);
        assert.ok(changes.length > 0, 'nobody has thought of an object that breaks this rule');
        for (const change of changes) {
          const bad = changedAt(example, rule.path, (value) => change(value, rule));
          assert.ok(bad !== null, `the example has no ${rule.path}: the rule was not even tried`);
          const { status, body } = await client.tryCreate(bad as KubeObject);
          assert.equal(status, 422, `accepted: ${JSON.stringify(bad)}`);
          const causes = body.details?.causes ?? [];
          const found = causes.some((cause) => isOf(rule, cause));
          assert.ok(found, `not in ${JSON.stringify(causes)}`);
          assert.equal(parseObject(bad).is, 'mistaken', 'the control plane says the same');
        }
      });
    }
  }

  test('property: refuse nothing that the control plane takes', async () => {
    const kinds = fc.constantFrom(...KINDS.map(({ kind }) => kind));
    const mutated = kinds.chain((kind) => mutatedExample(fullExample(kind)));
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(mutated, async (object) => {
        const { status, body } = await client.tryCreate(object as KubeObject);
        if (parseObject(object).is !== 'object') return;
        taken++;
        assert.equal(status, 201, JSON.stringify(body));
      }),
      { numRuns: RUNS },
    );
    assert.ok(taken > RUNS / 20, `only ${taken} of ${RUNS} were right: this says little`);
  });

  test('say of a field that nobody knows that it is dropped, and kubectl refuses it', async () => {
    const route = {
      ...fullExample('TrafficRoute'),
      spec: { targetRef: { name: 'c' }, rules: [{ backends: [{ service: 'c', wieght: 3 }] }] },
    };
    const { status, warnings } = await client.tryCreate(route);
    assert.equal(status, 201);
    assert.deepEqual(warnings, ['unknown field "spec.rules[0].backends[0].wieght"']);
    await assert.rejects(
      server.kubectl(['apply', '-f', '-'], JSON.stringify(route)),
      (error) => error instanceof KubectlError && /unknown field.*wieght/.test(error.stderr),
    );
  });

  test('write no default into what a user wrote but the kind of the target', async () => {
    const spec = { targetRef: { name: 'c' }, rules: [{ backends: [{ service: 'c' }] }] };
    const { body } = await client.tryCreate({ ...fullExample('TrafficRoute'), spec });
    assert.deepEqual(body['spec'], { ...spec, targetRef: { name: 'c', kind: 'Service' } });
  });

  test('show wanted and realised shares, and how many proxies have them', async () => {
    const kubectl = server.kubectl;
    await kubectl(['apply', '-f', '-'], JSON.stringify(fullExample('TrafficRoute')));
    const condition = (type: string) => ({
      ...{ type, status: 'True', reason: type, message: 'm', observedGeneration: 1 },
      lastTransitionTime: '2026-01-01T00:00:00Z',
    });
    const status = {
      conditions: ['Accepted', 'ResolvedRefs', 'Programmed', 'Applied'].map(condition),
      weights: { wanted: 'v1 90%, v2 10%', realised: '89.7%, 10.3%' },
      ...{ applied: 12, interested: 12, proxies: '12/12', observedGeneration: 1 },
    };
    const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })];
    await kubectl(['patch', 'tr', 'catalog', '-n', 'shop', ...patch]);
    const [head, row] = (await kubectl(['get', 'tr', '-n', 'shop'])).trim().split('\n');
    assert.match(head ?? '', /^NAME +TARGET +WANTED +REALISED +APPLIED +ACCEPTED +AGE$/);
    assert.match(row ?? '', /^catalog +catalog +v1 90%, v2 10% +89.7%, 10.3% +12\/12 +True +\w+$/);
    const [wide] = (await kubectl(['get', 'tr', '-n', 'shop', '-o', 'wide'])).split('\n');
    assert.match(wide ?? '', /RESOLVED +PROGRAMMED +WHY/);
    await kubectl(['wait', '-n', 'shop', 'tr/catalog', '--for=condition=Applied', '--timeout=5s']);
  });

  test('keep one condition of a type, whoever writes it', async () => {
    const condition = { type: 'Accepted', status: 'True', reason: 'r', message: 'm' };
    const twice = [1, 2].map(() => ({ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }));
    const path = '/apis/remora.dev/v1alpha1/namespaces/shop/trafficroutes/catalog';
    const { body: object } = await client.ask('GET', path);
    const status = { conditions: twice };
    const answer = await client.ask('PUT', `${path}/status?dryRun=All`, { ...object, status });
    assert.equal(answer.status, 422);
    assert.match(answer.body.message ?? '', /Duplicate value/);
  });

  test('explain a field with its limits and its default', async () => {
    const explained = await server.kubectl(['explain', 'tr.spec.rules.backends.weight']);
    assert.match(
      explained.replace(/\s+/g, ' '),
      /0 gets nothing\. Limits: 0 to 1000000\. Default: 1\./,
    );
  });

  test('are all listed by the category of the mesh', async () => {
    const names = await server.kubectl(['api-resources', '--categories=remora', '-o', 'name']);
    assert.equal(names.trim().split('\n').length, KINDS.length);
  });
});
