import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseObject } from './objects.ts';

function parsed(tracing: object) {
  const apiVersion = 'remora.dev/v1alpha1';
  return parseObject({
    apiVersion,
    kind: 'MeshConfig',
    metadata: { name: 'mesh' },
    spec: { tracing },
  });
}

describe('a collector', () => {
  test('is named by an http URL, with or without port and path', () => {
    for (const collector of [
      'http://jaeger:4318',
      'http://jaeger-collector.observability',
      'http://10.0.0.7:4318/otlp/',
      'http://[fd00::7]:4318',
    ]) {
      assert.equal(parsed({ collector }).is, 'object', collector);
    }
  });

  test('is refused where a proxy could not use it', () => {
    for (const collector of [
      'https://jaeger:4318',
      'jaeger:4318',
      'http://user:secret@jaeger',
      'http://jaeger/?a=b',
      'http://jaeger:99999',
      'http://',
      '',
    ]) {
      const result = parsed({ collector });
      assert.ok(result.is === 'mistaken', collector);
      assert.deepEqual(result.problems[0]?.path, ['spec', 'tracing', 'collector']);
    }
  });
});

describe('the sampled share', () => {
  test('is 0 to 1, and 0 is not the same as nothing said', () => {
    assert.equal(parsed({ sample: 0 }).is, 'object');
    assert.equal(parsed({ sample: 1 }).is, 'object');
    assert.equal(parsed({ sample: 10 }).is, 'mistaken');
  });
});
