import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fieldName } from '../files/problem.ts';
import { parseQuantity } from './quantity.ts';
import { readDefaults, readSettings, SETTINGS } from './settings.ts';

describe('the settings of injection', () => {
  test('each take their own default and their own example', () => {
    for (const { name, standard, example, parse } of Object.values(SETTINGS)) {
      assert.notEqual(parse(example), null, `${name}: ${example}`);
      if (name !== 'image') assert.notEqual(parse(standard), null, `${name}: ${standard}`);
    }
  });

  test('have each a name of its own, in the spelling of annotations, and a sentence', () => {
    const all = Object.values(SETTINGS);
    assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
    for (const { name, doc } of all) {
      assert.match(name, /^[a-z]+(-[a-z]+)*$/);
      assert.match(doc, /^[A-Z`].*\.$/, name);
    }
  });

  test('come from the pod first, then from the installation, then from the table', () => {
    const annotations = { 'remora.dev/slow': '2s' };
    const { settings } = readSettings(annotations, { slow: '3s', sample: '0.5' });
    assert.deepEqual(
      [settings?.slowMs, settings?.sample, settings?.preStopSeconds, settings?.image],
      [2_000, 0.5, 5, null],
    );
  });

  test('are all refused where one is mistaken, each with its place', () => {
    const wrong = { 'remora.dev/slow': 'soon', 'remora.dev/sample': '2' };
    const { settings, problems } = readSettings(wrong, {});
    assert.equal(settings, null);
    assert.deepEqual(
      problems.map(({ path }) => fieldName(path)),
      ['metadata.annotations.remora.dev/sample', 'metadata.annotations.remora.dev/slow'],
    );
  });

  test('refuse a request over its limit, also where one of both is a default', () => {
    const { problems } = readSettings({ 'remora.dev/memory-request': '1Gi' }, {});
    assert.match(problems[0]?.message ?? '', /1Gi is over the limit of 256Mi/);
    const none = { 'remora.dev/memory-request': '1Gi', 'remora.dev/memory-limit': 'none' };
    assert.deepEqual(readSettings(none, {}).problems, []);
  });

  test('warn of an annotation that is none of them, and of no other', () => {
    const { warnings } = readSettings(
      {
        'remora.dev/slw': '1s',
        'remora.dev/injected': '0',
        'remora.dev/inject': 'enabled',
        a: 'b',
      },
      {},
    );
    assert.deepEqual(
      warnings.map(({ path, remedy }) => [path.at(-1), remedy]),
      [['remora.dev/slw', 'Did you mean `remora.dev/slow`?']],
    );
  });

  test('of an installation are read once, with their mistakes', () => {
    assert.deepEqual(readDefaults({ traces: 'http://jaeger:4318' }), []);
    const [unknown, wrong] = readDefaults({ trace: 'http://jaeger:4318', slow: '5' });
    assert.match(unknown?.remedy ?? '', /`traces`/);
    assert.deepEqual(wrong?.path.at(-1), 'remora.dev/slow');
  });
});

describe('a quantity', () => {
  test('is compared by amount, whatever its unit', () => {
    assert.ok(parseQuantity('1Gi')!.amount > parseQuantity('1G')!.amount);
    assert.equal(parseQuantity('1500m')!.amount, parseQuantity('1.5')!.amount);
    for (const text of ['0', '0m', '-1', '1 Gi', 'Gi', '1e3', '1.', '.5']) {
      assert.equal(parseQuantity(text), null, text);
    }
  });
});
