/**
 * The Gateway API's own kinds on a real API server: what it makes of a route, and of our status.
 *
 * It fills in defaults and refuses statuses that its schema does not like, so that a status could
 * be refused for ever, or differ from what was wanted each time it is looked at and be written for
 * ever.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type MeshObject, parseObject } from '@remora/api/config/objects.ts';
import { httpRouteParents } from '../../control-plane/src/desired/http-route-status.ts';
import { emptyWorld, foldWorld } from '../../control-plane/src/world.ts';
import { isGoHere } from '../../scripts/go-command.ts';
import { installGatewayKinds } from '../conformance/gateway-kinds.ts';
import { type ApiServer, startScratchApiServer } from './machine/api-server.ts';
import { skipWithoutApiServer } from './machine/places.ts';

const NOON = '2026-01-01T12:00:00Z';
const LATER = '2026-01-01T12:00:05Z';
const NAMESPACE = 'default';

const OBJECTS = `
apiVersion: v1
kind: Service
metadata: { name: echo }
spec: { ports: [ { name: http, port: 80 } ] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: echo }
spec:
  parentRefs:
    - { group: '', kind: Service, name: echo, port: 80 }
    - { group: core, kind: Service, name: nobody }
    - { name: edge }
  hostnames: [ shop.example ]
  rules:
    - backendRefs: [ { name: missing, port: 80 } ]
    - matches: [ { path: { value: /cors } } ]
      filters: [ { type: CORS, cors: { allowOrigins: [ '*' ] } } ]
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: { name: echo }
spec:
  from: [ { group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop } ]
  to: [ { group: '', kind: Service } ]
`;

interface Written {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly parentRefs: readonly unknown[] };
  readonly status?: { readonly parents: readonly Entry[] };
}

interface Entry {
  readonly parentRef: unknown;
  readonly controllerName: string;
  readonly conditions: readonly { readonly type: string; readonly observedGeneration: number }[];
}

const needs =
  skipWithoutApiServer() || (!isGoHere() && 'no `go` here, whose modules have the kinds');

describe('an HTTPRoute on an API server', { skip: needs }, () => {
  let server: ApiServer;

  before(async () => {
    server = await startScratchApiServer('gateway');
    await installGatewayKinds(server.kubectl);
    await server.kubectl(['apply', '-n', NAMESPACE, '-f', '-'], OBJECTS);
  });

  after(async () => {
    await server?.stop();
  });

  async function read(resource: string): Promise<Written> {
    return JSON.parse(await server.kubectl(['get', resource, '-n', NAMESPACE, '-o', 'json']));
  }

  function objectOf(value: unknown): MeshObject {
    const parsed = parseObject(value);
    assert(parsed.is === 'object', JSON.stringify(parsed));
    return parsed.object;
  }

  /** What a writer of statuses would do now; null: nothing. */
  async function wanted(now: string): Promise<{ route: Written; parents: unknown } | null> {
    const route = await read('httproute/echo');
    const all = [route, await read('service/echo'), await read('referencegrant/echo')];
    const puts = all.map((value) => ({ type: 'put', object: objectOf(value) }) as const);
    const world = foldWorld(emptyWorld, puts);
    const object = objectOf(route);
    assert(object.kind === 'HTTPRoute');
    const existing = route.status?.parents;
    const parents = httpRouteParents(world, object, { existing, now });
    return parents === null ? null : { route, parents };
  }

  test('takes the status that we want, and then we want nothing more', async () => {
    const first = await wanted(NOON);
    assert(first !== null);
    const status = JSON.stringify({ ...first.route, status: { parents: first.parents } });
    await server.kubectl(['replace', '--subresource=status', '-f', '-'], status);
    assert.equal(await wanted(LATER), null);
  });

  test('has an entry for each of our parentRefs, as it stands in the spec', async () => {
    const { spec, status, metadata } = await read('httproute/echo');
    const parents = status?.parents ?? [];
    assert.deepEqual(
      parents.map(({ parentRef }) => parentRef),
      spec.parentRefs.slice(0, 2),
    );
    const conditions = parents.flatMap((entry) => entry.conditions);
    assert(conditions.every((one) => one.observedGeneration === metadata.generation));
    assert.deepEqual(
      conditions.map(({ type }) => type),
      ['Accepted', 'ResolvedRefs', 'PartiallyInvalid', 'Accepted', 'ResolvedRefs'],
    );
  });
});
