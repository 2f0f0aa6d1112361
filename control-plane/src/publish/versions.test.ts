import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson } from '../canonical-json.ts';
import { destinationNamed } from './sample-destination.ts';
import { versionOf } from './versions.ts';

/** The same value with the keys of every object in reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([key, inner]) => [key, reversed(inner)]));
}

describe('a version', () => {
  test('property: the order of keys never changes canonical JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.equal(canonicalJson(reversed(value)), canonicalJson(value));
      }),
    );
  });

  test('property: canonical JSON means what was given', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('is the same when only the generation of a source changed', () => {
    const config = destinationNamed('catalog.shop:80');
    const source = { kind: 'TrafficRoute', namespace: 'shop', name: 'catalog' };
    const first = { ...config, sources: [{ ...source, generation: 1 }] };
    const second = { ...config, sources: [{ ...source, generation: 2 }] };
    assert.equal(versionOf(first), versionOf(second));
  });

  test('differs when a timeout differs', () => {
    const config = destinationNamed('catalog.shop:80');
    const timeouts = { requestMs: 1, perTryMs: 0 };
    const other = { ...config, fallback: { ...config.fallback, timeouts } };
    assert.notEqual(versionOf(config), versionOf(other));
  });
});
