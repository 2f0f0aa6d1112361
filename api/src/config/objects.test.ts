import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Problem, parseObject, type TrafficRoute } from './objects.ts';

const OURS = 'remora.dev/v1alpha1';

function route(rule: unknown, more: Readonly<Record<string, unknown>> = {}): unknown {
  return {
    apiVersion: OURS,
    kind: 'TrafficRoute',
    metadata: { name: 'catalog', namespace: 'shop' },
    spec: { targetRef: { name: 'catalog' }, rules: [rule], ...more },
  };
}

function policy(spec: Readonly<Record<string, unknown>>): unknown {
  const metadata = { name: 'catalog' };
  const targetRef = { name: 'catalog' };
  return { apiVersion: OURS, kind: 'ResiliencePolicy', metadata, spec: { targetRef, ...spec } };
}

function problemsOf(value: unknown): readonly Problem[] {
  const parsed = parseObject(value);
  assert.equal(parsed.is, 'mistaken');
  return parsed.is === 'mistaken' ? parsed.problems : [];
}

function placesOf(value: unknown): string[] {
  return problemsOf(value).map(({ path }) => path.slice(3).join('.'));
}

function accepted(value: unknown): TrafficRoute {
  const parsed = parseObject(value);
  assert.deepEqual(parsed.is === 'mistaken' ? parsed.problems : [], []);
  assert.ok(parsed.is === 'object' && parsed.object.kind === 'TrafficRoute');
  assert.deepEqual(parsed.warnings, []);
  return parsed.object;
}

const backends = [{ service: 'catalog' }];
const matching = (match: unknown): unknown => route({ matches: [match], backends });

describe('an object', () => {
  const spec = { ports: [{ port: 80 }] };
  const metadata = { name: 'a' };

  test('of another group is none of ours, whatever its kind', () => {
    const knative = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', metadata, spec };
    assert.equal(parseObject(knative).is, 'other');
    assert.equal(parseObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata }).is, 'other');
    assert.equal(parseObject({ ...knative, apiVersion: 'v1' }).is, 'object');
    const kuma = { apiVersion: 'kuma.io/v1alpha1', kind: 'TrafficRoute', metadata, spec };
    assert.equal(parseObject(kuma).is, 'other');
  });

  test('of our group and of no kind of it is mistaken, with the kind that was meant', () => {
    const [problem] = problemsOf({ apiVersion: OURS, kind: 'TraficRoute', metadata });
    assert.deepEqual(problem?.path, ['kind']);
    assert.match(problem?.remedy ?? '', /`TrafficRoute`/);
  });

  test('of another version is mistaken, and says which version is known', () => {
    const [problem] = problemsOf({ ...(route({ backends }) as object), apiVersion: `${OURS}x` });
    assert.match(problem?.remedy ?? '', /remora\.dev\/v1alpha1$/);
  });

  test('keeps its identity while it is mistaken, and has none without a name', () => {
    const mistaken = parseObject(route({ backends: 1 }));
    assert.ok(mistaken.is === 'mistaken');
    assert.deepEqual(mistaken.identity?.metadata, { namespace: 'shop', name: 'catalog' });
    const nameless = parseObject({ apiVersion: OURS, kind: 'TrafficRoute', metadata: {} });
    assert.ok(nameless.is === 'mistaken' && nameless.identity === null);
  });

  test('of the whole cluster has one identity, mistaken or not', () => {
    const mesh = { apiVersion: OURS, kind: 'MeshConfig', metadata: { name: 'mesh' } };
    const good = parseObject({ ...mesh, spec: {} });
    const bad = parseObject({ ...mesh, spec: { defaults: 1 } });
    assert.ok(good.is === 'object' && bad.is === 'mistaken');
    assert.equal(good.object.metadata.namespace, '');
    assert.equal(bad.identity?.metadata.namespace, '');
    assert.equal(problemsOf({ ...mesh, metadata: { name: 'other' } })[0]?.path[1], 'name');
  });

  test('takes null for left out, as Kubernetes does', () => {
    const slice = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata };
    assert.equal(parseObject({ ...slice, endpoints: null, ports: null }).is, 'object');
    accepted(route({ backends, matches: null }));
  });
});

describe('an unknown field', () => {
  test('is a warning with what was meant, and drops nothing', () => {
    const parsed = parseObject(route({ backends: [{ service: 'catalog', wieght: 3 }] }));
    assert.ok(parsed.is === 'object' && parsed.object.kind === 'TrafficRoute');
    assert.equal(parsed.object.spec.rules[0]?.backends?.[0]?.service, 'catalog');
    const [warning, ...more] = parsed.warnings;
    assert.deepEqual(more, []);
    assert.deepEqual(warning?.path, ['spec', 'rules', 0, 'backends', 0, 'wieght']);
    assert.equal(warning?.remedy, 'Did you mean `weight`?');
  });

  test('is told beside the mistake that it caused', () => {
    const problems = problemsOf(matching({ path: { prefx: '/x' } }));
    assert.ok(problems.some(({ remedy }) => remedy === 'Did you mean `prefix`?'));
  });

  test('in metadata, status or an object of Kubernetes is none of our business', () => {
    const metadata = { name: 'a', annotations: { b: 'c' }, uid: '1' };
    const whole = { ...(route({ backends }) as object), metadata, status: { conditions: [] } };
    accepted(whole);
  });

  test('named __proto__, constructor or by a number changes nothing', () => {
    const rule = JSON.parse('{"backends":[{"service":"a"}],"__proto__":{"x":1},"constructor":1}');
    const parsed = parseObject(route({ ...rule, 0: 1 }));
    assert.equal(parsed.is, 'object');
    assert.equal(({} as Record<string, unknown>)['x'], undefined);
    const hostile = JSON.parse(`{"apiVersion":"${OURS}","kind":"constructor","__proto__":{}}`);
    assert.equal(parseObject(hostile).is, 'mistaken');
    assert.equal(parseObject(JSON.parse('{"__proto__":{"kind":"Service"}}')).is, 'other');
  });
});

test('an object of ours with a misspelt kind or group is a mistake, not another system’s', () => {
  const whole = route({ backends }) as Record<string, unknown>;
  const { kind: _, ...kindless } = whole;
  assert.equal(parseObject(kindless).is, 'mistaken');
  for (const apiVersion of ['remora.dve/v1alpha1', 'v1alpha1']) {
    assert.equal(parseObject({ ...whole, apiVersion }).is, 'mistaken', apiVersion);
  }
});

describe('exactly one', () => {
  const valueMatches = (name: string) => [
    [name, [{ name: 'a' }], false],
    [name, [{ name: 'a', exact: 'b' }], true],
    [name, [{ name: 'a', present: true }], true],
    [name, [{ name: 'a', regex: 'b' }], true],
    [name, [{ name: 'a', exact: 'b', regex: 'c' }], false],
  ];
  const cases = [
    ['path', {}, false],
    ['path', { exact: '/a' }, true],
    ['path', { regex: '/a' }, true],
    ['path', { exact: '/a', prefix: '/a' }, false],
    ...valueMatches('headers'),
    ...valueMatches('query'),
  ] as readonly (readonly [string, unknown, boolean])[];
  for (const [field, value, isFine] of cases) {
    test(`of a match's ${field}: ${JSON.stringify(value)} ${isFine ? 'passes' : 'fails'}`, () => {
      assert.equal(parseObject(matching({ [field]: value })).is, isFine ? 'object' : 'mistaken');
    });
  }

  test('of sticky, and a claim is refused with its reason', () => {
    accepted(route({ backends, sticky: { header: 'x-user' } }));
    accepted(route({ backends, sticky: { peer: true, salt: 'a' } }));
    assert.deepEqual(placesOf(route({ backends, sticky: {} })), ['sticky']);
    assert.deepEqual(placesOf(route({ backends, sticky: { peer: true, cookie: 'a' } })), [
      'sticky',
    ]);
    const [problem, ...more] = problemsOf(route({ backends, sticky: { claim: 'sub' } }));
    assert.deepEqual(more, []);
    assert.match(problem?.message ?? '', /identity/);
  });

  test('of backends and redirect at most, and no rewrite beside a redirect', () => {
    accepted(route({ redirect: {} }));
    accepted(route({ backends: [] }));
    accepted(route({}));
    assert.deepEqual(placesOf(route({ backends, redirect: {} })), ['redirect']);
    assert.deepEqual(placesOf(route({ redirect: {}, rewrite: { hostname: 'a' } })), ['rewrite']);
  });

  test('of the path of a rewrite', () => {
    accepted(route({ backends, rewrite: { path: { full: '/a' } } }));
    const both = { path: { full: '/a', prefix: '/b' } };
    assert.deepEqual(placesOf(route({ backends, rewrite: both })), ['rewrite.path']);
    assert.deepEqual(placesOf(route({ backends, rewrite: { path: {} } })), ['rewrite.path']);
  });
});

describe('a rule', () => {
  test('replaces a prefix only where no match has another kind of path', () => {
    const rewrite = { path: { prefix: '/new' } };
    accepted(route({ backends, rewrite }));
    accepted(
      route({ backends, rewrite, matches: [{ path: { prefix: '/a' } }, { method: 'GET' }] }),
    );
    const exact = { matches: [{ path: { prefix: '/a' } }, { path: { exact: '/b' } }] };
    assert.deepEqual(placesOf(route({ ...exact, backends, rewrite })), ['rewrite.path.prefix']);
    assert.deepEqual(placesOf(route({ ...exact, redirect: rewrite })), ['redirect.path.prefix']);
  });

  test('has no empty match: a misspelt field must not match everything', () => {
    assert.equal(parseObject(matching({ methd: 'GET' })).is, 'mistaken');
    assert.equal(parseObject(matching({ source: {} })).is, 'mistaken');
  });

  test('has a name that no other rule has', () => {
    const rule = { name: 'a', backends };
    const twice = route(null, { rules: [rule, { backends }, { backends }, rule] });
    assert.deepEqual(problemsOf(twice)[0]?.path, ['spec', 'rules', 3, 'name']);
  });

  test('gives a try no longer than the request, unless that has no limit', () => {
    accepted(route({ backends, timeouts: { request: '2s', perTry: '2s' } }));
    accepted(route({ backends, timeouts: { request: '0s', perTry: '2s' } }));
    const wrong = route({ backends, timeouts: { request: '2s', perTry: '2001ms' } });
    assert.deepEqual(placesOf(wrong), ['timeouts.perTry']);
    const tooLong = route({ backends, timeouts: { request: '2h' } });
    assert.deepEqual(placesOf(tooLong), ['timeouts.request']);
  });

  const headers = [
    'Host',
    'content-length',
    'Content_Length',
    'transfer-encoding',
    'te',
    'upgrade',
  ];
  const more = [
    'connection',
    'keep-alive',
    'trailer',
    'expect',
    'proxy-a',
    'X-Remora-Error',
    'a b',
  ];
  for (const name of [...headers, ...more]) {
    test(`cannot edit the header ${name}`, () => {
      const set = { requestHeaders: { set: { [name]: 'a' } } };
      assert.deepEqual(placesOf(route({ backends, ...set })), [`requestHeaders.set.${name}`]);
      const removed = { responseHeaders: { remove: [name] } };
      assert.deepEqual(placesOf(route({ backends, ...removed })), ['responseHeaders.remove.0']);
    });
  }

  for (const value of ['a\r\nb: c', 'a\nb', 'a\0b', ' a', 'a ', 'é']) {
    test(`cannot set a header to ${JSON.stringify(value)}`, () => {
      const wrong = route({ backends, requestHeaders: { add: { 'x-a': value } } });
      assert.deepEqual(placesOf(wrong), ['requestHeaders.add.x-a']);
    });
  }

  test('has header names in lower case, each once', () => {
    const { spec } = accepted(route({ backends, requestHeaders: { set: { 'X-A': '1' } } }));
    assert.deepEqual(spec.rules[0]?.requestHeaders?.set, { 'x-a': '1' });
    const twice = route({ backends, requestHeaders: { set: { 'X-A': '1', 'x-a': '2' } } });
    assert.deepEqual(placesOf(twice), ['requestHeaders.set.x-a']);
  });
});

describe('a bound', () => {
  const many = (count: number, item: (at: number) => unknown) => {
    return Array.from({ length: count }, (_, at) => item(at));
  };
  const edits = (count: number) => Object.fromEntries(many(count, (at) => [`x-${at}`, '1']) as []);
  const rule = { backends };
  const cases: readonly (readonly [name: string, max: number, at: (count: number) => unknown])[] = [
    ['rules', 64, (count) => route(null, { rules: many(count, () => rule) })],
    ['matches', 64, (n) => route({ backends, matches: many(n, () => ({ method: 'GET' })) })],
    ['backends', 32, (n) => route({ backends: many(n, () => backends[0]) })],
    ['weight', 1_000_000, (weight) => route({ backends: [{ service: 'a', weight }] })],
    ['port', 65_535, (port) => route({ backends: [{ service: 'a', port }] })],
    ['headers', 16, (n) => route({ backends, requestHeaders: { set: edits(n) } })],
    ['matched headers', 16, (n) => matching({ headers: many(n, () => HEADER) })],
    ['characters of a pattern', 512, (n) => matching({ path: { regex: 'a'.repeat(n) } })],
    ['characters of a name', 63, (n) => route({ backends: [{ service: 'a'.repeat(n) }] })],
    [
      'percent of a mirror',
      100,
      (percent) => route({ backends, mirror: [{ ...MIRROR, percent }] }),
    ],
  ];
  const HEADER = { name: 'x-a', present: true };
  const MIRROR = { service: 'a' };
  for (const [name, max, at] of cases) {
    test(`on ${name} lets ${max} pass and nothing above`, () => {
      accepted(at(max));
      assert.equal(parseObject(at(max + 1)).is, 'mistaken');
    });
  }

  test('on a redirect lets its five statuses pass', () => {
    for (const status of [301, 302, 303, 307, 308]) accepted(route({ redirect: { status } }));
    for (const status of [200, 300, 304, 306]) {
      assert.deepEqual(placesOf(route({ redirect: { status } })), ['redirect.status']);
    }
  });
});

describe('a problem', () => {
  const remedyOf = (value: unknown) => problemsOf(value)[0]?.remedy ?? '';

  test('says what would be right', () => {
    const weight = (value: unknown) => route({ backends: [{ service: 'a', weight: value }] });
    assert.match(remedyOf(weight(-1)), /0 to 1000000/);
    assert.match(remedyOf(weight(1.5)), /whole number/);
    assert.match(remedyOf(weight('9')), /without quotes/);
    assert.match(remedyOf(policy({ balancer: { type: 'emwa' } })), /`ewma`/);
    assert.match(remedyOf(route({ backends, timeouts: { request: 10 } })), /10s/);
    assert.match(remedyOf(route({ backends, requestHeaders: { set: { a: 1 } } })), /"1"/);
  });
});

test('property: no JSON makes parsing throw, and what is accepted has a kind', () => {
  const key = fc.constantFrom(
    'spec',
    'rules',
    'metadata',
    'matches',
    '__proto__',
    '0',
    'path',
    'x',
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 6 }, fc.jsonValue(), fc.array(tie('tree')), tie('map')),
    map: fc.dictionary(fc.oneof(key, fc.string()), tie('tree'), { maxKeys: 5 }),
  }));
  const kinds = ['TrafficRoute', 'ResiliencePolicy', 'MeshConfig'];
  const kind = fc.constantFrom(...kinds, 'Service', 'Deployment', 'Namespace', 'EndpointSlice');
  const apiVersion = fc.constantFrom(OURS, 'v1', 'apps/v1', 'discovery.k8s.io/v1');
  const outer = fc.record({ apiVersion, kind, metadata: fc.constant({ name: 'a' }), spec: tree });
  fc.assert(
    fc.property(fc.oneof(tree, outer, tree.map(route)), (value) => {
      const parsed = parseObject(value);
      if (parsed.is === 'object') assert.ok(parsed.object.metadata.name.length > 0);
      if (parsed.is === 'mistaken') assert.ok(parsed.problems.length > 0);
    }),
  );
});

test('a value that is deeper than any stack is refused and does not throw', () => {
  let deep: unknown = 'x';
  for (let at = 0; at < 1_000_000; at++) deep = at % 2 === 0 ? { rules: deep } : [deep];
  assert.equal(parseObject(route(deep)).is, 'mistaken');
});
