/** Claims about ordering lines of the access log by HTTP: what is taken, refused and shown. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { ManualClock } from '../clock.ts';
import { ControlWorld } from '../control/control-fixture.ts';
import * as limits from '../limits.ts';
import { AccessLog } from '../telemetry/access-log.ts';
import { accessReference } from '../telemetry/access-reference.ts';
import { LineLog } from '../telemetry/log.ts';
import { adminWorld, urlOf } from './admin-fixture.ts';
import { ACCESS_PARAMETERS, readAccessOrder } from './access-log-query.ts';
import { ADMIN_PAGES, AdminServer, METRICS_PAGES } from './server.ts';

const PAGE = new URL('../../../docs/access-log.md', import.meta.url);

interface State {
  readonly mode: string;
  readonly filters: readonly Readonly<Record<string, unknown>>[];
}

test('docs/access-log.md says what the code says; REMORA_WRITE=1 writes it anew', () => {
  const page = accessReference(ACCESS_PARAMETERS);
  if (process.env['REMORA_WRITE'] === '1') writeFileSync(PAGE, page);
  assert.equal(readFileSync(PAGE, 'utf8'), page);
});

describe('an order', () => {
  const everything = {
    ...{ mode: 'all', sample: 1, rule: null, status: null, method: null, path: null },
    ...{ minDurationMs: 0, direction: null },
  };
  const filterOf = (query: string) => {
    const order = readAccessOrder(query);
    assert(order !== null && typeof order === 'object', String(order));
    return order.filter;
  };

  test('is everything for a minute where it says no more', () => {
    assert.deepEqual(readAccessOrder('mode=all'), { filter: everything, forMs: 60_000 });
  });

  test('says what to log, and for how long', () => {
    const query =
      'mode=errors&for=10m&sample=0.1&rule=canary%2F0&status=500-504&method=POST' +
      '&path=/caf%C3%A9&minDuration=250ms&direction=inbound';
    assert.deepEqual(readAccessOrder(query), {
      filter: {
        ...{ mode: 'errors', sample: 0.1, rule: 'canary/0', status: { from: 500, to: 504 } },
        ...{ method: 'POST', path: '/café', minDurationMs: 250, direction: 'inbound' },
      },
      forMs: 600_000,
    });
  });

  test('takes a class, a code or a range', () => {
    assert.deepEqual(filterOf('status=5xx').status, { from: 500, to: 599 });
    assert.deepEqual(filterOf('status=503').status, { from: 503, to: 503 });
    assert.deepEqual(filterOf('status=404-404').status, { from: 404, to: 404 });
  });

  test('takes durations in three units', () => {
    const ms = ['5ms', '5s', '5m'].map((text) => filterOf(`minDuration=${text}`).minDurationMs);
    assert.deepEqual(ms, [5, 5_000, 300_000]);
  });

  test('takes its own examples', () => {
    for (const { example, name } of ACCESS_PARAMETERS) {
      for (const each of example.split(/, | or /)) {
        assert.equal(typeof readAccessOrder(each), 'object', `${name}: ${each}`);
      }
    }
  });

  test('to go back to the default is null, and stands alone', () => {
    assert.equal(readAccessOrder('mode=default'), null);
    assert.match(String(readAccessOrder('mode=default&rule=a')), /give nothing beside it/);
  });

  const mistakes = [
    ...['mode=none', 'mode=', 'mode', 'for=0s', 'for=11m', 'for=600001ms', 'for=60', 'for=1h'],
    ...[
      'for=1.5s',
      'sample=0',
      'sample=0.0',
      'sample=1.5',
      'sample=10%25',
      'sample=',
      'sample=1e-1',
    ],
    ...['rule=', 'status=6xx', 'status=5XX', 'status=99', 'status=600', 'status=504-500'],
    ...['status=500-', 'method=get', 'method=', 'path=products', 'path=', 'minDuration=0ms'],
    ...['minDuration=fast', 'direction=in', 'rule=%zz', 'path=/%ff'],
  ];
  for (const mistake of mistakes) {
    test(`is not ${mistake}: it names the place, what must be there, and an example`, () => {
      const [name = ''] = mistake.split('=');
      const said = String(readAccessOrder(mistake));
      const { must, example } = ACCESS_PARAMETERS.find((each) => each.name === name)!;
      assert(said.startsWith(`${name}=`), said);
      assert(said.includes(must) && said.endsWith(example), said);
    });
  }

  test('is not a parameter that does not exist: it says which one was meant', () => {
    const said = String(readAccessOrder('minduration=1s'));
    assert.match(said, /^minduration is no parameter .* did you mean minDuration\?.*direction\.$/);
  });

  test('is not the same parameter twice, and not nothing', () => {
    assert.match(String(readAccessOrder('rule=a&mode=all&rule=b')), /^rule is given twice/);
    assert.match(String(readAccessOrder('')), /^say what to log, such as \?mode=all/);
    assert.match(String(readAccessOrder('&')), /^say what to log/);
  });
});

describe('/access-log', () => {
  const control = new ControlWorld();
  const clock = new ManualClock();
  const log = new LineLog({ writableLength: 0, write: () => true }, 'remora-proxy', () => 0);
  const accessLog = new AccessLog({ mode: 'errors', sample: 1 }, log, clock);
  const world = adminWorld(control, { accessLog });
  const servers = [new AdminServer(ADMIN_PAGES, world), new AdminServer(METRICS_PAGES, world)];
  let urls: string[] = [];

  before(async () => {
    const bound = await Promise.all(servers.map(async (server) => await urlOf(server)));
    urls = bound.map((url) => `${url}/access-log`);
  });

  after(async () => {
    await Promise.all(servers.map(async (server) => await server.close()));
  });

  async function send(method: string, query = ''): Promise<{ status: number; text: string }> {
    const response = await fetch(urls[0]! + query, { method });
    return { status: response.status, text: await response.text() };
  }

  async function stateAfter(method: string, query = ''): Promise<State> {
    const { status, text } = await send(method, query);
    assert.equal(status, 200, text);
    return JSON.parse(text) as State;
  }

  test('shows what is in force and what it has cost', async () => {
    assert.deepEqual(await stateAfter('GET'), {
      ...{ mode: 'errors', sample: 1, filters: [] },
      lines: { written: 0, dropped: 0, droppedByRate: 0 },
    });
  });

  test('answers a POST with what is then in force, until it ends by itself', async () => {
    const { filters } = await stateAfter('POST', '?for=30s&rule=canary/0&status=5xx');
    assert.deepEqual(filters, [
      {
        ...{ mode: 'all', sample: 1, rule: 'canary/0', status: { from: 500, to: 599 } },
        ...{ method: null, path: null, minDurationMs: 0, direction: null },
        ...{ endsInMs: 30_000, matched: 0 },
      },
    ]);
    assert.equal(accessLog.wantsAll, true);
    clock.advanceMs(30_000);
    assert.deepEqual((await stateAfter('GET')).filters, []);
    assert.equal(accessLog.wantsAll, false);
  });

  test('ends all filters by DELETE and by mode=default', async () => {
    for (const [method, query] of [
      ['DELETE', ''],
      ['POST', '?mode=default'],
    ] as const) {
      assert.equal((await stateAfter('POST', '?mode=all')).filters.length, 1);
      assert.deepEqual((await stateAfter(method, query)).filters, []);
    }
  });

  test('refuses a mistake with 400, and changes nothing', async () => {
    const { status, text } = await send('POST', '?mode=all&status=5x');
    assert.equal(status, 400);
    assert.match(text, /^status=5x is not understood.*status=5xx/);
    assert.equal((await send('GET', '?mode=all')).status, 400);
    assert.equal((await send('DELETE', '?rule=a')).status, 400);
    assert.deepEqual((await stateAfter('GET')).filters, []);
  });

  test('takes so many filters, says so of the next, and forgets none', async () => {
    for (let at = 0; at < limits.accessFiltersMax; at++)
      await stateAfter('POST', `?rule=rule/${at}`);
    const { status, text } = await send('POST', '?rule=more');
    assert.equal(status, 429);
    assert.match(text, /8 filters are in force.*DELETE \/access-log/);
    assert.equal((await stateAfter('GET')).filters.length, limits.accessFiltersMax);
    await stateAfter('DELETE');
  });

  test('gives no orders on the pod address, or to web pages', async () => {
    assert.equal((await fetch(urls[1]!, { method: 'POST' })).status, 404);
    const headers = { origin: 'http://evil.example' };
    assert.equal((await fetch(`${urls[0]}?mode=all`, { method: 'POST', headers })).status, 403);
    const put = await fetch(urls[0]!, { method: 'PUT' });
    assert.equal(put.headers.get('allow'), 'GET, POST, DELETE');
    assert.equal(accessLog.wantsAll, false);
  });
});
