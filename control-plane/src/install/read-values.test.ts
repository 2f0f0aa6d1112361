import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readValues } from './read-values.ts';

const read = (...sets: string[]) => readValues({ file: null, sets, image: null });

describe('the values of an installation', () => {
  test('are the defaults where nothing is given', () => {
    assert.equal(read().values?.replicas, 2);
  });

  test('come from --image over --set over the file, and one block keeps what another set', () => {
    const file = 'replicas: 3\nimage: { tag: a, pullPolicy: Never }\n';
    const given = { file, sets: ['image.tag=b', 'podMonitor.enabled=true'], image: 'mine:c' };
    const { values } = readValues(given);
    assert.deepEqual(values?.image, { repository: 'mine', tag: 'c', pullPolicy: 'Never' });
    assert.deepEqual([values?.replicas, values?.podMonitor.enabled], [3, true]);
  });

  test('are merged as Helm does it: maps grow, lists are replaced, null takes away', () => {
    const resources = { limits: { cpu: 2 }, requests: { memory: null } };
    const excludedNamespaces = ['only'];
    const file = JSON.stringify({ resources, injection: { excludedNamespaces } });
    const { values } = readValues({ file, sets: [], image: null });
    const limits = { cpu: 2, memory: '512Mi' };
    assert.deepEqual(values?.resources, { limits, requests: { cpu: '100m' } });
    assert.deepEqual(values?.injection.excludedNamespaces, ['only']);
  });

  test('keep a text as it was typed where a number would be another', () => {
    assert.equal(read('image.tag=1.10').values?.image.tag, '1.10');
    const { values } = read('injection.defaults.access-log-sample=0.50');
    assert.deepEqual(values?.injection.defaults, { 'access-log-sample': '0.50' });
  });

  test('take lists and names with a dot', () => {
    const { values } = read(
      'imagePullSecrets=[{name: pull}]',
      String.raw`podMonitor.labels.a\.b/c=yes`,
    );
    assert.deepEqual(values?.imagePullSecrets, [{ name: 'pull' }]);
    assert.deepEqual(values?.podMonitor.labels, { 'a.b/c': 'yes' });
  });

  test('take the port of a registry for no tag, and a digest for one', () => {
    const image = (given: string) => {
      const { values } = readValues({ file: null, sets: [], image: given });
      return [values?.image.repository, values?.image.tag];
    };
    assert.deepEqual(image('reg:5000/remora'), ['reg:5000/remora', '']);
    assert.deepEqual(image('reg:5000/remora@sha256:ab'), ['reg:5000/remora@sha256', 'ab']);
  });

  test('are refused with the path of each mistake', () => {
    const { mistakes } = read('replicas=many', 'image.pulPolicy=Never', 'replicas.x=1');
    assert.match(mistakes.join('\n'), /^image: .*pulPolicy/m);
    assert.match(mistakes.join('\n'), /^replicas: /m);
  });

  test('are refused where a setting is none, or would reach a prototype', () => {
    for (const set of ['replicas', '=3', 'a..b=1', '__proto__.x=1', 'image.constructor=1']) {
      assert.match(read(set).mistakes.join(), /is not PATH=VALUE/, set);
    }
    assert.match(readValues({ file: '- 1', sets: [], image: null }).mistakes.join(), /no map/);
  });
});
