/**
 * Two sidecars: what a peer's inbound refuses is tried elsewhere and says nothing of its
 * application; and what an inbound tries again by itself.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type Hop, startHop } from '../support/hop.ts';
import { type Origin, response, startOrigin } from '../support/origin.ts';
import { type RunningProxy, startProxy } from '../support/processes.ts';
import { askOnce, errorOf, get, post } from '../support/raw-client.ts';
import { destination } from '../support/snapshot.ts';

const EJECTION = { failuresMax: 3, penaltyMs: 60_000 };

describe('an answer with x-remora-error: RMR_OVERLOADED', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['full', 'free'], (addresses) => {
      const endpoints = Object.values(addresses);
      return [
        destination({ name: 'mesh', endpoints, inMesh: true, ejection: EJECTION }),
        destination({ name: 'outside', endpoints, ejection: EJECTION }),
        destination({ name: 'single', endpoints: endpoints.slice(0, 1), inMesh: true }),
      ];
    });
  });
  after(async () => await hop?.close());
  beforeEach(() => {
    hop.reset();
    const fields = { 'x-remora-error': 'RMR_OVERLOADED' };
    hop.origin.answer = ({ connection }) => connection.send(response({ status: 503, fields }));
  });

  test('of a peer is tried elsewhere, of a POST too, and ejects nobody', async () => {
    for (let turn = 0; turn < 20; turn++) {
      assert.equal((await hop.ask(post('http://mesh/', 'pay'))).status, 200);
    }
    const asked = hop.origin.requests.length;
    assert(asked >= 8, String(asked));
    assert.equal(hop.origins['free']!.requests.length, 20);
  });

  test('of a peer is passed on with its code at once, when nobody else is left', async () => {
    const answer = await hop.ask(post('http://single/', 'pay'));
    assert.deepEqual([answer.status, errorOf(answer)], [503, 'RMR_OVERLOADED']);
    assert.equal(hop.origin.requests.length, 1);
  });

  test('of who is no peer is an ordinary 503: not tried again, and it ejects', async () => {
    const statuses: number[] = [];
    for (let turn = 0; turn < 20; turn++) {
      const answer = await hop.ask(get('http://outside/'));
      assert.equal(errorOf(answer), undefined); // Nobody else's word passes for Remora's.
      statuses.push(answer.status);
    }
    assert.equal(statuses.filter((status) => status === 503).length, EJECTION.failuresMax);
    assert.equal(hop.origin.requests.length, EJECTION.failuresMax);
  });
});

describe('an inbound', () => {
  let app: Origin;
  let proxy: RunningProxy;
  before(async () => {
    app = await startOrigin();
    proxy = await startProxy({ app: app.address, outbound: false });
  });
  after(async () => {
    await proxy?.stop();
    await app.close();
  });
  beforeEach(() => app.reset());

  test('tries nothing again that its application may have seen', async () => {
    app.answer = ({ connection }) => connection.reset();
    const answer = await askOnce(proxy.inbound, get('http://app/'));
    assert.deepEqual([answer.status, errorOf(answer)], [502, 'RMR_UPSTREAM_RESET']);
    assert.equal(app.requests.length, 1);
  });

  test('replaces a connection that had died while it was idle', async () => {
    assert.equal((await askOnce(proxy.inbound, get('http://app/'))).status, 200);
    // The application closes it in the very moment of the next request.
    app.onHead = ({ connection }) => {
      if (connection.requests.length > 0) connection.socket.destroy();
    };
    assert.equal((await askOnce(proxy.inbound, get('http://app/'))).status, 200);
    assert.equal(app.connections.length, 2);
  });
});
