import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ports } from './ports.ts';

describe('the ports', () => {
  test('are different from each other, so that all of them fit into one pod', () => {
    const numbers = Object.values(ports);
    assert.equal(new Set(numbers).size, numbers.length);
  });

  test('are none that Istio (15000-15099) or Linkerd (4143-4191) take, and not ephemeral', () => {
    for (const [name, port] of Object.entries(ports)) {
      assert.ok(port > 15_099 && port < 32_768, name);
    }
  });
});
