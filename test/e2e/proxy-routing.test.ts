/**
 * Routes through a real proxy: which origin is reached, in which share, with which request.
 *
 * What a rule means is tested where it is decided; here stands what a user sees, with the answers
 * that the Gateway API's mesh rules ask for: 404 without a match, 500 for the share of an invalid
 * backend, 503 for the share of a backend without endpoints.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { DestinationConfig } from '@remora/api/wire.ts';
import { type Hop, startHop } from '../support/hop.ts';
import { fieldValue, fieldValues } from '../support/message-reader.ts';
import { response } from '../support/origin.ts';
import { get, type RawClient, type Response } from '../support/raw-client.ts';
import { destination, edits, keyOf, type RuleOptions } from '../support/snapshot.ts';
import { until } from '../support/waiting.ts';

const exact = (value: string) => [{ path: { type: 'exact', value } as const }];
const prefix = (value: string) => [{ path: { type: 'prefix', value } as const }];
const noTo = { scheme: null, hostname: null, port: null, path: null } as const;

const RULES: RuleOptions[] = [
  {
    matches: exact('/split'),
    to: [
      { backend: keyOf('v1'), weight: 90 },
      { backend: keyOf('v2'), weight: 10 },
    ],
  },
  {
    matches: exact('/zero'),
    to: [
      { backend: keyOf('v1'), weight: 1 },
      { backend: keyOf('v2'), weight: 0 },
    ],
  },
  { matches: exact('/invalid'), to: ['v1', { backend: null, invalid: 'no Service named v9' }] },
  { matches: exact('/empty'), to: ['v1', 'none'] },
  { matches: exact('/redirect'), redirect: { ...noTo, status: 301, hostname: 'new.example' } },
  {
    matches: prefix('/old'),
    redirect: { ...noTo, status: 308, scheme: 'https', path: { type: 'prefix', value: '/new' } },
  },
  {
    matches: prefix('/rewrite'),
    to: ['v1'],
    rewrite: { hostname: 'inner.example', path: { type: 'prefix', value: '/inner' } },
  },
  {
    matches: exact('/edits'),
    to: [
      {
        backend: keyOf('v1'),
        requestHeaders: edits({ set: [['x-by', 'backend']] }),
        responseHeaders: edits({ add: [['x-answer', 'backend']] }),
      },
    ],
    requestHeaders: edits({ set: [['x-by', 'rule']], add: [['x-more', 'b']], remove: ['x-gone'] }),
    responseHeaders: edits({ add: [['x-answer', 'rule']], remove: ['server'] }),
  },
  {
    matches: exact('/mirror'),
    to: ['v1'],
    mirrors: [{ backend: keyOf('v2'), percent: 100 }],
  },
];

function configure(addresses: Readonly<Record<string, string>>): DestinationConfig[] {
  const backends = { v1: [addresses['v1']!], v2: [addresses['v2']!], none: [] };
  return [
    destination({ name: 'app', backends, rules: RULES }),
    destination({ name: 'plain', endpoints: [addresses['v1']!] }),
    destination({ name: 'lonely', endpoints: [] }),
  ];
}

describe('a route', () => {
  let hop: Hop;
  let client: RawClient;
  before(async () => {
    hop = await startHop(['v1', 'v2'], configure);
  });
  after(async () => await hop?.close());
  beforeEach(async () => {
    for (const [name, origin] of Object.entries(hop.origins)) {
      origin.reset();
      origin.answer = ({ connection }) =>
        connection.send(response({ body: name, fields: { server: 'origin' } }));
    }
    client?.close();
    client = await hop.connect();
  });
  after(() => client?.close());

  async function shareOf(
    path: string,
    requests: number,
    counts: (answer: Response) => boolean,
  ): Promise<number> {
    let counted = 0;
    for (let sent = 0; sent < requests; sent++) {
      if (counts(await client.ask(get(`http://app${path}`)))) counted++;
    }
    return (counted / requests) * 100;
  }

  test('splits 90 to 10, within 3 points in 2,000 requests on one connection', async () => {
    const share = await shareOf('/split', 2_000, (answer) => answer.body.toString() === 'v2');
    assert(Math.abs(share - 10) < 3, `${share}%`);
  });

  test('gives a weight of 0 nothing', async () => {
    assert.equal(await shareOf('/zero', 200, (answer) => answer.body.toString() === 'v2'), 0);
  });

  test('answers 500 for exactly the share of an invalid backend', async () => {
    const share = await shareOf('/invalid', 600, (answer) => answer.status === 500);
    assert(Math.abs(share - 50) < 10, `${share}%`);
  });

  test('answers 503 for exactly the share of a backend without endpoints', async () => {
    const share = await shareOf('/empty', 600, (answer) => answer.status === 503);
    assert(Math.abs(share - 50) < 10, `${share}%`);
  });

  test('redirects, keeping what it is not told to change', async () => {
    const moved = await client.ask(get('http://app/redirect?q=1'));
    assert.equal(moved.status, 301);
    assert.equal(fieldValue(moved.fields, 'location'), 'http://new.example/redirect?q=1');
    const prefixed = await client.ask(get('http://app/old/a/b?q=1'));
    assert.equal(prefixed.status, 308);
    assert.equal(fieldValue(prefixed.fields, 'location'), 'https://app/new/a/b?q=1');
  });

  test('rewrites the prefix and the host, and leaves the query alone', async () => {
    await client.ask(get('http://app/rewrite/a%20b?x=%2F'));
    const [request] = hop.origins['v1']!.requests;
    assert.equal(request?.target, '/inner/a%20b?x=%2F');
    assert.equal(fieldValue(request.fields, 'host'), 'inner.example');
  });

  test('edits headers both ways, the backend having the last word', async () => {
    const fields = { 'x-by': 'client', 'x-more': 'a', 'x-gone': '1', 'x-kept': '1' };
    const answer = await client.ask(get('http://app/edits', fields));
    const [request] = hop.origins['v1']!.requests;
    assert.deepEqual(fieldValues(request!.fields, 'x-by'), ['backend']);
    assert.deepEqual(fieldValues(request!.fields, 'x-more').join(',').split(/, ?/), ['a', 'b']);
    assert.equal(fieldValue(request!.fields, 'x-gone'), undefined);
    assert.equal(fieldValue(request!.fields, 'x-kept'), '1');
    assert.deepEqual(fieldValues(answer.fields, 'x-answer').join(',').split(/, ?/).sort(), [
      'backend',
      'rule',
    ]);
    assert.equal(fieldValue(answer.fields, 'server'), undefined);
  });

  test('mirrors a copy whose answer nobody waits for', async () => {
    hop.origins['v2']!.answer = () => {}; // Never answers.
    const startedAtMs = performance.now();
    const answer = await client.ask(get('http://app/mirror'));
    assert.equal(answer.body.toString(), 'v1');
    assert(performance.now() - startedAtMs < 1_000);
    await until(() => hop.origins['v2']!.requests.length === 1, 'the copy');
    assert.equal(hop.origins['v2']!.requests[0]?.target, '/mirror');
  });

  test('that matches nothing answers 404, and says that it is Remora who does', async () => {
    const answer = await client.ask(get('http://app/nowhere'));
    assert.equal(answer.status, 404);
    assert.match(fieldValue(answer.fields, 'x-remora-error') ?? '', /^RMR_/);
    assert.equal(hop.origins['v1']!.requests.length, 0);
  });
});

describe('a destination', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['v1', 'v2'], configure);
  });
  after(async () => await hop?.close());

  test('is known by its short and by its long names, by target and by Host', async () => {
    const client = await hop.connect();
    for (const name of [
      'plain',
      'plain.shop',
      'plain.shop.svc',
      'plain.shop.svc.cluster.local:80',
    ]) {
      assert.equal((await client.ask(get(`http://${name}/`))).status, 200, name);
      const byHost = `GET / HTTP/1.1\r\nhost: ${name}\r\n\r\n`;
      assert.equal((await client.ask(byHost)).status, 200, name);
    }
  });

  test('without a ready endpoint answers 503', async () => {
    const client = await hop.connect();
    const answer = await client.ask(get('http://lonely/'));
    assert.equal(answer.status, 503);
    assert.match(fieldValue(answer.fields, 'x-remora-error') ?? '', /^RMR_/);
  });

  test('that does not exist answers 404', async () => {
    const client = await hop.connect();
    const answer = await client.ask(get('http://nobody/'));
    assert.equal(answer.status, 404);
    assert.match(fieldValue(answer.fields, 'x-remora-error') ?? '', /^RMR_/);
  });
});
