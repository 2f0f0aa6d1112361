/** Claims about what runs locally: the Deployment says how much and when, `dev.yaml` says how. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DevFile, parseDevFile } from './dev-file.ts';
import { joinWorkloads } from './workloads.ts';

const where = { folder: '/shop', devFile: 'dev.yaml' };

function dev(text: string): DevFile {
  const parsed = parseDevFile(text, 'dev.yaml');
  assert.ok('workloads' in parsed);
  return parsed;
}

function deployment(name: string, container: object = {}) {
  const object = {
    metadata: { name, namespace: 'shop' },
    spec: {
      replicas: 2,
      template: { metadata: { labels: { app: name } }, spec: { containers: [container] } },
    },
  };
  return { file: 'web.yaml', line: 1, object };
}

describe('a local workload', () => {
  test('takes labels and replicas from its Deployment, command and folder from dev.yaml', () => {
    const file = dev('workloads: { web: { command: node web.js, folder: apps } }');
    const [web] = joinWorkloads(file, [deployment('web')], where).workloads;
    assert.deepEqual(
      [web?.labels, web?.replicas, web?.command, web?.folder],
      [{ app: 'web' }, 2, 'node web.js', '/shop/apps'],
    );
  });

  test('has as many replicas as dev.yaml says where it says so, even none', () => {
    const file = dev('workloads: { web: { command: x, replicas: 0 } }');
    assert.equal(joinWorkloads(file, [deployment('web')], where).workloads[0]?.replicas, 0);
  });

  test('gets the environment of its container, and dev.yaml wins', () => {
    const env = [
      { name: 'A', value: 'deployment' },
      { name: 'B', value: 'deployment' },
      { name: 'SECRET', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
    ];
    const file = dev('workloads: { web: { command: x, env: { B: dev } } }');
    const [web] = joinWorkloads(file, [deployment('web', { env })], where).workloads;
    assert.deepEqual(web?.env, { A: 'deployment', B: 'dev' });
  });

  test('is ready when its HTTP probe says so, and without one when its port accepts', () => {
    const probe = { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 2 };
    const file = dev('workloads: { web: { command: x }, api: { command: x } }');
    const deployments = [deployment('web', { readinessProbe: probe }), deployment('api')];
    const [web, api] = joinWorkloads(file, deployments, where).workloads;
    assert.deepEqual(
      [web?.probe.type, web?.probe.path, web?.probe.periodMs],
      ['http', '/healthz', 2_000],
    );
    assert.equal(api?.probe.type, 'accepts');
  });

  test('that has no Deployment is a problem that names those which are not started', () => {
    const file = dev('workloads:\n  wbe: { command: x }\n');
    const { problems, left } = joinWorkloads(file, [deployment('web')], where);
    assert.deepEqual([problems[0]?.line, problems[0]?.field], [2, 'workloads.wbe']);
    assert.equal(problems[0]?.remedy, 'one of: web');
    assert.deepEqual(left, ['web']);
  });

  test('with a broken Deployment is a problem at that Deployment', () => {
    const broken = { file: 'web.yaml', line: 7, object: { metadata: { name: 'web' } } };
    const { problems } = joinWorkloads(dev('workloads: {}'), [broken], where);
    assert.deepEqual(
      [problems[0]?.file, problems[0]?.line, problems[0]?.field],
      ['web.yaml', 7, 'spec'],
    );
  });
});
