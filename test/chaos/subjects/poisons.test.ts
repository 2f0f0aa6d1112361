/** Claims about the poison and the mesh, against the control plane's own reader. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readObjects } from '../../../control-plane/src/files/object-reading.ts';
import { compileMesh } from './mesh.ts';
import { poisons } from './poisons.ts';

test('there are 30 poisons, and the control plane takes none of them', () => {
  assert.equal(poisons.length, 30);
  for (const poison of poisons) {
    const { objects, problems } = readObjects('poison.yaml', poison);
    assert.deepEqual(objects, [], poison);
    assert.ok(problems.length > 0, poison);
  }
});

test('a mesh of defaults is read without a word, and has every endpoint', () => {
  const { snapshot, problems } = compileMesh([
    { name: 'api', endpoints: [1_001, 1_002] },
    { name: 'app', instances: [1_003] },
  ]);
  assert.deepEqual(problems, []);
  const { destinations } = JSON.parse(snapshot);
  const ports = (key: string) =>
    destinations[key].config.backends[key].endpoints.map((one: { port: number }) => one.port);
  assert.deepEqual(ports('api.shop:80'), [1_001, 1_002]);
  assert.deepEqual(ports('app.shop:80'), [1_003]);
});
