/** What an adaptive limit learns, answer by answer. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AdaptiveLimit } from './adaptive-limit.ts';

/** An endpoint kept at its limit, whose latency is a function of what is in flight. */
class Endpoint {
  nowMs = 0;
  readonly limit = new AdaptiveLimit(0);
  latencyMs: (inFlight: number) => number;

  constructor(latencyMs: (inFlight: number) => number) {
    this.latencyMs = latencyMs;
  }

  /** So many answers, one per ms, to requests sent with the limit filled. */
  answers(count: number, isBound = true): void {
    for (let i = 0; i < count; i++) {
      this.nowMs += 1;
      const inFlight = this.limit.places;
      const rttMs = this.latencyMs(inFlight);
      this.limit.isBound ||= isBound;
      // Sent now and answered later: the clock follows the answers, not the requests.
      this.limit.onAnswer(rttMs, inFlight, this.nowMs, this.nowMs);
    }
  }
}

const parallel = (ms: number) => () => ms;
const oneWorker = (ms: number) => (inFlight: number) => ms * inFlight;

describe('an adaptive limit', () => {
  test('grows while the limit binds and latency stays at its base', () => {
    const endpoint = new Endpoint(parallel(5));
    endpoint.answers(200);
    assert(endpoint.limit.places > 100, `${endpoint.limit.places}`);
    endpoint.answers(2_000);
    assert.equal(endpoint.limit.places, 1_024);
  });

  test('stays where it is while nobody has to wait for it', () => {
    const endpoint = new Endpoint(parallel(5));
    endpoint.answers(500, false);
    assert.equal(endpoint.limit.places, 8);
  });

  test('is 5 after first answers that are the slower the later they come', () => {
    for (const [laterMs, places] of [
      [0, 8],
      [0.2, 8],
      [1, 5],
      [5, 5],
      [-0.2, 8],
    ] as const) {
      const limit = new AdaptiveLimit(0);
      for (let i = 0; i < 5; i++) limit.onAnswer(5 + i * laterMs, i + 1, 0, 0);
      assert.equal(limit.places, places, `${laterMs} ms later each`);
    }
  });

  test('finds the queue that its first answers stood in behind a stall, within 16 more', () => {
    const limit = new AdaptiveLimit(0);
    let nowMs = 20; // All that came meanwhile waits for the thaw.
    for (let n = 1; n <= 8; n++) limit.onAnswer(20 + 5 * n - 2.5 * n, n, 0, (nowMs += 5));
    assert.equal(limit.places, 5);
    for (let at = 0; at < 16; at++) {
      limit.isBound = true;
      limit.onAnswer(5 * limit.places, limit.places, nowMs, (nowMs += 5));
    }
    assert(limit.isCongested, limit.phase);
    assert(limit.baseMs <= 6, `${limit.baseMs}`);
  });

  test('that neither grows nor is suspect, while somebody waits, finds the queue behind it', () => {
    const endpoint = new Endpoint(oneWorker(1));
    for (let i = 0; i < 5; i++) endpoint.limit.onAnswer(1, 1, 0, 0); // Each alone.
    endpoint.answers(200); // 8 ms, of 12 that would be suspect.
    assert(endpoint.limit.isCongested, endpoint.limit.phase);
  });

  test('that neither grows nor is suspect grows on where there is no queue behind it', () => {
    const endpoint = new Endpoint(parallel(5));
    endpoint.answers(10);
    endpoint.latencyMs = parallel(17); // Of 20 that would be suspect.
    endpoint.answers(400);
    assert(endpoint.limit.places > 100, `${endpoint.limit.places}`);
    assert.equal(endpoint.limit.phase, 'free');
  });

  test('takes latency that follows what is in flight for a queue, and stays down', () => {
    const endpoint = new Endpoint(parallel(5));
    endpoint.answers(60);
    endpoint.latencyMs = oneWorker(5);
    endpoint.answers(1_000);
    assert(endpoint.limit.isCongested);
    assert(endpoint.limit.places <= 10, `${endpoint.limit.places}`); // Twice 1 a ms, 5 ms each.
  });

  test('takes latency that does not follow for a slower server, and goes on', () => {
    const endpoint = new Endpoint(parallel(5));
    endpoint.answers(60);
    const { places } = endpoint.limit;
    endpoint.latencyMs = parallel(40);
    endpoint.answers(300);
    assert.equal(endpoint.limit.phase, 'free');
    assert(endpoint.limit.places >= places, `${endpoint.limit.places} after ${places}`);
    for (let i = 0; i < 500; i++) {
      endpoint.answers(1);
      assert.equal(endpoint.limit.phase, 'free'); // It has a new base: no second suspicion.
    }
  });

  test('asks nobody about a cut who was sent before it', () => {
    const endpoint = new Endpoint(parallel(5));
    endpoint.answers(60);
    endpoint.latencyMs = parallel(40);
    while (endpoint.limit.phase !== 'testing') endpoint.answers(1);
    const cutAtMs = endpoint.nowMs;
    for (let i = 0; i < 20; i++) endpoint.limit.onAnswer(5, 1, cutAtMs - 1, cutAtMs + 1);
    assert.equal(endpoint.limit.phase, 'testing');
    for (let i = 0; i < 4; i++) endpoint.limit.onAnswer(5, 1, cutAtMs, cutAtMs + 1);
    assert.notEqual(endpoint.limit.phase, 'testing');
  });

  test('comes down to what worked before the cut, however slow the test was', () => {
    const endpoint = new Endpoint(parallel(20));
    endpoint.answers(60);
    endpoint.latencyMs = oneWorker(20);
    while (endpoint.limit.phase !== 'testing') endpoint.answers(1);
    const cutAtMs = endpoint.nowMs;
    for (let i = 0; i < 4; i++) endpoint.limit.onAnswer(20, 1, cutAtMs, cutAtMs + 500);
    assert.equal(endpoint.limit.phase, 'congested');
    assert(endpoint.limit.places >= 20, `${endpoint.limit.places}`); // 1 a ms, 20 ms each.
  });

  test('is not fooled by single slow answers', () => {
    let answers = 0;
    const endpoint = new Endpoint(() => (answers++ % 10 === 0 ? 200 : 5));
    for (let i = 0; i < 1_000; i++) {
      endpoint.answers(1);
      assert.equal(endpoint.limit.phase, 'free');
    }
  });

  test('leaves congestion once nobody has to wait for half a second', () => {
    const endpoint = new Endpoint(parallel(5));
    endpoint.answers(60);
    endpoint.latencyMs = oneWorker(5);
    endpoint.answers(1_000);
    endpoint.latencyMs = parallel(5);
    endpoint.answers(400, false);
    assert(endpoint.limit.isCongested);
    endpoint.answers(250, false);
    assert.equal(endpoint.limit.phase, 'free');
  });

  test('finds out by a probe upwards that the server has become slower meanwhile', () => {
    const endpoint = new Endpoint(parallel(5));
    endpoint.answers(60);
    endpoint.latencyMs = oneWorker(5);
    endpoint.answers(1_000);
    endpoint.latencyMs = parallel(80);
    const phases = ['congested'];
    for (let i = 0; i < 7_000; i++) {
      endpoint.answers(1);
      if (endpoint.limit.phase !== phases.at(-1)) phases.push(endpoint.limit.phase);
    }
    // Two in a row, since one may have met a pause of the load.
    assert.deepEqual(phases, ['congested', 'probing', 'congested', 'probing', 'free']);
    assert(endpoint.limit.places > 100, `${endpoint.limit.places}`);
  });

  test('ends a probe that has not the demand to fill it', () => {
    const endpoint = new Endpoint(parallel(5));
    endpoint.answers(60);
    endpoint.latencyMs = oneWorker(5);
    while (endpoint.limit.phase !== 'probing') endpoint.answers(1);
    for (let i = 0; i < 1_200; i++) {
      endpoint.nowMs += 1;
      endpoint.limit.onAnswer(5, 1, endpoint.nowMs, endpoint.nowMs);
    }
    assert.notEqual(endpoint.limit.phase, 'probing');
  });

  test('has one place more for each 10 ms that somebody waits for a first answer, up to 64', () => {
    const limit = new AdaptiveLimit(0);
    assert.deepEqual([limit.places, limit.isCold], [8, true]);
    for (const [nowMs, places] of [
      [1_000, 8],
      [1_009, 8],
      [1_010, 9],
      [1_300, 38],
      [9_000, 64],
    ] as const) {
      limit.warm(nowMs);
      assert.equal(limit.places, places);
    }
  });

  test('keeps of these as many as the first answers took times 10 ms, and 8 at least', () => {
    for (const [rttMs, places] of [
      [5, 8],
      [80, 8],
      [300, 30],
      [2_000, 64],
    ] as const) {
      const limit = new AdaptiveLimit(0);
      limit.warm(0);
      limit.warm(9_000);
      for (let i = 0; i < 4; i++) limit.onAnswer(rttMs, i, 0, rttMs);
      assert.equal(limit.places, 64);
      limit.onAnswer(rttMs, 4, 0, rttMs);
      assert.deepEqual([limit.places, limit.isCold], [places, false]);
    }
  });

  test('is cold no longer once something spoke against it', () => {
    const missed = new AdaptiveLimit(0);
    for (let i = 0; i < 5; i++) missed.onMiss(0);
    const refused = new AdaptiveLimit(0);
    refused.onRefusedByPeer(100);
    assert.deepEqual([missed.isCold, refused.isCold], [false, false]);
  });

  test('halves with five misses that no answers outweigh, down to one', () => {
    const limit = new AdaptiveLimit(0);
    for (let i = 0; i < 4; i++) limit.onMiss(0);
    assert.equal(limit.places, 8);
    limit.onMiss(0);
    assert.equal(limit.places, 4);
    for (let i = 0; i < 100; i++) limit.onMiss(0);
    assert.equal(limit.places, 1);
  });

  test('does not count misses against more answers', () => {
    const limit = new AdaptiveLimit(0);
    for (let i = 0; i < 5; i++) limit.onAnswer(5, 1, 0, 0); // The first window ends here.
    for (let i = 0; i < 7; i++) limit.onAnswer(5, 1, 1, 1);
    for (let i = 0; i < 7; i++) limit.onMiss(1);
    assert.equal(limit.places, 8);
    limit.onMiss(1);
    assert.equal(limit.places, 4);
  });

  test('keeps its base over an outage: what was slow before is slow after', () => {
    const endpoint = new Endpoint(parallel(5));
    endpoint.answers(60);
    for (let i = 0; i < 20; i++) endpoint.limit.onMiss(endpoint.nowMs);
    endpoint.limit.reset(endpoint.nowMs);
    endpoint.latencyMs = parallel(50);
    endpoint.answers(5);
    assert(endpoint.limit.isSuspect);
  });

  test('begins at 8 at most when the breaker has closed, and at 3 at least', () => {
    const high = new Endpoint(parallel(5));
    high.answers(200);
    high.limit.reset(high.nowMs);
    assert.equal(high.limit.places, 8);
    const low = new AdaptiveLimit(0);
    for (let i = 0; i < 100; i++) low.onMiss(0);
    low.reset(0);
    assert.equal(low.places, 3);
  });

  test('goes down once per window as its peer refuses, and not under 3', () => {
    const limit = new AdaptiveLimit(0);
    for (let i = 0; i < 50; i++) limit.onRefusedByPeer(100);
    assert.equal(limit.limit, 8 * 0.7);
    for (let nowMs = 200; nowMs < 2_000; nowMs += 100) limit.onRefusedByPeer(nowMs);
    assert.equal(limit.places, 3);
  });

  test('property: stays from 1 to 1,024 whatever it is told', () => {
    const event = fc.record({
      what: fc.constantFrom('answer', 'answer', 'answer', 'miss', 'refused', 'reset', 'bound'),
      rttMs: fc.double({ min: 0, max: 5_000, noNaN: true }),
      inFlight: fc.integer({ min: 1, max: 1_024 }),
      waitMs: fc.nat(60),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 400, size: 'max' }), (events) => {
        const limit = new AdaptiveLimit(0);
        let nowMs = 0;
        for (const { what, rttMs, inFlight, waitMs } of events) {
          nowMs += waitMs;
          if (what === 'answer') limit.onAnswer(rttMs, inFlight, nowMs, nowMs);
          else if (what === 'miss') limit.onMiss(nowMs);
          else if (what === 'refused') limit.onRefusedByPeer(nowMs);
          else if (what === 'reset') limit.reset(nowMs);
          else limit.isBound = true;
          assert(limit.limit >= 1 && limit.limit <= 1_024, `${limit.limit}`);
        }
      }),
    );
  });
});
