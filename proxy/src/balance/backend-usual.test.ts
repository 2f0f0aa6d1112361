import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answer, backendOf, endpointConfigs, fail } from './endpoint-fixture.ts';

test('what is usual of an endpoint follows good answers, and no failure or peak at once', () => {
  const backend = backendOf(endpointConfigs(1));
  const endpoint = backend.endpoints[0]!;
  for (let request = 0; request < 200; request++) answer(backend, endpoint, 5, request);
  fail(backend, endpoint, 300, 6);
  answer(backend, endpoint, 165, 400);
  assert.equal(endpoint.ewmaMs >= 165, true);
  assert.ok(endpoint.usualMs > 14 && endpoint.usualMs < 16, `${endpoint.usualMs}`); // 5 + 160 / 16.
});
