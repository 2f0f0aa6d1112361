/**
 * Everything that can fail, at once: three origins that misbehave by chance, two of them behind
 * sidecars of their own too, clients that leave by chance, and rules with every setting for failing
 * well.
 *
 * What must hold whatever happens: the proxies live, an answer is that of its request and whole or
 * cut off, a POST is executed once, and when all is over nothing is counted as in flight.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Chance, seededChance } from '../../proxy/src/clock.ts';
import { signatureOf, wreakChaos } from '../support/chaos-origin.ts';
import { type Origin, type OriginRequest, sayOk, startOrigin } from '../support/origin.ts';
import { assertPattern, patternBytes } from '../support/pattern.ts';
import { type RunningProxy, startProxy } from '../support/processes.ts';
import { askOnce, connectRaw, get, type RawClient, type Response } from '../support/raw-client.ts';
import {
  destination,
  inboundConfig,
  type RuleOptions,
  writeSnapshot,
} from '../support/snapshot.ts';
import { until } from '../support/waiting.ts';

const SEED = Math.floor(Math.random() * 2 ** 31);
const CLIENTS = 12;
const REQUESTS = 120;
const IN_FLIGHT_MAX = 10;
const BODY_BYTES_MAX = 90_000;
const METHODS = ['GET', 'POST', 'PUT'] as const;
/** Faults strike only the requests that have it. */
const MARK = { name: 'x-chaos', type: 'present', value: '' } as const;
const LIMITS = { inFlightMax: IN_FLIGHT_MAX, waitingMax: 4, waitMaxMs: 300 };

const ALL = {
  retry: { retriesMax: 2, statuses: [503], backoffBaseMs: 5, backoffMaxMs: 20 },
  timeouts: { requestMs: 1_500, perTryMs: 150 },
  breaker: { failuresMax: 10, cooldownMs: 50 },
} satisfies RuleOptions;
const FAULTS: RuleOptions['faults'] = [
  { type: 'delay', delayMs: 20, percent: 20, header: MARK },
  { type: 'abort', status: 500, percent: 10, header: MARK },
  { type: 'reset', percent: 5, header: MARK },
  { type: 'slow-body', bytesPerSecond: 100_000, percent: 20, header: MARK },
];
const RULES = {
  plain: ALL,
  hedged: { ...ALL, hedge: { afterMs: 30 } },
  faulty: { ...ALL, faults: FAULTS },
  meshed: { ...ALL, hedge: { afterMs: 30 } },
} as const satisfies Record<string, RuleOptions>;
/** For a count that no time-out disturbs. */
const LOOKS_MAX = 5;
const NAMES = Object.keys(RULES) as (keyof typeof RULES)[];

describe(`chaos of seed ${SEED}`, () => {
  let origins: Origin[] = [];
  let sidecars: RunningProxy[] = [];
  let proxy: RunningProxy;
  const counts = { good: 0, answered: 0, cut: 0, left: 0 };
  before(async () => {
    origins = await Promise.all([startOrigin(), startOrigin(), startOrigin()]);
    const chance = seededChance(SEED);
    for (const origin of origins) wreakChaos(origin, chance, 0.6);
    // Room for all that the caller may have in flight, if they share it.
    const limits = { inFlightMax: IN_FLIGHT_MAX / 2 + 1, waitingMax: 4, waitMaxMs: 50 };
    const snapshot = writeSnapshot([], inboundConfig({ limits }));
    sidecars = await Promise.all(
      origins.slice(0, 2).map(({ address }) => startProxy({ snapshot, app: address })),
    );
    const configs = NAMES.map((name) => {
      const inMesh = name === 'meshed';
      const to = inMesh
        ? sidecars.map(({ inbound }) => inbound)
        : origins.map((one) => one.address);
      return destination({
        name,
        endpoints: to,
        inMesh,
        rule: RULES[name],
        limits: LIMITS,
        ejection: { failuresMax: 3, penaltyMs: 50 },
        budget: { ratio: 1, minPerSecond: 100 },
      });
    });
    proxy = await startProxy({ snapshot: writeSnapshot(configs) });
  });
  after(async () => {
    await Promise.all([proxy, ...sidecars].map(async (one) => await one?.stop()));
    await Promise.all(origins.map(async (origin) => await origin.close()));
  });

  async function runClient(id: number): Promise<void> {
    const chance = seededChance(SEED + id + 1);
    let client: RawClient | null = null;
    for (let at = 0; at < REQUESTS; at++) {
      if (client === null || client.ended !== 'open') client = await connectRaw(proxy.outbound);
      if (!(await askByChance(client, `/${id}/${at}`, chance))) {
        client.close();
        client = null;
      }
    }
    client?.close();
  }

  /** Whether the connection may be used again. */
  async function askByChance(client: RawClient, target: string, chance: Chance): Promise<boolean> {
    const method = METHODS[Math.floor(chance() * METHODS.length)]!;
    const name = NAMES[Math.floor(chance() * NAMES.length)]!;
    const length = method === 'GET' ? 0 : Math.floor(chance() ** 3 * BODY_BYTES_MAX);
    const leavesAfterMs = chance() < 0.1 ? chance() * 60 : -1;
    const deadline =
      chance() < 0.2 ? { 'x-remora-deadline-ms': `${(1 + chance() * 400) | 0}` } : {};
    const fields = { ...deadline, 'content-length': String(length), [MARK.name]: '1' };
    client.send(get(`http://${name}${target}`, fields, method));
    for (let at = 0; at < length; ) {
      const size = Math.min(length - at, 1 + Math.floor(chance() * 30_000));
      client.write(patternBytes(size, at));
      at += size;
      if (chance() < 0.5) await sleep(chance() * 4);
    }
    if (leavesAfterMs >= 0) {
      await sleep(leavesAfterMs);
      client.reset();
      counts.left++;
      return false;
    }
    let answer: Response;
    try {
      answer = await client.response(10_000);
    } catch (error) {
      assert.notEqual(client.ended, 'open', `${method} ${target}: ${String(error)}`);
      counts.cut++;
      return false;
    }
    check(method, target, answer);
    return !answer.fields.some(([field]) => field === 'connection');
  }

  function check(method: string, target: string, { status, body }: Response): void {
    counts.answered++;
    if (status !== 200) return;
    counts.good++;
    const signature = signatureOf(method, target);
    assert.equal(String(body.subarray(0, signature.length)), signature);
    assertPattern(body.subarray(signature.length));
  }

  test('every answer is that of its request, and no POST is sent twice', async () => {
    await Promise.all(Array.from({ length: CLIENTS }, (_, id) => runClient(id)));
    for (const { child, logs } of [proxy, ...sidecars]) assert.equal(child.exitCode, null, logs);
    assert(counts.good > (CLIENTS * REQUESTS) / 3, JSON.stringify(counts));
    const posts = origins
      .flatMap(({ connections }) => connections)
      .flatMap(({ requests }) => requests)
      .filter(({ method }) => method === 'POST')
      .map(({ target }) => target);
    assert.equal(new Set(posts).size, posts.length);
    for (const { fields, body } of requestsWithBodies()) {
      assert.equal(body.length, Number(fields.find(([name]) => name === 'content-length')?.[1]));
      assertPattern(body);
    }
  });

  test('and afterwards nothing is in flight, and no place was lost', async () => {
    const stalled: OriginRequest[] = [];
    for (const origin of origins) {
      origin.reset();
      origin.answer = (request) => void stalled.push(request);
    }
    await until(async () => (await inFlight()).every((count) => count === 0), 'no endpoint in use');
    await sleep(200); // Any breaker may be looked at again, any ejected endpoint be tried.
    for (const name of NAMES) {
      for (const origin of origins) origin.answer = sayOk;
      for (let turn = 0; turn < 30; turn++) await askOnce(proxy.outbound, get(`http://${name}/`));
      for (const origin of origins) {
        origin.answer = (request) => void stalled.push(request);
      }
      assert.equal(await placesOf(name, stalled), IN_FLIGHT_MAX);
    }
  });

  /** How many of many requests arrive while none is answered. */
  async function placesOf(name: string, stalled: OriginRequest[]): Promise<number> {
    for (let look = 0; ; look++) {
      stalled.length = 0;
      const askedAtMs = performance.now();
      const asked = Array.from({ length: 4 * IN_FLIGHT_MAX }, () =>
        askOnce(proxy.outbound, post(name)),
      );
      await until(() => stalled.length >= IN_FLIGHT_MAX, `all places of ${name}`);
      await sleep(30);
      const arrived = stalled.length;
      const isInTime = performance.now() - askedAtMs < ALL.timeouts.perTryMs;
      await Promise.all(asked);
      // On a busy machine the first have timed out meanwhile, and others have their places.
      if (isInTime || look === LOOKS_MAX) return arrived;
    }
  }

  function requestsWithBodies(): OriginRequest[] {
    return origins.flatMap(({ requests }) => requests.filter(({ method }) => method !== 'GET'));
  }

  async function inFlight(): Promise<number[]> {
    const page = await askOnce(proxy.admin, 'GET /stats HTTP/1.1\r\nhost: a\r\n\r\n');
    const { backends } = JSON.parse(String(page.body)) as {
      backends: { endpoints: { inFlight: number }[] }[];
    };
    return backends.flatMap(({ endpoints }) => endpoints.map((endpoint) => endpoint.inFlight));
  }

  /** A POST is stalled once, for the time of one try. */
  function post(name: string): string {
    return get(`http://${name}/`, { 'content-length': '0' }, 'POST');
  }
});
