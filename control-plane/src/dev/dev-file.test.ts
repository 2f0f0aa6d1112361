/** Claims about `dev.yaml`: it is understood, and every mistake is named with its place. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DevFile, parseDevFile } from './dev-file.ts';
import type { Problem } from '../files/problem.ts';

function parsed(text: string): DevFile {
  const result = parseDevFile(text, 'dev.yaml');
  assert.ok('workloads' in result, JSON.stringify(result));
  return result;
}

function mistakes(text: string): readonly Problem[] {
  const result = parseDevFile(text, 'dev.yaml');
  assert.ok(!('workloads' in result), 'a mistake was accepted');
  return result;
}

describe('dev.yaml', () => {
  test('says the command, folder, environment and replicas of each workload', () => {
    const { workloads, load } = parsed(
      'workloads:\n  web: { command: node web.js, folder: apps, env: { N: 1 }, replicas: 3 }\n',
    );
    assert.deepEqual(workloads.get('web'), {
      command: 'node web.js',
      folder: 'apps',
      env: { N: '1' },
      replicas: 3,
      line: 2,
    });
    assert.equal(load, null);
  });

  test('leaves replicas to the Deployment and starts in its own folder by default', () => {
    const web = parsed('workloads: { web: { command: [node, web.js] } }').workloads.get('web');
    assert.equal(web?.replicas, null);
    assert.equal(web?.folder, '.');
    assert.deepEqual(web?.command, ['node', 'web.js']);
  });

  test('reports a wrong value with its line, field and remedy', () => {
    const [problem, ...more] = mistakes(
      'workloads:\n  web:\n    command: node\n    replicas: many\n',
    );
    assert.equal(problem?.line, 4);
    assert.equal(problem?.field, 'workloads.web.replicas');
    assert.match(problem?.remedy ?? '', /a whole number from 0 to 20/);
    assert.equal(more.length, 0);
  });

  test('reports an unknown field at its own line and lists the known ones', () => {
    const [problem] = mistakes('workloads:\n  web:\n    command: node\n    port: 80\n');
    assert.equal(problem?.line, 4);
    assert.equal(problem?.message, 'there is no field "port"');
    assert.equal(problem?.remedy, 'the fields here are command, folder, env, replicas');
  });

  test('reports every mistake at once', () => {
    const found = mistakes(
      'workloads:\n  web: {}\n  api: { command: "" }\nload: { url: ftp://x }\n',
    );
    assert.deepEqual(
      found.map(({ field }) => field),
      ['workloads.web.command', 'workloads.api.command', 'load.url'],
    );
    assert.ok(found.every(({ remedy }) => remedy !== ''));
  });

  test('reports text that is no YAML at its line', () => {
    const [problem] = mistakes('workloads:\n  web: { command: node\nload: 1\n');
    assert.ok((problem?.line ?? 0) >= 2);
    assert.equal(problem?.remedy, 'correct the YAML at this line');
  });

  test('is wrong when it is empty', () => {
    assert.equal(mistakes('')[0]?.field, 'workloads');
  });
});
