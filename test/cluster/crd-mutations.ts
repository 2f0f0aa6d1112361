/**
 * For each rule of the CRDs' expression language a change of a right object that breaks it.
 *
 * Rules are found by walking the CRDs, and a change by the sentence of the rule, since one
 * declaration of a setting makes its rule at every place where the setting stands. A rule without a
 * change here fails the test that asks for one.
 *
 * Pure. Used by `crds.test.ts`.
 */
import type { Schema } from '../../control-plane/src/install/crd-schema.ts';

export interface FoundRule {
  /** `spec.rules[].timeouts.perTry`; empty: of the whole object. */
  readonly path: string;
  readonly rule: string;
  readonly message: string;
}

type Value = Readonly<Record<string, unknown>>;
/** Gets the value that the rule is about, and gives a wrong one. */
type Change = (value: unknown, rule: FoundRule) => unknown;

export function* rulesIn(schema: Schema, path = ''): Iterable<FoundRule> {
  for (const rule of schema['x-kubernetes-validations'] ?? []) {
    yield { path, ...(rule as { rule: string; message: string }) };
  }
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const at = path === '' ? name : `${path}.${name}`;
    yield* rulesIn(field, at);
    if (field.items !== undefined) yield* rulesIn(field.items, `${at}[]`);
  }
}

/** None: nobody has thought of one. */
export function changesFor({ message }: FoundRule): readonly Change[] {
  const own = Object.entries(OWN).find(([start]) => message.startsWith(start));
  if (own !== undefined) return [own[1]].flat();
  if (message.startsWith('must be a duration of')) return durationChanges(message);
  const choice = /^(exactly|at least) one of (.*) must be given$/.exec(message);
  const names = choice?.[2]?.split(', ') ?? [];
  const [first = '', second = ''] = names;
  if (choice?.[1] === 'exactly') return [without(names), withBoth(first, second)];
  return choice === null ? [] : [without(names)];
}

function without(names: readonly string[]): Change {
  return (value) => {
    const kept = Object.entries(value as Value).filter(([name]) => !names.includes(name));
    return Object.fromEntries(kept);
  };
}

function withBoth(...names: readonly [string, string]): Change {
  const right = names.map((name) => [name, RIGHT[name]]);
  return withFields(Object.fromEntries(right));
}

function durationChanges(message: string): readonly Change[] {
  const [, min, max, unit] = /of (\S+) to (\d+)(ms|s|m|h)$/.exec(message) ?? [];
  const tooLong = () => `${Number(max) + 1}${unit}`;
  return min === '0s' ? [tooLong] : [tooLong, () => '0s'];
}

function withFields(fields: Value): Change {
  return (value) => ({ ...(value as Value), ...fields });
}

const backends = [{ service: 'catalog-v1' }];
const PREFIX = { path: { prefix: '/b' } };
const EXACT = [{ path: { exact: '/a' } }];

const NOT_OF_A_REDIRECT: Value = {
  ...{ retries: {}, hedge: { after: '1s' }, breaker: {}, spillover: false, duplicates: {} },
  fallback: { service: 'a' },
};

/** Of alternatives, values that are right by themselves. */
const RIGHT: Value = {
  ...{ exact: '/a', prefix: '/a', regex: '/a', full: '/a', header: 'x-a', cookie: 'a' },
  ...{ peer: true, delay: '1s', abort: 503 },
};

/** By how the sentence begins. */
const OWN: Readonly<Record<string, Change | readonly Change[]>> = {
  'at most one of backends and redirect may be given': () => ({
    backends,
    redirect: { hostname: 'a' },
  }),
  'a redirect has a path and a hostname of its own: rewrite cannot stand beside it': () => ({
    redirect: { hostname: 'a' },
    rewrite: { hostname: 'b' },
  }),
  'a redirect asks no backend': Object.entries(NOT_OF_A_REDIRECT).map(([name, value]) => () => ({
    redirect: { hostname: 'a' },
    [name]: value,
  })),
  'an exact or regex path has no prefix that path.prefix could replace': (_value, { rule }) =>
    rule.includes('self.rewrite')
      ? { matches: EXACT, backends, rewrite: PREFIX }
      : { matches: EXACT, redirect: PREFIX },
  'hedge.after is not shorter than the timeouts, so no hedge would be sent': (_value, { rule }) => {
    const timeouts = rule.includes('timeouts.perTry') ? { perTry: '1s' } : { request: '1s' };
    return { backends, hedge: { after: '1s' }, timeouts };
  },
  'duplicates are found beside the instance, where a match by source cannot be told': () => ({
    backends,
    matches: [{ source: { workload: 'w' } }],
    duplicates: {},
  }),
  'perTry is longer than request, which ends the request first': withFields({
    perTry: '2s',
    request: '1s',
  }),
  'base is longer than max, to which it would grow': withFields({ base: '2s', max: '1s' }),
  'penalty is longer than penaltyMax, to which it would grow': withFields({
    penalty: '2s',
    penaltyMax: '1s',
  }),
  'a factor of at most 1 would eject endpoints that are as quick as the others': () => 1,
  'of statuses only 408, 425, 429, 500 to 599 may be tried again': () => 410,
  'a claim cannot be trusted before callers have an identity, which is for a later release':
    () => ({ claim: 'sub' }),
  'there is one MeshConfig, and its name is mesh': (value) => ({
    ...(value as Value),
    metadata: { name: 'other' },
  }),
};

/** The object with the value at the first place that the path leads to changed; null: nowhere. */
export function changedAt(object: unknown, path: string, change: (value: unknown) => unknown) {
  return changed(object, path === '' ? [] : path.replaceAll('[]', '.[]').split('.'), change);
}

function changed(
  value: unknown,
  [step, ...rest]: readonly string[],
  change: (value: unknown) => unknown,
): unknown {
  if (step === undefined) return change(value);
  if (step === '[]') {
    if (!Array.isArray(value)) return null;
    for (const [at, item] of value.entries()) {
      const made = changed(item, rest, change);
      if (made !== null) return value.with(at, made);
    }
    return null;
  }
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return null;
  const made = changed((value as Value)[step], rest, change);
  return made === null ? null : { ...value, [step]: made };
}
