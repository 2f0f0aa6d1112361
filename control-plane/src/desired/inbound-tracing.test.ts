import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseObject } from '@remora/api/config/objects.ts';
import { emptyWorld, foldWorld } from '../world.ts';
import { inboundConfig } from './inbound-config.ts';

function told(spec: object) {
  const parsed = parseObject({
    apiVersion: 'remora.dev/v1alpha1',
    kind: 'MeshConfig',
    metadata: { name: 'mesh', generation: 4 },
    spec,
  });
  assert.ok(parsed.is === 'object', JSON.stringify(parsed));
  const world = foldWorld(emptyWorld, [{ type: 'put', object: parsed.object }]);
  return inboundConfig(world, 'shop', 'catalog');
}

describe('what a sidecar is told about spans', () => {
  test('is what the MeshConfig says, and no more: the rest is as it was started', () => {
    const { tracing } = told({ tracing: { collector: 'http://jaeger:4318', slow: '2s' } });
    assert.deepEqual(tracing, {
      collector: 'http://jaeger:4318',
      sampleRatio: null,
      slowMs: 2_000,
    });
    assert.equal(told({ tracing: { sample: 0 } }).tracing?.sampleRatio, 0);
  });

  test('is nothing where the MeshConfig says nothing', () => {
    assert.equal('tracing' in told({}), false);
  });

  test('makes the MeshConfig a source: whoever acknowledges has applied it', () => {
    const { sources } = told({ tracing: { sample: 1 } });
    assert.deepEqual(
      sources.map(({ kind, generation }) => [kind, generation]),
      [['MeshConfig', 4]],
    );
    assert.deepEqual(told({}).sources, []);
  });
});
