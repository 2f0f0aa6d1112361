import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RecordsPage } from '../publish/query-pages.ts';
import type { RouteStatus, Status } from '../status.ts';
import type { Page } from './control-client.ts';
import { joinPages } from './join-pages.ts';

const ok = <T>(body: T): Page<T> => ({ body, refusal: null });
const refused = (status: number): Page<never> => {
  return { body: null, refusal: { status, why: `why ${status}`, next: '' } };
};

function statusOf(proxy: string, applied: number, interested: number): Status {
  const route: RouteStatus = {
    ...{ kind: 'TrafficRoute', namespace: 'shop', name: 'canary', generation: 1 },
    ...{ target: 'shop/catalog', rules: [] },
    conditions: [
      { type: 'Accepted', status: 'True', reason: 'Accepted', message: '', observedGeneration: 1 },
      { type: 'Applied', status: 'Unknown', reason: 'Unused', message: '', observedGeneration: 1 },
    ],
    applied: { applied, interested, refused: [] },
  };
  const problem = {
    file: 'x',
    line: 1,
    column: 1,
    object: null,
    field: '',
    message: '',
    remedy: '',
  };
  const proxies = [{ name: proxy, namespace: 'shop', workload: proxy, uses: 1 }];
  return { routes: [route], proxies, problems: [problem] };
}

describe('the answers of two replicas', () => {
  test('are one status: proxies of both, each route and mistake once, counts summed', () => {
    const pages = [ok(statusOf('a', 1, 1)), ok(statusOf('b', 1, 2))];
    const { routes, proxies, problems } = joinPages('/v1/status', pages).body as Status;
    assert.deepEqual(
      proxies.map(({ name }) => name),
      ['a', 'b'],
    );
    assert.deepEqual([routes.length, problems.length], [1, 1]);
    assert.deepEqual(routes[0]?.applied, { applied: 2, interested: 3, refused: [] });
    const applied = routes[0]?.conditions.find(({ type }) => type === 'Applied');
    assert.deepEqual([applied?.status, applied?.reason], ['False', 'Pending']);
  });

  test('are one page of records', () => {
    const page = (asked: number): RecordsPage => ({ records: [], leftOut: 1, asked, silent: [] });
    const joined = joinPages('/v1/tap?x', [ok(page(2)), ok(page(3))]);
    assert.deepEqual(joined.body, { records: [], leftOut: 2, asked: 5, silent: [] });
  });

  test('are a refusal where one refuses what all must say', () => {
    const joined = joinPages('/v1/status', [ok(statusOf('a', 1, 1)), refused(0)]);
    assert.equal(joined.refusal?.status, 0);
  });

  test("are the owner's alone for a proxy, and the others' 404 is no refusal", () => {
    const path = '/v1/proxies/a/stats';
    assert.equal(joinPages(path, [refused(404), ok('mine')]).body, 'mine');
    assert.equal(joinPages(path, [refused(404), refused(504)]).refusal?.status, 504);
    assert.equal(joinPages(path, [refused(404), refused(404)]).refusal?.status, 404);
  });
});
