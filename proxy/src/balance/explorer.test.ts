/** Endpoints that peak EWMA has left alone are looked at again, at a bounded cost. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OUTCOME } from '../resilience/outcome.ts';
import type { Backend } from './backend.ts';
import type { Endpoint } from './endpoint.ts';
import { backendOf, endpointConfigs } from './endpoint-fixture.ts';

/** 300 requests a second that may be sent again; how many went to `watched`. */
function serve(
  backend: Backend,
  watched: Endpoint,
  times: { readonly fromMs: number; readonly seconds: number; readonly mayResend?: boolean },
  answer: (endpoint: Endpoint) => { readonly rttMs: number; readonly outcome: number },
): number {
  let seen = 0;
  for (let request = 0; request < 300 * times.seconds; request++) {
    const nowMs = times.fromMs + request * (1_000 / 300);
    const endpoint = backend.pick(null, '', null, nowMs, times.mayResend ?? true)!;
    const vote = backend.onSent(endpoint, nowMs);
    const { rttMs, outcome } = answer(endpoint);
    backend.onDone(endpoint, vote, rttMs, outcome, nowMs + Math.min(rttMs, 3));
    if (endpoint === watched) seen++;
  }
  return seen;
}

const good = { rttMs: 5, outcome: OUTCOME.OK };

describe('an endpoint of ten that was slow', () => {
  function slowed(): { backend: Backend; slow: Endpoint } {
    const backend = backendOf(endpointConfigs(10));
    const slow = backend.endpoints[0]!;
    serve(backend, slow, { fromMs: 0, seconds: 2 }, () => good);
    serve(backend, slow, { fromMs: 2_000, seconds: 1 }, (endpoint) =>
      endpoint === slow ? { rttMs: 500, outcome: OUTCOME.OK } : good,
    );
    return { backend, slow };
  }

  test('has half of its share again within five seconds of healing', () => {
    const { backend, slow } = slowed();
    serve(backend, slow, { fromMs: 3_000, seconds: 5 }, () => good);
    assert.ok(serve(backend, slow, { fromMs: 8_000, seconds: 1 }, () => good) >= 15);
  });

  test('gets one request a second at most while it is slow', () => {
    const { backend, slow } = slowed();
    const sent = serve(backend, slow, { fromMs: 3_000, seconds: 10 }, (endpoint) =>
      endpoint === slow ? { rttMs: 500, outcome: OUTCOME.OK } : good,
    );
    assert.ok(sent >= 5 && sent <= 10, `${sent}`);
  });

  test('gets none that may not be sent again', () => {
    const { backend, slow } = slowed();
    const times = { fromMs: 3_000, seconds: 5, mayResend: false };
    assert.equal(
      serve(backend, slow, times, () => good),
      0,
    );
  });
});

test('an endpoint that fails its trials gets them ever more seldom', () => {
  const backend = backendOf(endpointConfigs(10));
  const failing = backend.endpoints[0]!;
  const answer = (endpoint: Endpoint) =>
    endpoint === failing ? { rttMs: 1, outcome: OUTCOME.FAILED } : good;
  const sent = serve(backend, failing, { fromMs: 0, seconds: 16 }, answer);
  assert.ok(sent >= 3 && sent <= 6, `${sent}`); // The first, then after 1, 2, 4 and 8 s.
});

test('at few requests a second nobody is explored: the mean has decayed meanwhile', () => {
  const backend = backendOf(endpointConfigs(3), {}, () => 0.99);
  const [slow] = backend.endpoints as [Endpoint];
  slow.ewmaMs = 500;
  slow.isMeasured = true;
  for (let second = 1; second <= 20; second++) {
    const endpoint = backend.pick(null, '', null, second * 1_000, true)!;
    assert.notEqual(endpoint, slow);
    const vote = backend.onSent(endpoint, second * 1_000);
    backend.onDone(endpoint, vote, 5, OUTCOME.OK, second * 1_000 + 5);
  }
});
