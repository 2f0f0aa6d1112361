import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ledger } from './ledger.ts';
import { readObjects } from './object-reading.ts';

function route(name: string, weight: number | string): string {
  return [
    'apiVersion: remora.dev/v1alpha1',
    'kind: TrafficRoute',
    `metadata: { name: ${name}, namespace: shop }`,
    'spec:',
    '  targetRef: { name: catalog }',
    '  rules:',
    `    - backends: [ { service: catalog, weight: ${weight} } ]`,
    '',
  ].join('\n');
}

const documents = (...texts: readonly string[]) => texts.join('---\n');

class Folder {
  readonly ledger = new Ledger();

  /** Writes files (null: deletes) and answers the events as text. */
  write(files: Readonly<Record<string, string | null>>): readonly string[] {
    for (const [file, text] of Object.entries(files)) {
      if (text === null) this.ledger.remove(file);
      else this.ledger.put(file, readObjects(file, text));
    }
    return this.ledger.settle().map(({ type, object: { kind, metadata } }) => {
      return `${type} ${kind} ${metadata.name} ${metadata.generation}`;
    });
  }
}

describe('the ledger', () => {
  test('counts a generation up when a spec changed, and only then', () => {
    const folder = new Folder();
    assert.deepEqual(folder.write({ 'a.yaml': route('a', 1) }), ['put TrafficRoute a 1']);
    assert.deepEqual(folder.write({ 'a.yaml': `# why\n${route('a', 1)}` }), []);
    assert.deepEqual(folder.write({ 'a.yaml': route('a', 2) }), ['put TrafficRoute a 2']);
    const labelled = route('a', 2).replace('namespace: shop', 'namespace: shop, labels: { x: y }');
    assert.deepEqual(folder.write({ 'a.yaml': labelled }), ['put TrafficRoute a 2']);
  });

  test('keeps the last good version of an object while it is mistaken', () => {
    const folder = new Folder();
    folder.write({ 'a.yaml': documents(route('a', 1), route('b', 1)) });
    const events = folder.write({ 'a.yaml': documents(route('a', 'many'), route('b', 2)) });
    assert.deepEqual(events, ['put TrafficRoute b 2']);
    assert.equal(folder.ledger.problems.length, 1);
    assert.deepEqual(folder.write({ 'a.yaml': documents(route('a', 3), route('b', 2)) }), [
      'put TrafficRoute a 2',
    ]);
    assert.deepEqual(folder.ledger.problems, []);
  });

  test('keeps every object of a file that cannot be parsed', () => {
    const folder = new Folder();
    folder.write({ 'a.yaml': documents(route('a', 1), route('b', 1)) });
    assert.deepEqual(folder.write({ 'a.yaml': 'spec: [ {' }), []);
    assert.ok(folder.ledger.problems.length > 0);
    assert.deepEqual(folder.write({ 'a.yaml': route('b', 1) }), ['delete TrafficRoute a 1']);
  });

  test('keeps an object whose own name has become unreadable', () => {
    const folder = new Folder();
    folder.write({ 'a.yaml': route('a', 1) });
    assert.deepEqual(folder.write({ 'a.yaml': route('a', 1).replace('name: a', 'name: [ ]') }), []);
  });

  for (const [how, broken] of [
    ['cannot be parsed', 'spec: [ {'],
    ['is mistaken', route('a', 'many')],
  ] as const) {
    test(`keeps an object whose file is renamed while it ${how}`, () => {
      const folder = new Folder();
      folder.write({ 'a.yaml': route('a', 1) });
      assert.deepEqual(folder.write({ 'a.yaml': broken }), []);
      assert.deepEqual(folder.write({ 'a.yaml': null, 'b.yaml': broken }), []);
      assert.deepEqual(folder.write({ 'b.yaml': null, 'c.yaml': broken }), []);
      assert.deepEqual(folder.write({ 'c.yaml': `${broken} ` }), []);
      assert.deepEqual(folder.write({ 'c.yaml': route('c', 1) }), [
        'put TrafficRoute c 1',
        'delete TrafficRoute a 1',
      ]);
    });
  }

  test('keeps an object that moved to another file with a mistake', () => {
    const folder = new Folder();
    folder.write({ 'a.yaml': documents(route('a', 1), route('b', 1)), 'b.yaml': '# later' });
    const moved = { 'a.yaml': route('b', 1), 'b.yaml': route('a', 'many') };
    assert.deepEqual(folder.write(moved), []);
    assert.deepEqual(folder.write({ 'b.yaml': '# never' }), ['delete TrafficRoute a 1']);
  });

  for (const [what, right, wrong] of [
    ['kind', 'kind: TrafficRoute', 'kind: TraficRoute'],
    ['group', 'remora.dev', 'remora.dve'],
    ['name', 'name: a', 'name: A'],
  ] as const) {
    test(`keeps an object whose ${what} is misspelt`, () => {
      const folder = new Folder();
      folder.write({ 'a.yaml': route('a', 1) });
      assert.deepEqual(folder.write({ 'a.yaml': route('a', 1).replace(right, wrong) }), []);
      assert.equal(folder.ledger.problems.length, 1);
    });
  }

  test('keeps what was in a file that was emptied to be written anew, and says so', () => {
    const folder = new Folder();
    folder.write({ 'a.yaml': route('a', 1) });
    assert.deepEqual(folder.write({ 'a.yaml': '' }), []);
    assert.match(folder.ledger.problems[0]?.message ?? '', /empty/);
    assert.deepEqual(folder.write({ 'a.yaml': route('a', 2) }), ['put TrafficRoute a 2']);
    assert.deepEqual(folder.ledger.problems, []);
    folder.write({ 'a.yaml': '' });
    assert.deepEqual(folder.write({ 'a.yaml': null }), ['delete TrafficRoute a 2']);
  });

  test('ends objects with their document and with their file', () => {
    const folder = new Folder();
    folder.write({ 'a.yaml': documents(route('a', 1), route('b', 1)), 'c.yaml': route('c', 1) });
    assert.deepEqual(folder.write({ 'a.yaml': route('b', 1), 'c.yaml': null }), [
      'delete TrafficRoute a 1',
      'delete TrafficRoute c 1',
    ]);
  });

  test('sees nothing in an object that moved to another file', () => {
    const folder = new Folder();
    folder.write({ 'a.yaml': route('a', 1) });
    assert.deepEqual(folder.write({ 'a.yaml': null, 'b.yaml': route('a', 1) }), []);
  });

  test('goes on with the generation of an object that comes back different', () => {
    const folder = new Folder();
    folder.write({ 'a.yaml': route('a', 1) });
    folder.write({ 'a.yaml': null });
    assert.deepEqual(folder.write({ 'a.yaml': route('a', 2) }), ['put TrafficRoute a 2']);
  });

  for (const [where, files] of [
    ['one file', { 'a.yaml': documents(route('a', 1), route('a', 2)) }],
    ['two files', { 'a.yaml': route('a', 1), 'b.yaml': route('a', 2) }],
  ] as const) {
    test(`takes the first of two objects of one name in ${where}, and names both places`, () => {
      const folder = new Folder();
      folder.write(files);
      assert.deepEqual(folder.write(files), []);
      const [problem, ...more] = folder.ledger.problems;
      assert.equal(more.length, 0);
      assert.match(problem?.message ?? '', /also at a\.yaml:1,/);
      assert.equal(
        `${problem?.file}:${problem?.line}`,
        where === 'one file' ? 'a.yaml:9' : 'b.yaml:1',
      );
      // The second takes over when the first has gone.
      const gone = { ...files, 'a.yaml': documents(route('z', 1)), 'b.yaml': route('a', 2) };
      assert.ok(folder.write(gone).includes('put TrafficRoute a 2'));
    });
  }
});
