/**
 * What answers say beside their own: `x-request-id` for whoever asks later, and `x-remora-keep`
 * from sidecar to sidecar, up the chain of callers and no further.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type Origin, response, startOrigin } from '../support/origin.ts';
import { type RunningProxy, startProxy } from '../support/processes.ts';
import { askOnce, get, type Response } from '../support/raw-client.ts';
import { destination, writeSnapshot } from '../support/snapshot.ts';

const TRACE = 'a'.repeat(32);
const PARENT = { traceparent: `00-${TRACE}-${'b'.repeat(16)}-00` };

function fieldOf({ fields }: Response, name: string): string | undefined {
  return fields.find(([field]) => field.toLowerCase() === name)?.[1];
}

describe('two sidecars before an application', () => {
  let app: Origin;
  let inner: RunningProxy;
  let outer: RunningProxy;
  let failing = '';
  before(async () => {
    app = await startOrigin();
    // `inner` stands before the application, and on its way out before nothing.
    inner = await startProxy({ app: app.address, snapshot: writeSnapshot([nothingBehind()]) });
    const config = destination({ name: 'app', endpoints: [inner.inbound], inMesh: true });
    outer = await startProxy({ snapshot: writeSnapshot([config, nothingBehind()]) });
  });
  after(async () => {
    await Promise.all([inner?.stop(), outer?.stop()]);
    await app.close();
  });
  beforeEach(() => {
    app.reset();
    failing = '';
    app.answer = ({ connection }) =>
      connection.send(response({ status: failing === '' ? 200 : 500 }));
  });

  function nothingBehind() {
    return destination({ name: 'nowhere', endpoints: [] });
  }

  test('every answer names its request: relayed, refused, and by what came with it', async () => {
    const own = { 'x-request-id': 'mine-1' };
    assert.equal(
      fieldOf(await askOnce(outer.outbound, get('http://app/', own)), 'x-request-id'),
      'mine-1',
    );
    const relayed = await askOnce(outer.outbound, get('http://app/'));
    assert.match(fieldOf(relayed, 'x-request-id') ?? '', /^[0-9a-f-]{36}$/);
    assert.equal(relayed.fields.filter(([name]) => name === 'x-request-id').length, 1);
    const refused = await askOnce(outer.outbound, get('http://nowhere/', own));
    assert.deepEqual([refused.status, fieldOf(refused, 'x-request-id')], [503, 'mine-1']);
  });

  test('an application that names the request otherwise is left its word', async () => {
    app.answer = ({ connection }) =>
      connection.send(response({ fields: { 'x-request-id': 'theirs' } }));
    const answer = await askOnce(outer.outbound, get('http://app/'));
    assert.equal(fieldOf(answer, 'x-request-id'), 'theirs');
  });

  test('a failure is told to the caller’s sidecar, and to nobody behind it', async () => {
    failing = 'yes';
    const direct = await askOnce(inner.inbound, get('http://app/', PARENT));
    assert.equal(fieldOf(direct, 'x-remora-keep'), '1');
    const through = await askOnce(outer.outbound, get('http://app/', PARENT));
    assert.deepEqual([through.status, fieldOf(through, 'x-remora-keep')], [500, undefined]);
  });

  test('what is well says nothing', async () => {
    const fresh = { traceparent: `00-${'c'.repeat(32)}-${'b'.repeat(16)}-00` };
    const direct = await askOnce(inner.inbound, get('http://app/', fresh));
    assert.deepEqual([direct.status, fieldOf(direct, 'x-remora-keep')], [200, undefined]);
  });

  test('a failure that the application got over is still told to its caller', async () => {
    const trace = { traceparent: `00-${'d'.repeat(32)}-${'b'.repeat(16)}-00` };
    app.answer = async ({ connection }) => {
      const asked = await askOnce(inner.outbound, get('http://nowhere/', trace));
      assert.equal(asked.status, 503);
      connection.send(response({}));
    };
    const direct = await askOnce(inner.inbound, get('http://app/', trace));
    assert.deepEqual([direct.status, fieldOf(direct, 'x-remora-keep')], [200, '1']);
  });

  test('an application can neither mark a trace nor be told of one', async () => {
    app.answer = ({ connection }) =>
      connection.send(response({ fields: { 'x-remora-keep': '1' } }));
    const fresh = { traceparent: `00-${'e'.repeat(32)}-${'b'.repeat(16)}-00` };
    const direct = await askOnce(inner.inbound, get('http://app/', fresh));
    assert.equal(fieldOf(direct, 'x-remora-keep'), undefined);
  });
});
