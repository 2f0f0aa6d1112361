/** What objects may say on failing well: each field's bounds, and what may not stand together. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type MeshObject, type Problem, parseObject } from './objects.ts';

const OURS = 'remora.dev/v1alpha1';
const backends = [{ service: 'catalog' }];

function policy(spec: object, targetNamespace?: string): unknown {
  const targetRef = { name: 'catalog', ...(targetNamespace && { namespace: targetNamespace }) };
  const metadata = { name: 'catalog', namespace: 'shop' };
  return { apiVersion: OURS, kind: 'ResiliencePolicy', metadata, spec: { targetRef, ...spec } };
}

function route(rule: object, targetNamespace?: string): unknown {
  const targetRef = { name: 'catalog', ...(targetNamespace && { namespace: targetNamespace }) };
  const metadata = { name: 'catalog', namespace: 'shop' };
  return {
    apiVersion: OURS,
    kind: 'TrafficRoute',
    metadata,
    spec: { targetRef, rules: [{ backends, ...rule }] },
  };
}

function objectOf(value: unknown): MeshObject {
  const parsed = parseObject(value);
  assert.deepEqual(parsed.is === 'mistaken' ? parsed.problems : [], []);
  assert.ok(parsed.is === 'object');
  assert.deepEqual(parsed.warnings, []);
  return parsed.object;
}

function specOf(spec: object) {
  const object = objectOf(policy(spec));
  assert.ok(object.kind === 'ResiliencePolicy');
  return object.spec;
}

/** The one mistake in `value`. */
function mistakeIn(value: unknown): { readonly field: string } & Problem {
  const parsed = parseObject(value);
  assert.ok(parsed.is === 'mistaken', JSON.stringify(value));
  const [problem, ...more] = parsed.problems;
  assert.deepEqual(more, []);
  assert.ok(problem !== undefined && problem.message !== '' && problem.remedy !== '');
  return { ...problem, field: problem.path.join('.').replace(/^spec\.(rules\.0\.)?/, '') };
}

describe('a bound', () => {
  const cases: readonly (readonly [field: string, within: unknown[], beyond: unknown[]])[] = [
    ['retries.attempts', [0, 10], [-1, 11, 1.5, '1']],
    ['retries.backoff.base', ['1ms', '1m'], ['0s', '61s', 25]],
    ['retries.backoff.max', ['1ms', '1m'], ['0s', '61s']],
    ['retryBudget.percent', [0, 0.5, 100], [-1, 101]],
    ['retryBudget.minPerSecond', [0, 100_000], [-1, 0.5, 100_001]],
    ['ejection.failures', [0, 1_000], [-1, 1_001]],
    ['ejection.successPercent', [0, 99.5, 100], [-1, 101]],
    ['ejection.latencyFactor', [0, 1.01, 100], [-1, 0.5, 1, 101]],
    ['ejection.window', ['1s', '10m'], ['999ms', '11m']],
    ['ejection.requests', [1, 100_000], [0, 100_001]],
    ['ejection.penalty', ['100ms', '1h'], ['99ms', '2h']],
    ['ejection.penaltyMax', ['100ms', '1h'], ['99ms', '2h']],
    ['ejection.percentMax', [0, 100], [-1, 101]],
    ['ejection.panicPercent', [0, 100], [-1, 101]],
    ['limits.inFlight', [1, 65_535], [0, 65_536]],
    ['limits.waiting', [0, 65_535], [-1, 65_536]],
    ['limits.wait', ['0s', '1m'], ['61s']],
    ['limits.adaptive', [true, false], ['yes']],
  ];
  for (const [field, within, beyond] of cases) {
    test(`on ${field} lets ${within.join(', ')} pass and not ${beyond.join(', ')}`, () => {
      for (const value of within) objectOf(policy(nested(field, value)));
      for (const value of beyond)
        assert.equal(mistakeIn(policy(nested(field, value))).field, field);
    });
  }

  const ofRules: readonly (readonly [field: string, within: unknown[], beyond: unknown[]])[] = [
    ['hedge.after', ['1ms', '1m'], ['0s', '61s']],
    ['breaker.failures', [1, 1_000], [0, 1_001]],
    ['breaker.cooldown', ['100ms', '1h'], ['99ms', '61m']],
    ['duplicates.keep', ['1s', '1h'], ['999ms', '2h']],
    ['priority', ['critical', 'default', 'sheddable'], ['high']],
    ['spillover', [true, false], ['yes']],
    ['fallback.service', ['catalog-static'], ['Catalog']],
  ];
  for (const [field, within, beyond] of ofRules) {
    test(`on a rule's ${field} lets ${within.join(', ')} pass and not ${beyond.join(', ')}`, () => {
      for (const value of within) objectOf(route(nested(field, value)));
      for (const value of beyond) assert.equal(mistakeIn(route(nested(field, value))).field, field);
    });
  }

  test('on lists lets 16 statuses, 8 faults and 8 rate limits pass and no more', () => {
    const many = <T>(count: number, item: T) => Array.from({ length: count }, () => item);
    const fault = { abort: 503, percent: 1 };
    const limit = { perSecond: 1, all: true };
    objectOf(policy({ retries: { statuses: many(16, 503) }, rateLimit: many(8, limit) }));
    objectOf(route({ faults: many(8, fault) }));
    assert.equal(mistakeIn(policy({ rateLimit: many(9, limit) })).field, 'rateLimit');
    assert.equal(mistakeIn(route({ faults: many(9, fault) })).field, 'faults');
    const statuses = { retries: { statuses: many(17, 503) } };
    assert.equal(mistakeIn(policy(statuses)).field, 'retries.statuses');
  });
});

describe('the statuses that are tried again', () => {
  test('may be 408, 425, 429 and every 5xx', () => {
    for (const status of [408, 425, 429, 500, 503, 599]) {
      objectOf(policy({ retries: { statuses: [status] } }));
    }
  });

  test('may be no other 4xx, and the reason is that the request is wrong', () => {
    for (const status of [400, 401, 404, 409, 422, 499]) {
      const { field, message } = mistakeIn(route({ retries: { statuses: [503, status] } }));
      assert.equal(field, 'retries.statuses.1');
      assert.match(message, new RegExp(`^${status} says that the request is wrong`));
    }
  });

  test('are no success and no redirect', () => {
    for (const status of [100, 200, 304, 399, 600]) {
      assert.match(mistakeIn(policy({ retries: { statuses: [status] } })).message, /no failure/);
    }
  });
});

describe('a fault', () => {
  test('is exactly one thing that goes wrong, and says for how many', () => {
    for (const kind of [{ delay: '1s' }, { abort: 503 }, { reset: true }, { slowBody: 1 }]) {
      objectOf(route({ faults: [{ ...kind, percent: 1 }] }));
      assert.equal(mistakeIn(route({ faults: [kind] })).field, 'faults.0.percent');
      const two = { delay: '1s', abort: 503, reset: true, ...kind };
      assert.equal(mistakeIn(route({ faults: [{ ...two, percent: 1 }] })).field, 'faults.0');
    }
    assert.equal(mistakeIn(route({ faults: [{ percent: 1 }] })).field, 'faults.0');
  });

  test('aborts with 400 to 599 and nothing else', () => {
    for (const abort of [400, 599]) objectOf(route({ faults: [{ abort, percent: 1 }] }));
    for (const abort of [200, 399, 600]) {
      assert.equal(mistakeIn(route({ faults: [{ abort, percent: 1 }] })).field, 'faults.0.abort');
    }
  });

  test('meets 0 to 100 of a hundred', () => {
    for (const percent of [0, 0.1, 100]) objectOf(route({ faults: [{ abort: 503, percent }] }));
    for (const percent of [-1, 101]) {
      const wrong = route({ faults: [{ abort: 503, percent }] });
      assert.equal(mistakeIn(wrong).field, 'faults.0.percent');
    }
  });

  test('has a cohort of exactly one key', () => {
    const fault = { abort: 503, percent: 1 };
    objectOf(route({ faults: [{ ...fault, cohort: { header: 'x-user', salt: 'a' } }] }));
    for (const cohort of [{}, { salt: 'a' }, { header: 'x-user', cookie: 'a' }]) {
      const { field } = mistakeIn(route({ faults: [{ ...fault, cohort }] }));
      assert.equal(field, 'faults.0.cohort');
    }
  });
});

describe('what may not stand together', () => {
  test('is a backoff whose base is over its max', () => {
    objectOf(policy({ retries: { backoff: { base: '1s', max: '1s' } } }));
    const wrong = policy({ retries: { backoff: { base: '1001ms', max: '1s' } } });
    assert.equal(mistakeIn(wrong).field, 'retries.backoff.base');
  });

  test('is a penalty over its max', () => {
    objectOf(policy({ ejection: { penalty: '1s', penaltyMax: '1s' } }));
    const wrong = policy({ ejection: { penalty: '2s', penaltyMax: '1s' } });
    assert.equal(mistakeIn(wrong).field, 'ejection.penalty');
  });

  test('is a hedge that comes no sooner than a timeout of its rule', () => {
    objectOf(route({ hedge: { after: '1s' }, timeouts: { perTry: '1001ms', request: '0s' } }));
    objectOf(route({ hedge: { after: '1s' }, timeouts: { perTry: '0s' } }));
    for (const timeout of ['perTry', 'request']) {
      const wrong = route({ hedge: { after: '1s' }, timeouts: { [timeout]: '1s' } });
      assert.equal(mistakeIn(wrong).field, 'hedge.after');
    }
  });

  const forBackends = {
    retries: {},
    hedge: { after: '1s' },
    breaker: {},
    spillover: true,
    fallback: { service: 'catalog' },
    duplicates: {},
  };
  for (const [field, value] of Object.entries(forBackends)) {
    test(`is ${field} and a redirect`, () => {
      const rule = { backends: undefined, redirect: {}, [field]: value };
      assert.equal(mistakeIn(route(rule)).field, field);
    });
  }

  test('are duplicates and a match by source, which the receiving side cannot tell', () => {
    const matches = [{ method: 'POST' }, { source: { namespace: 'blog' } }];
    objectOf(route({ duplicates: {}, matches: matches.slice(0, 1) }));
    assert.equal(mistakeIn(route({ duplicates: {}, matches })).field, 'duplicates');
  });

  test('are a rate limit or duplicates, and a Service of another namespace', () => {
    const rateLimit = [{ perSecond: 1, peer: true }];
    objectOf(policy({ rateLimit }, 'shop'));
    objectOf(route({ duplicates: {} }, 'shop'));
    objectOf(policy({ limits: { inFlight: 1 } }, 'blog'));
    assert.equal(mistakeIn(policy({ rateLimit }, 'blog')).field, 'rateLimit');
    assert.equal(mistakeIn(route({ duplicates: {} }, 'blog')).field, 'duplicates');
  });

  test('are two keys of one rate limit, or none', () => {
    const wrong = [{}, { header: 'x-user', peer: true }, { peer: true, all: true }];
    for (const keys of wrong) {
      const value = policy({ rateLimit: [{ perSecond: 1, ...keys }] });
      assert.equal(mistakeIn(value).field, 'rateLimit.0');
    }
  });
});

describe('what a policy says', () => {
  test('becomes the words and units of the wire, and only what is said', () => {
    const { retries, retryBudget, ejection, limits } = specOf({
      retries: { attempts: 3, backoff: { max: '1s' } },
      retryBudget: { percent: 5 },
      ejection: { successPercent: 90, penalty: '2s' },
      limits: { wait: '1s', adaptive: false },
    });
    assert.deepEqual(defined({ ...retries }), { retriesMax: 3, backoffMaxMs: 1_000 });
    assert.deepEqual(defined({ ...retryBudget }), { ratio: 0.05 });
    assert.deepEqual(defined({ ...ejection }), { successRatioMin: 0.9, penaltyMs: 2_000 });
    assert.deepEqual(defined({ ...limits }), { waitMaxMs: 1_000, adaptive: false });
  });
});

function nested(field: string, value: unknown): object {
  return field
    .split('.')
    .reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as object;
}

function defined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));
}
