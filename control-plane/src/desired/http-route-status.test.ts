import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HttpRoute } from '@remora/api/config/objects.ts';
import { readObjects } from '../files/object-reading.ts';
import { emptyWorld, foldWorld, type World } from '../world.ts';
import { CONTROLLER_NAME, httpRouteParents } from './http-route-status.ts';

const NOON = '2026-01-01T12:00:00Z';
const LATER = '2026-01-01T12:00:05Z';

function serviceText(name: string, clusterIP: string): string {
  return `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec:
  clusterIP: ${clusterIP}
  ports: [ { name: http, port: 80 }, { name: db, port: 3306, appProtocol: mysql } ]
`;
}

const SERVICES =
  serviceText('echo', '10.96.0.1') +
  serviceText('other', '10.96.0.2') +
  serviceText('headless', 'None');

function routeText(parentRefs: readonly string[], backend = 'echo', generation = 1): string {
  return `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: echo, namespace: shop, generation: ${generation} }
spec:
  parentRefs: [ ${parentRefs.join(', ')} ]
  rules: [ { backendRefs: [ { name: ${backend}, port: 80 } ] } ]
`;
}

function worldOf(text: string): { readonly world: World; readonly route: HttpRoute } {
  const { objects, problems } = readObjects('test.yaml', text);
  assert.deepEqual(problems, []);
  const puts = objects.map(({ object }) => ({ type: 'put', object }) as const);
  const route = objects.map(({ object }) => object).find((object) => object.kind === 'HTTPRoute');
  assert(route?.kind === 'HTTPRoute');
  return { world: foldWorld(emptyWorld, puts), route };
}

interface Entry {
  readonly parentRef: Readonly<Record<string, unknown>>;
  readonly controllerName: string;
  readonly conditions: readonly Readonly<Record<string, unknown>>[];
}

function parentsOf(text: string, existing?: unknown, now = NOON): readonly Entry[] | null {
  const { world, route } = worldOf(text);
  return httpRouteParents(world, route, { existing, now }) as readonly Entry[] | null;
}

/** `True Accepted` of a type of condition. */
function said(entry: Entry | undefined, type: string): string | undefined {
  const found = entry?.conditions.find((condition) => condition['type'] === type);
  return found && `${found['status']} ${found['reason']}`;
}

const ECHO = "{ group: '', kind: Service, name: echo }";

describe('the parents of an HTTPRoute', () => {
  test('are what is there, once it was written: nothing is written twice', () => {
    const first = parentsOf(SERVICES + routeText([ECHO]));
    assert.equal(parentsOf(SERVICES + routeText([ECHO]), first, LATER), null);
  });

  test('of a route that has no Service are nobody of ours, and nothing is written', () => {
    assert.equal(parentsOf(SERVICES + routeText(['{ name: edge }'])), null);
    assert.equal(parentsOf(SERVICES + routeText(['{ kind: Service, name: echo }'])), null);
  });

  test('are one for each parentRef, as it was written', () => {
    const refs = [ECHO, '{ group: core, kind: Service, name: other, sectionName: http }'];
    const parents = parentsOf(SERVICES + routeText(refs));
    assert.deepEqual(
      parents?.map(({ parentRef }) => parentRef),
      [
        { group: '', kind: 'Service', name: 'echo' },
        { group: 'core', kind: 'Service', name: 'other', sectionName: 'http' },
      ],
    );
    assert(parents?.every(({ controllerName }) => controllerName === CONTROLLER_NAME));
  });

  test("keep another controller's entries as they are, and where they are", () => {
    const foreign = { parentRef: { name: 'edge' }, controllerName: 'x.example/y', odd: [1] };
    const gone = { parentRef: { name: 'gone' }, controllerName: CONTROLLER_NAME, conditions: [] };
    const parents = parentsOf(SERVICES + routeText([ECHO]), [gone, foreign]);
    assert.deepEqual(parents?.[0], foreign);
    assert.equal(parents?.length, 2);
  });

  test('lose ours when the route leaves its Service', () => {
    const before = parentsOf(SERVICES + routeText([ECHO]));
    assert.deepEqual(parentsOf(SERVICES + routeText(['{ name: edge }']), before), []);
  });

  test('keep the time of a condition whose status stays, and its neighbours of others', () => {
    const before = parentsOf(SERVICES + routeText([ECHO]));
    const theirs = { type: 'x.example/Seen', status: 'True', reason: 'Seen' };
    const [entry] = before!;
    const existing = [{ ...entry, conditions: [theirs, ...entry!.conditions] }];
    const after = parentsOf(SERVICES + routeText([ECHO], 'missing', 2), existing, LATER);
    const [first, accepted, resolved] = after![0]!.conditions;
    assert.deepEqual(first, theirs);
    assert.equal(accepted?.['lastTransitionTime'], NOON);
    assert.equal(accepted?.['observedGeneration'], 2);
    assert.equal(resolved?.['status'], 'False');
    assert.equal(resolved?.['lastTransitionTime'], LATER);
  });

  test('leave what a control plane said that knew a newer version of the route', () => {
    const newer = parentsOf(SERVICES + routeText([ECHO], 'missing', 7));
    assert.equal(parentsOf(SERVICES + routeText([ECHO], 'echo', 6), newer, LATER), null);
  });

  test('drop PartiallyInvalid once the rule is mended', () => {
    const broken = routeText([ECHO]).replace(
      'rules: [',
      'rules: [ { filters: [ { type: CORS } ] }, ',
    );
    const before = parentsOf(SERVICES + broken);
    assert.equal(said(before?.[0], 'PartiallyInvalid'), 'True UnsupportedValue');
    const after = parentsOf(SERVICES + routeText([ECHO]), before);
    assert.equal(said(after?.[0], 'PartiallyInvalid'), undefined);
    assert.equal(said(after?.[0], 'Accepted'), 'True Accepted');
  });

  const refusals: readonly (readonly [string, string, string])[] = [
    ['no such Service', "{ group: '', kind: Service, name: nobody }", 'NoMatchingParent'],
    ['no such port', "{ group: '', kind: Service, name: echo, port: 81 }", 'NoMatchingParent'],
    [
      'a port of another name',
      "{ group: '', kind: Service, name: echo, port: 80, sectionName: db }",
      'NoMatchingParent',
    ],
    [
      'a Service that nobody can call',
      "{ group: '', kind: Service, name: headless }",
      'NoMatchingParent',
    ],
    [
      'a port that is not HTTP',
      "{ group: '', kind: Service, name: echo, port: 3306 }",
      'UnsupportedProtocol',
    ],
  ];
  for (const [claim, ref, reason] of refusals) {
    test(`with ${claim} are not accepted: ${reason}`, () => {
      const [entry] = parentsOf(SERVICES + routeText([ref]))!;
      assert.equal(said(entry, 'Accepted'), `False ${reason}`);
      assert.equal(said(entry, 'ResolvedRefs'), 'True ResolvedRefs');
    });
  }
});
