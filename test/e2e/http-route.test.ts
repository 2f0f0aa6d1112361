/**
 * HTTPRoutes through a real proxy, as far as the Gateway API's own conformance suite does not look:
 * the path and host that the server saw, the whole `Location`, and what an invalid rule answers.
 *
 * Objects are compiled as in the cluster and handed to the proxy as a snapshot. What a route
 * compiles to has golden cases; which rule a request takes is tested where it is decided.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { DestinationConfig } from '@remora/api/wire.ts';
import { WorldCompiler } from '../../control-plane/src/desired/compiler.ts';
import { readObjects } from '../../control-plane/src/files/object-reading.ts';
import { emptyWorld, foldWorld } from '../../control-plane/src/world.ts';
import { type Hop, startHop } from '../support/hop.ts';
import { fieldValue, fieldValues } from '../support/message-reader.ts';
import { get, type Response } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';

const ROUTE = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: echo, namespace: shop }
spec:
  parentRefs: [ { group: '', kind: Service, name: echo } ]
  rules:
    - matches: [ { path: { type: PathPrefix, value: /foo } } ]
      filters:
        - type: URLRewrite
          urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: /xyz } }
      backendRefs: [ { name: v1, port: 80 } ]
    - matches: [ { path: { type: PathPrefix, value: /slashes/ } } ]
      filters:
        - type: URLRewrite
          urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: /xyz/ } }
      backendRefs: [ { name: v1, port: 80 } ]
    - matches: [ { path: { type: PathPrefix, value: /strip } } ]
      filters:
        - type: URLRewrite
          urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: '' } }
      backendRefs: [ { name: v1, port: 80 } ]
    - matches: [ { path: { type: PathPrefix, value: /base } } ]
      filters:
        - type: URLRewrite
          urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: / } }
      backendRefs: [ { name: v1, port: 80 } ]
    - matches: [ { path: { type: PathPrefix, value: /full } } ]
      filters:
        - type: URLRewrite
          urlRewrite:
            hostname: inner.example
            path: { type: ReplaceFullPath, replaceFullPath: /one }
      backendRefs: [ { name: v1, port: 80 } ]
    - matches: [ { path: { type: PathPrefix, value: /to-host } } ]
      filters: [ { type: RequestRedirect, requestRedirect: { hostname: example.org } } ]
    - matches: [ { path: { type: PathPrefix, value: /to-https } } ]
      filters: [ { type: RequestRedirect, requestRedirect: { scheme: https } } ]
    - matches: [ { path: { type: PathPrefix, value: /to-http } } ]
      filters: [ { type: RequestRedirect, requestRedirect: { scheme: http, statusCode: 301 } } ]
    - matches: [ { path: { type: PathPrefix, value: /to-port } } ]
      filters: [ { type: RequestRedirect, requestRedirect: { port: 8083, statusCode: 303 } } ]
    - matches: [ { path: { type: PathPrefix, value: /to-443 } } ]
      filters: [ { type: RequestRedirect, requestRedirect: { scheme: https, port: 443 } } ]
    - matches: [ { path: { type: PathPrefix, value: /to-prefix } } ]
      filters:
        - type: RequestRedirect
          requestRedirect:
            statusCode: 307
            path: { type: ReplacePrefixMatch, replacePrefixMatch: /new }
    - matches: [ { path: { type: PathPrefix, value: /to-full } } ]
      filters:
        - type: RequestRedirect
          requestRedirect:
            statusCode: 308
            path: { type: ReplaceFullPath, replaceFullPath: /whole }
    - matches: [ { path: { type: Exact, value: /invalid } } ]
      backendRefs: [ { name: v1, port: 80, weight: 0 }, { name: missing, port: 80 } ]
    - matches: [ { path: { type: Exact, value: /unsupported } } ]
      filters: [ { type: CORS, cors: {} } ]
      backendRefs: [ { name: v1, port: 80 } ]
    - matches: [ { path: { type: Exact, value: /nothing } } ]
    - matches: [ { path: { type: Exact, value: /empty } } ]
      backendRefs: [ { name: echo, port: 80 } ]
    - matches: [ { path: { type: Exact, value: /copies } } ]
      filters:
        - type: RequestMirror
          requestMirror: { backendRef: { name: v2, port: 80 } }
        - type: RequestMirror
          requestMirror: { backendRef: { name: v3, port: 80 } }
      backendRefs:
        - name: v1
          port: 80
          filters:
            - type: RequestHeaderModifier
              requestHeaderModifier: { add: [ { name: X-Add, value: backend } ] }
            - type: ResponseHeaderModifier
              responseHeaderModifier: { set: [ { name: X-Set, value: set } ] }
`;

function service(name: string): string {
  return `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { ports: [ { name: http, port: 80 }, { name: alt, port: 8080 } ] }
`;
}

function slice(name: string, address: string): string {
  const [host, port] = address.split(':');
  return `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}, namespace: shop, labels: { kubernetes.io/service-name: ${name} } }
ports: [ { name: http, port: ${port} } ]
endpoints: [ { addresses: [ ${host} ] } ]
`;
}

function configure(addresses: Readonly<Record<string, string>>): DestinationConfig[] {
  const slices = Object.entries(addresses).map(([name, address]) => slice(name, address));
  const services = ['echo', 'v1', 'v2', 'v3'].map(service);
  const text = [ROUTE, ...services, ...slices].join('---');
  const { objects, problems } = readObjects('echo.yaml', text);
  assert.deepEqual(problems, []);
  const puts = objects.map(({ object }) => ({ type: 'put', object }) as const);
  const compiler = new WorldCompiler(foldWorld(emptyWorld, puts));
  return ['echo.shop:80', 'echo.shop:8080'].map((key) => compiler.compile(key, 'shop')!);
}

describe('an HTTPRoute', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['v1', 'v2', 'v3'], configure);
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.reset());

  async function ask(path: string, authority = 'echo'): Promise<Response> {
    return await hop.ask(get(`http://${authority}${path}`));
  }

  /** The table of the Gateway API's HTTPPathModifier, and the conformance suite's own paths. */
  const seen: readonly (readonly [asked: string, seen: string])[] = [
    ['/foo/bar', '/xyz/bar'],
    ['/foo/bar?a=/foo', '/xyz/bar?a=/foo'],
    ['/foo', '/xyz'],
    ['/foo/', '/xyz/'],
    ['/slashes/bar', '/xyz/bar'],
    ['/slashes', '/xyz'],
    ['/strip/bar', '/bar'],
    ['/strip/', '/'],
    ['/strip', '/'],
    ['/base/three', '/three'],
    ['/base/', '/'],
    ['/base', '/'],
    ['/full/one/two?q=1', '/one?q=1'],
  ];
  for (const [asked, wanted] of seen) {
    test(`asked for ${asked} lets the server see ${wanted}`, async () => {
      assert.equal((await ask(asked)).status, 200);
      assert.equal(hop.origins['v1']!.requests[0]?.target, wanted);
    });
  }

  test('that rewrites no host leaves it, and one that does changes it', async () => {
    await ask('/foo');
    await ask('/full');
    const hosts = hop.origins['v1']!.requests.map(({ fields }) => fieldValue(fields, 'host'));
    assert.deepEqual(hosts, ['echo', 'inner.example']);
  });

  const located: readonly (readonly [
    authority: string,
    path: string,
    status: number,
    location: string,
  ])[] = [
    ['echo', '/to-host/a?q=1', 302, 'http://example.org/to-host/a?q=1'],
    ['echo:8080', '/to-host', 302, 'http://example.org:8080/to-host'],
    ['echo', '/to-https/a', 302, 'https://echo/to-https/a'],
    ['echo:8080', '/to-https', 302, 'https://echo/to-https'],
    ['echo:8080', '/to-http', 301, 'http://echo/to-http'],
    ['echo', '/to-port', 303, 'http://echo:8083/to-port'],
    ['echo', '/to-443', 302, 'https://echo/to-443'],
    ['echo', '/to-prefix/a?q=1', 307, 'http://echo/new/a?q=1'],
    ['echo:8080', '/to-prefix', 307, 'http://echo:8080/new'],
    ['echo', '/to-full/a/b', 308, 'http://echo/whole'],
  ];
  for (const [authority, path, status, location] of located) {
    test(`asked for http://${authority}${path} answers ${status} ${location}`, async () => {
      const answer = await ask(path, authority);
      assert.equal(answer.status, status);
      assert.equal(fieldValue(answer.fields, 'location'), location);
    });
  }

  const unserved: readonly (readonly [path: string, status: number, code: string])[] = [
    ['/invalid', 500, 'RMR_BACKEND_INVALID'],
    ['/unsupported', 500, 'RMR_ROUTE_INVALID'],
    ['/nothing', 500, 'RMR_ROUTE_INVALID'],
    ['/empty', 503, 'RMR_NO_ENDPOINTS'],
    ['/elsewhere', 404, 'RMR_NO_ROUTE'],
  ];
  for (const [path, status, code] of unserved) {
    test(`answers ${path} with ${status} ${code}, and asks no backend`, async () => {
      const answer = await ask(path);
      assert.equal(answer.status, status);
      assert.equal(fieldValue(answer.fields, 'x-remora-error'), code);
      assert.equal(hop.origins['v1']!.requests.length, 0);
    });
  }

  test('copies what it sends on to each of its mirrors, and edits both ways', async () => {
    const answer = await hop.ask(get('http://echo/copies', { 'x-add': 'client' }));
    assert.equal(fieldValue(answer.fields, 'x-set'), 'set');
    const { v1, v2, v3 } = hop.origins;
    await until(() => v2!.requests.length === 1 && v3!.requests.length === 1, 'the copies');
    assert.deepEqual(fieldValues(v1!.requests[0]!.fields, 'x-add'), ['client', 'backend']);
    for (const mirror of [v2, v3]) assert.equal(mirror!.requests[0]!.target, '/copies');
  });
});
