/**
 * Thirty objects that must change nothing: each is wrong in a way of its own.
 *
 * All are about the Service `api`, so that one taken by mistake would be seen at once. Pure data.
 * Used by `families/control-plane.ts`; that there are 30 and none is valid has a test.
 */
import { stringify } from 'yaml';

const META = { name: 'poison', namespace: 'shop' };
const TARGET = { targetRef: { name: 'api' } };
const BACKENDS = [{ service: 'api', port: 80 }];

/** What YAML or Kubernetes would refuse. */
const TEXTS: readonly string[] = [
  'kind: TrafficRoute\n  metadata: {',
  '\t- : : :\n',
  'kind: TrafficRoute\nmetadata: &a { name: *a }\n',
  `kind: TrafficRoute\nmetadata: {}\n${'x: '.repeat(50)}`,
  'kind: "TrafficRoute\n',
  '%YAML 9.9\n---\nkind: [TrafficRoute\n',
];

/** What our own kinds refuse: rules of a route. */
const RULES: readonly unknown[] = [
  [],
  'everything',
  [{ backends: [{ service: 'api', port: 0 }] }],
  [{ backends: [{ service: 'api', port: 70_000 }] }],
  [{ backends: [{ service: 'api', weight: -1 }] }],
  [{ backends: [{ service: 'API!' }] }],
  [{ backends: [{ service: 7 }] }],
  [{ backends: BACKENDS, redirect: { port: 81 } }],
  [{ backends: BACKENDS, timeouts: { request: 'soon' } }],
  [{ backends: BACKENDS, timeouts: { request: '1s', perTry: '2s' } }],
  [{ backends: BACKENDS, timeouts: { request: -5 } }],
  [{ backends: BACKENDS, matches: [{}] }],
  [{ backends: BACKENDS, matches: [{ path: { regex: '(a+)+$(' } }] }],
  [{ backends: BACKENDS, matches: [{ path: { regex: '(?=x)y' } }] }],
  [{ backends: BACKENDS, matches: [{ path: { prefix: 'items' } }] }],
  [{ backends: BACKENDS, matches: [{ method: 'G T' }] }],
  [{ backends: BACKENDS, matches: [{ headers: [{ name: 'a b', exact: 'c' }] }] }],
  [{ backends: BACKENDS, requestHeaders: { set: { 'x\r\ny': 'z' } } }],
  Array.from({ length: 65 }, () => ({ backends: BACKENDS })),
];

/** The same for a policy. */
const POLICIES: readonly object[] = [
  { timeouts: { connect: '0s' } },
  { timeouts: { idle: '9000h' } },
  { balancer: { type: 'best' } },
  { connections: { perEndpoint: 0 } },
  { connections: { waiting: 1e9 } },
];

export const poisons: readonly string[] = [
  ...TEXTS,
  ...RULES.map((rules) => objectText('TrafficRoute', { rules })),
  ...POLICIES.map((policy) => objectText('ResiliencePolicy', policy)),
];

function objectText(kind: string, spec: object): string {
  const apiVersion = 'remora.dev/v1alpha1';
  return stringify({ apiVersion, kind, metadata: META, spec: { ...TARGET, ...spec } });
}
