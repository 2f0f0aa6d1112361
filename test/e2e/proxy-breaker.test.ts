/**
 * A rule's breaker, and where its share goes: spillover, fallback, or an answer that says when to
 * come back.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Hop, startHop } from '../support/hop.ts';
import { fieldValue } from '../support/message-reader.ts';
import { response } from '../support/origin.ts';
import { errorOf, get, type Response } from '../support/raw-client.ts';
import { destination } from '../support/snapshot.ts';

const FAILURES_MAX = 3;
const COOLDOWN_MS = 400;
const BREAKER = { failuresMax: FAILURES_MAX, cooldownMs: COOLDOWN_MS };

describe("a rule's breaker", () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['bad', 'good'], ({ bad = '', good = '' }) => {
      const backends = (name: string) => ({ [`${name}-bad`]: [bad], [`${name}-good`]: [good] });
      const to = (name: string) => [
        { backend: `${name}-bad.shop:80`, weight: 99 },
        { backend: `${name}-good.shop:80`, weight: 1 },
      ];
      return [
        destination({ name: 'alone', endpoints: [bad], rule: { breaker: BREAKER } }),
        destination({ name: 'late', endpoints: [bad], rule: { breaker: BREAKER } }),
        destination({
          name: 'full',
          endpoints: [bad],
          limits: { inFlightMax: 1, waitingMax: 0 },
          rule: { breaker: BREAKER },
        }),
        destination({ name: 'mesh', endpoints: [bad], inMesh: true, rule: { breaker: BREAKER } }),
        destination({
          name: 'spill',
          backends: backends('spill'),
          rule: { to: to('spill'), breaker: { ...BREAKER, cooldownMs: 60_000 }, spillover: true },
        }),
        destination({
          name: 'fall',
          backends: backends('fall'),
          rule: { to: ['fall-bad'], breaker: BREAKER, fallback: 'fall-good' },
        }),
        destination({
          name: 'nobody',
          backends: { 'nobody-there': [], 'nobody-good': [good] },
          rule: { to: ['nobody-there'], fallback: 'nobody-good' },
        }),
        destination({
          name: 'spread',
          backends: { 'spread-none': [], 'spread-good': [good] },
          rule: {
            to: [{ backend: 'spread-none.shop:80', weight: 99 }, 'spread-good'],
            spillover: true,
          },
        }),
        destination({
          name: 'strict',
          backends: { 'strict-none': [], 'strict-good': [good] },
          rule: { to: [{ backend: 'strict-none.shop:80', weight: 99 }, 'strict-good'] },
        }),
      ];
    });
  });
  after(async () => await hop?.close());
  beforeEach(() => {
    hop.reset();
    failing();
    hop.origins['good']!.answer = ({ connection }) => connection.send(response({ body: 'good' }));
  });

  function failing(): void {
    hop.origins['bad']!.answer = ({ connection }) => connection.send(response({ status: 500 }));
  }

  async function ask(name: string, fields?: Record<string, string>): Promise<Response> {
    return await hop.ask(get(`http://${name}/`, fields));
  }

  test('opens, says when to come back, lets one look, and closes', async () => {
    const { origin } = hop;
    for (let turn = 0; turn < FAILURES_MAX; turn++) {
      const answer = await ask('alone');
      assert.deepEqual([answer.status, errorOf(answer)], [500, undefined]);
    }
    const refused = await ask('alone');
    assert.deepEqual([refused.status, errorOf(refused)], [503, 'RMR_BREAKER_OPEN']);
    assert.equal(fieldValue(refused.fields, 'retry-after'), '1');
    assert.equal(origin.requests.length, FAILURES_MAX);

    await sleep(COOLDOWN_MS);
    assert.equal((await ask('alone')).status, 500); // The one that looks.
    assert.equal(errorOf(await ask('alone')), 'RMR_BREAKER_OPEN');
    assert.equal(origin.requests.length, FAILURES_MAX + 1);

    await sleep(COOLDOWN_MS);
    let answerLooker = (): void => {};
    origin.answer = ({ connection }) => {
      answerLooker = () => connection.send(response({ body: 'back' }));
    };
    const looker = ask('alone');
    await origin.requestsReach(FAILURES_MAX + 2);
    assert.equal(errorOf(await ask('alone')), 'RMR_BREAKER_OPEN');
    answerLooker();
    assert.equal(String((await looker).body), 'back');
    origin.answer = ({ connection }) => connection.send(response({ body: 'back' }));
    for (let turn = 0; turn < 3; turn++) assert.equal((await ask('alone')).status, 200);
  });

  test('does not open for callers whose time was over before they asked', async () => {
    hop.origin.answer = ({ connection }) => connection.send(response({ body: 'fine' }));
    for (let turn = 0; turn < FAILURES_MAX + 1; turn++) {
      const late = await ask('late', { 'x-remora-deadline-ms': '0' });
      assert.deepEqual([late.status, errorOf(late)], [504, 'RMR_DEADLINE_EXCEEDED']);
    }
    assert.equal((await ask('late')).status, 200);
  });

  test('does not open for what a limit of this proxy refuses', async () => {
    let release = (): void => {};
    hop.origin.answer = ({ connection }) => {
      release = () => connection.send(response({ body: 'fine' }));
    };
    const slow = ask('full');
    await hop.origin.requestsReach(1);
    for (let turn = 0; turn < FAILURES_MAX + 1; turn++) {
      assert.equal(errorOf(await ask('full')), 'RMR_OVERLOADED');
    }
    release();
    assert.equal((await slow).status, 200);
  });

  test("does not open for what a limit of the other side's proxy refuses", async () => {
    const fields = { 'x-remora-error': 'RMR_OVERLOADED' };
    hop.origin.answer = ({ connection }) => connection.send(response({ status: 503, fields }));
    for (let turn = 0; turn < FAILURES_MAX + 1; turn++) {
      assert.equal(errorOf(await ask('mesh')), 'RMR_OVERLOADED');
    }
    failing();
    for (let turn = 0; turn < FAILURES_MAX; turn++) assert.equal((await ask('mesh')).status, 500);
    assert.equal(errorOf(await ask('mesh')), 'RMR_BREAKER_OPEN');
  });

  test("gives an open one's share to the other backend, where the rule spills over", async () => {
    for (let turn = 0; turn < 40; turn++) await ask('spill');
    const failed = hop.origin.requests.length;
    assert.equal(failed, FAILURES_MAX);
    assert.equal(hop.origins['good']!.requests.length, 40 - failed);
  });

  test('gives it to the fallback, and looks at the backend again after the cooldown', async () => {
    for (let turn = 0; turn < FAILURES_MAX; turn++) assert.equal((await ask('fall')).status, 500);
    for (let turn = 0; turn < 5; turn++) assert.equal(String((await ask('fall')).body), 'good');
    hop.origin.answer = ({ connection }) => connection.send(response({ body: 'back' }));
    await sleep(COOLDOWN_MS);
    for (let turn = 0; turn < 5; turn++) assert.equal(String((await ask('fall')).body), 'back');
  });

  test('is not needed: an empty backend has its fallback and its spillover', async () => {
    for (let turn = 0; turn < 5; turn++) {
      assert.equal(String((await ask('nobody')).body), 'good');
      assert.equal(String((await ask('spread')).body), 'good');
    }
  });

  test('is not asked: without either, an empty backend costs its share', async () => {
    const codes = new Set<string | undefined>();
    for (let turn = 0; turn < 20; turn++) codes.add(errorOf(await ask('strict')));
    assert(codes.has('RMR_NO_ENDPOINTS'));
  });
});
