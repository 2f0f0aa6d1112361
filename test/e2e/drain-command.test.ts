/**
 * The preStop hook of a sidecar, with the command that it runs: callers who are no proxies lose no
 * request, and what the application asks of others works until SIGTERM.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { startLoad } from '../support/load.ts';
import { type Origin, response, sayOk, startOrigin } from '../support/origin.ts';
import { type Exit, Program, type RunningProxy, startProxy } from '../support/processes.ts';
import { connectRaw, get } from '../support/raw-client.ts';
import { destination, writeSnapshot } from '../support/snapshot.ts';
import { until, within } from '../support/waiting.ts';

const ENDED: Exit = { code: 0, signal: null };

describe('remora-proxy drain', () => {
  let app: Origin;
  let other: Origin;
  const proxies: RunningProxy[] = [];
  before(async () => {
    [app, other] = await Promise.all([startOrigin(), startOrigin()]);
  });
  afterEach(async () => {
    for (const proxy of proxies.splice(0)) await proxy.stop();
  });
  after(async () => await Promise.all([app.close(), other.close()]));

  async function start(): Promise<RunningProxy> {
    const snapshot = writeSnapshot([destination({ name: 'other', endpoints: [other.address] })]);
    const proxy = await startProxy({ snapshot, app: app.address });
    proxies.push(proxy);
    return proxy;
  }

  async function drain(...args: readonly string[]): Promise<{ exit: Exit; logs: string }> {
    const program = new Program('drain', 'proxy/src/main.ts', ['drain', ...args]);
    const exit = await within(program.exited, 30_000, () => `the end:\n${program.logs}`);
    return { exit, logs: program.logs };
  }

  test('and its wait, under load from both sides, cost nobody a request', async () => {
    app.answer = ({ connection }) => {
      setTimeout(() => connection.send(response({ body: 'ok' })), 3);
    };
    other.answer = sayOk;
    const [leaving, staying] = await Promise.all([start(), start()]);
    const addresses = [leaving.inbound, staying.inbound];
    const incoming = startLoad({ addresses, clients: 8, request: get('http://app/') });
    const outgoing = startLoad({
      addresses: [leaving.outbound],
      clients: 4,
      request: get('http://other/'),
    });
    const both = () => Math.min(incoming.answered, outgoing.answered);
    await until(() => both() >= 200, 'the load to run', 15_000);

    const { exit, logs } = await drain('--admin', leaving.admin, '--wait', '20');
    assert.deepEqual(exit, ENDED, logs);
    assert.match(logs, /^Draining: not ready.*\nAfter .* the way in is closed/);
    const answered = outgoing.answered;
    await until(() => outgoing.answered >= answered + 200, 'the way out to be used', 15_000);

    for (const load of [incoming, outgoing]) {
      const { lost, answers } = await load.stop();
      assert.deepEqual([lost, [...answers.keys()]], [[], ['200']]);
    }
    leaving.signal('SIGTERM');
    assert.deepEqual(await within(leaving.exited, 10_000, () => leaving.logs), ENDED);
  });

  test('says how many are left when the time is up, and leaves them alone', async () => {
    const proxy = await start();
    app.answer = () => undefined;
    const client = await connectRaw(proxy.inbound);
    client.send(get('http://app/'));
    await app.requestsReach(1);
    const { exit, logs } = await drain('--admin', proxy.admin, '--wait', '0.3');
    assert.deepEqual(exit, { code: 1, signal: null });
    assert.match(logs, /the way in is not closed, 1 in flight; it goes on draining/);
    app.requests.at(-1)!.connection.send(response({ body: 'late' }));
    assert.equal((await client.response()).body.toString(), 'late');
  });

  test('where no proxy is says so, and knows its flags', async () => {
    const nobody = await drain('--admin', '127.0.0.1:1');
    assert.deepEqual([nobody.exit.code, /ECONNREFUSED/.test(nobody.logs)], [1, true], nobody.logs);
    assert.equal((await drain('--wait', 'long')).exit.code, 2);
  });
});
