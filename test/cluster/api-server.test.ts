/**
 * An API server alone keeps what other tests build upon: admission, tokens, watches that expire.
 *
 * Each of these is a feature that a flag or a certificate could have cost us, and whose absence
 * would look like a fault of the code under test.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ApiServer, startScratchApiServer } from './machine/api-server.ts';
import { KubectlError } from './machine/kubectl.ts';
import { skipWithoutApiServer } from './machine/places.ts';

const CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'knobs.test.example' },
  spec: {
    group: 'test.example',
    names: { kind: 'Knob', plural: 'knobs' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: { low: { type: 'integer' }, high: { type: 'integer' } },
                'x-kubernetes-validations': [{ rule: 'self.low < self.high', message: 'in order' }],
              },
            },
          },
        },
      },
    ],
  },
};

describe('an API server alone', { skip: skipWithoutApiServer() }, () => {
  let server: ApiServer;

  before(async () => {
    server = await startScratchApiServer('api-server');
  });

  after(async () => {
    await server?.stop();
  });

  test('refuses what a CEL rule of a custom kind refuses', async () => {
    await server.kubectl(['apply', '-f', '-'], JSON.stringify(CRD));
    await server.kubectl(['wait', '--for=condition=Established', 'crd/knobs.test.example']);
    const knob = (low: number, high: number) =>
      JSON.stringify({
        ...{ apiVersion: 'test.example/v1', kind: 'Knob', metadata: { name: 'k' } },
        spec: { low, high },
      });
    await server.kubectl(['apply', '-f', '-'], knob(1, 2));
    await assert.rejects(
      server.kubectl(['apply', '-f', '-'], knob(2, 1)),
      (error) => error instanceof KubectlError && error.stderr.includes('in order'),
    );
  });

  test('knows whose a token is, and refuses what its role does not allow', async () => {
    await server.createNamespace('shop');
    const ask = ['create', 'token', 'default', '-n', 'shop', '--audience', 'somebody'];
    const token = (await server.kubectl(ask)).trim();
    const review = {
      ...{ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview' },
      spec: { token, audiences: ['somebody'] },
    };
    const reviewed = JSON.parse(
      await server.kubectl(['create', '-o', 'json', '-f', '-'], JSON.stringify(review)),
    );
    assert.equal(reviewed.status.authenticated, true);
    assert.equal(reviewed.status.user.username, 'system:serviceaccount:shop:default');

    const as = '--as=system:serviceaccount:shop:default';
    const may = await server.kubectl(['auth', 'can-i', 'get', 'pods', as]).catch((error) => error);
    assert.ok(may instanceof KubectlError && may.code === 1);
  });

  test('answers 410 to a watch from before it forgot, and keeps its objects', async () => {
    await server.createNamespace('kept');
    await server.compact();
    await server.restart();
    const watch = '/api/v1/namespaces?watch=1&resourceVersion=2&timeoutSeconds=1';
    assert.match(await server.kubectl(['get', '--raw', watch]), /"code":410/);
    assert.match(await server.kubectl(['get', 'namespace', 'kept', '-o', 'name']), /kept/);
  });
});
