/**
 * Claims about the verbs that ask proxies, against a real control plane with proxies on real
 * streams: what they print, and with which code they end.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { RequestRecord } from '@remora/api/request-record.ts';
import type { ProxyQuery } from '@remora/api/wire.ts';
import { type ControlPlane, startControlPlane } from '../control-plane.ts';
import { silentLog } from '../log.ts';
import type { RecordsPage } from '../publish/query-pages.ts';
import { sampleRecord } from '../publish/sample-record.ts';
import { StreamClient } from '../publish/stream-client.ts';
import { config } from './config.ts';
import { EXIT_FOUND, EXIT_OK, EXIT_UNAVAILABLE, EXIT_USAGE, type ExitCode } from './exit-codes.ts';
import { explain } from './explain.ts';
import { stat } from './stat.ts';
import { status } from './status.ts';
import { calleeRecord, callerRecord } from './story-fixture.ts';
import { tap } from './tap.ts';
import { top } from './top.ts';
import type { Io, Verb } from './verb.ts';

interface Ran {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

const ends: (() => unknown)[] = [];
let mesh: ControlPlane;

beforeEach(async () => {
  mesh = await startMesh();
});

async function startMesh(): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), 'remora-looking-'));
  ends.push(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'web.yaml'), '');
  const listen = { host: '127.0.0.1', port: 0 };
  const started = await startControlPlane({ folder, listen, log: silentLog });
  ends.push(() => started.close());
  return started;
}

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A proxy that answers so; undefined: not at all, as one of an older version. */
async function proxy(
  name: string,
  answer: (query: ProxyQuery) => unknown,
  at: { readonly url?: string; readonly namespace?: string } = {},
): Promise<void> {
  const client = await StreamClient.connect({ url: mesh.url, name, ...at });
  ends.push(() => client.close());
  client.onMessage = (message) => {
    const answered = message.type === 'query' ? answer(message.query) : undefined;
    if (message.type !== 'query' || answered === undefined) return;
    client.say({ type: 'answer', id: message.id, answer: answered });
  };
}

async function run(
  verb: Verb,
  args: readonly string[],
  options: Record<string, string | boolean> = {},
  parts: Partial<Io> = {},
): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    terminal: { write: (text) => void out.push(text) },
    env: {},
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    onInterrupt() {},
    ...parts,
  };
  const code = await verb.run(args, { control: mesh.url, ...options }, io);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

function holding(...records: readonly RequestRecord[]) {
  return ({ kind }: ProxyQuery) => (kind === 'explain' ? { records, leftOut: 0 } : undefined);
}

describe('remora explain', () => {
  test('joins what two proxies know, and names a third that does not answer', async () => {
    await proxy('storefront-0', holding(callerRecord));
    await proxy('catalog-v2-0', holding(calleeRecord));
    await proxy('old-0', () => undefined);
    const { code, out, err } = await run(explain, [callerRecord.requestId]);
    assert.equal(code, EXIT_OK);
    assert.match(out, /shop\/storefront-0[\s\S]*attempt 2[\s\S]*shop\/catalog-v2-0/);
    assert.match(err, /Proxy old-0 did not answer: no answer in 2000 ms/);
  });

  test('says why there may be no record, and what to type', async () => {
    await proxy('storefront-0', holding());
    const { code, out, err } = await run(explain, ['nobody']);
    assert.deepEqual([code, out], [EXIT_FOUND, '']);
    assert.match(err, /None of 1 proxies has a record of request nobody[\s\S]*remora tap/);
  });

  test('prints JSON for programs, and colours only for eyes', async () => {
    await proxy('storefront-0', holding(callerRecord));
    const { out } = await run(explain, ['x'], { json: true });
    assert.deepEqual((JSON.parse(out) as RecordsPage).records, [callerRecord]);
    const terminal = { write: () => true, isTTY: true, columns: 80 };
    const seen = async (env: Record<string, string>) =>
      (await run(explain, ['x'], {}, { terminal, env })).out.includes('\u001b[');
    assert.deepEqual([await seen({}), await seen({ NO_COLOR: '1' })], [true, false]);
  });

  test('says what to start where there is no control plane', async () => {
    const { code, err } = await run(explain, ['x'], { control: 'http://127.0.0.1:1' });
    assert.equal(code, EXIT_UNAVAILABLE);
    assert.match(err, /Start a mesh with `remora dev FOLDER`/);
  });
});

describe('remora tap', () => {
  test('shows a request once though two windows saw it, and ends in time', async () => {
    const query: ProxyQuery[] = [];
    await proxy('storefront-0', (asked) => {
      query.push(asked);
      return { records: [sampleRecord()], leftOut: 3 };
    });
    const options = { for: '2s', failed: true, method: 'get', path: '/i' };
    const { code, out, err } = await run(tap, ['canary'], options);
    assert.equal(code, EXIT_OK);
    assert.equal(out.split('\n').length, 1);
    assert.match(out, /storefront-0 → GET catalog\/items 200 12\.0 ms .* r-1$/);
    assert.match(err, /at least 3 more are not shown/);
    const [first] = query;
    assert(query.length > 1 && first?.kind === 'tap');
    const filter = { route: 'canary', onlyFailed: true, method: 'GET', path: '/i' };
    assert.deepEqual(first.filter, filter);
  });

  test('ends at once at Ctrl-C', async () => {
    await proxy('storefront-0', () => undefined);
    const startedAtMs = performance.now();
    const onInterrupt = (heard: (isRepeated: boolean) => void) => {
      setTimeout(() => heard(false), 50);
    };
    const { code } = await run(tap, [], {}, { onInterrupt });
    assert.equal(code, EXIT_OK);
    assert(performance.now() - startedAtMs < 1_000);
  });

  test('is used wrongly with a duration without its unit', async () => {
    const { code, err } = await run(tap, [], { for: '10' });
    assert.deepEqual([code, /10s/.test(err)], [EXIT_USAGE, true]);
  });
});

/** Counters that grow with each look; 10 requests to one backend, one of them failed. */
function counting() {
  let looks = 0;
  return ({ kind }: ProxyQuery) => {
    if (kind !== 'stats') return undefined;
    looks++;
    const counted = { requests: 10 * looks, failures: looks, latency: [[10, 10 * looks]] };
    const labels = { destination: 'catalog.shop:80', rule: 'canary', backend: 'catalog.shop:80' };
    return { routes: [{ ...labels, ...counted }] };
  };
}

describe('remora stat and remora top', () => {
  test('show growth and not what was counted before, summed over a workload', async () => {
    await proxy('storefront-0', counting());
    const { code, out } = await run(stat, [], { for: '100ms', json: true });
    assert.equal(code, EXIT_OK);
    const [row, ...more] = (JSON.parse(out) as { rows: Record<string, number>[] }).rows;
    assert.deepEqual([more.length, row?.['successRatio']], [0, 0.9]);
  });

  test('are one table and the end where there is no terminal', async () => {
    await proxy('storefront-0', counting());
    const { code, out } = await run(top, []);
    assert.equal(code, EXIT_OK);
    assert.match(out, /^ROUTE .*\ncanary +storefront-0\.shop +catalog\.shop +\d+\.\d +90\.0%/);
  });

  test('say that nothing came, of a route that nobody has', async () => {
    await proxy('storefront-0', counting());
    const { code, out, err } = await run(stat, ['cart'], { for: '50ms' });
    assert.deepEqual([code, out], [EXIT_OK, '']);
    assert.match(err, /No request of a route like "cart"/);
  });
});

/** A page whose application got 30 requests and made 30 calls. */
function passing(continued: number) {
  const traces = { outbound: { continued, begun: 30 - continued } };
  const page = { inbound: [{ port: 80, requests: 30 }], traces };
  return ({ kind }: ProxyQuery) => (kind === 'stats' ? page : undefined);
}

describe('remora status', () => {
  test('warns of who drops traces, names who did not say, and ends as before', async () => {
    await proxy('cart', passing(30));
    await proxy('orders', passing(0));
    await proxy('old-0', ({ kind }) => (kind === 'stats' ? { routes: [] } : undefined));
    const { code, out, err } = await run(status, []);
    assert.equal(code, EXIT_OK);
    assert.deepEqual(out.match(/^! [^ ]+/gm), ['! orders.shop']);
    assert.match(err, /What 1 of 3 proxies did to traces is unknown\. old-0: .*another version/);
    assert.match(out, /^old-0 +shop +0$/m);
  });

  test('prints the same as JSON, for programs', async () => {
    await proxy('orders', passing(1));
    const { out } = await run(status, [], { json: true });
    const { proxies, traces } = JSON.parse(out) as Record<string, unknown>;
    assert.deepEqual(proxies, [{ name: 'orders', namespace: 'shop', workload: 'orders', uses: 0 }]);
    const broken = { workload: 'orders', namespace: 'shop', received: 30, sent: 30, continued: 1 };
    assert.deepEqual(traces, { broken: [broken], silent: [] });
  });
});

describe('remora config', () => {
  test('prints what the proxy says, in words or as it is', async () => {
    const page = { format: 'remora-snapshot/1', destinations: {} };
    await proxy('storefront-0', () => page);
    assert.match((await run(config, ['storefront-0'])).out, /storefront-0: 0 destinations/);
    const { out } = await run(config, ['storefront-0'], { json: true });
    assert.deepEqual(JSON.parse(out), page);
  });

  test('names the proxies that may be meant', async () => {
    await proxy('storefront-0', () => undefined);
    const { code, err } = await run(config, ['storefrnt-0']);
    assert.deepEqual([code, /Did you mean storefront-0\?/.test(err)], [EXIT_USAGE, true]);
  });

  test('finds a proxy at any replica, and asks which where two have that name', async () => {
    const second = await startMesh();
    const control = `${mesh.url},${second.url}`;
    const page = { format: 'remora-snapshot/1', destinations: {} };
    await proxy('client', () => page, { url: second.url, namespace: 'other' });
    await proxy('unlike-it', () => page);
    assert.match((await run(config, ['client'], { control })).out, /client: 0 destinations/);
    assert.match((await run(config, ['clien'], { control })).err, /Did you mean client\?/);
    await proxy('client', () => page, { namespace: 'shop' });
    const { code, err } = await run(config, ['client'], { control });
    assert.equal(code, EXIT_USAGE);
    assert.match(
      err,
      /Several proxies are called client\.\nDid you mean shop\/client, other\/client/,
    );
    const one = await run(config, ['other/client'], { control });
    assert.match(one.out, /other\/client: 0 destinations/);
  });
});
