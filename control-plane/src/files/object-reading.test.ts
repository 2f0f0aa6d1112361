import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readObjects } from './object-reading.ts';
import { problemLine } from './problem.ts';

const ROUTE = `# A route.
apiVersion: remora.dev/v1alpha1
kind: TrafficRoute
metadata:
  name: catalog
spec:
  targetRef: { name: catalog }
  rules:
    - matches:
        - path: { regex: "^/items/[0-9]+$" }
      backends:
        - service: catalog
          weight: 90
`;

describe('reading objects', () => {
  test('puts what has no namespace into the namespace default', () => {
    const { objects, problems } = readObjects('a.yaml', ROUTE);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      objects.map(({ key, place }) => [key, place.line]),
      [['TrafficRoute/default/catalog', 2]],
    );
  });

  test('reports a mistake with file, line, column, object, field and remedy', () => {
    const reading = readObjects('a.yaml', ROUTE.replace('weight: 90', 'weight: -1'));
    const [problem, ...more] = reading.problems;
    assert.deepEqual(more, []);
    assert.deepEqual(
      [problem?.file, problem?.line, problem?.column, problem?.object, problem?.field],
      ['a.yaml', 13, 11, 'TrafficRoute default/catalog', 'spec.rules[0].backends[0].weight'],
    );
    assert.notEqual(problem?.remedy, '');
    assert.deepEqual([...reading.mistaken], ['TrafficRoute/default/catalog']);
    assert.equal(reading.isCut, false);
    assert.match(
      problemLine(problem!),
      /^a\.yaml:13:11: TrafficRoute default\/catalog spec\.rules/,
    );
  });

  test('warns of a field that it does not know, and takes the object', () => {
    const reading = readObjects('a.yaml', ROUTE.replace('weight: 90', 'wieght: 90'));
    const [problem] = reading.problems;
    assert.deepEqual([problem?.line, problem?.isWarning], [13, true]);
    assert.match(problem?.remedy ?? '', /`weight`/);
    assert.equal(reading.objects.length, 1);
  });

  test('refuses a pattern that the engine of the proxy cannot match in linear time', () => {
    const reading = readObjects('a.yaml', ROUTE.replace('^/items/[0-9]+$', '^/(?=items)'));
    const [problem] = reading.problems;
    assert.equal(problem?.field, 'spec.rules[0].matches[0].path.regex');
    assert.equal(problem?.line, 10);
    assert.match(problem?.remedy ?? '', /RE2/);
    assert.deepEqual(reading.objects, []);
  });

  test('passes over objects that are no business of the mesh', () => {
    const other = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\ndata: { a: b }\n';
    const reading = readObjects('a.yaml', `${other}---\n${ROUTE}---\nanything: else\n---\n`);
    assert.deepEqual([reading.objects.length, reading.problems, reading.isCut], [1, [], false]);
  });

  test('reads the documents around one that is no YAML, and says that it was cut', () => {
    const reading = readObjects('a.yaml', `${ROUTE}---\na: b: c\n---\n`);
    assert.equal(reading.isCut, true);
    assert.equal(reading.problems[0]?.line, 15);
    assert.equal(reading.objects.length, 1);
  });

  test('refuses aliases that expand without measure', () => {
    let text = 'a0: &a0 [ x, x, x, x, x, x, x, x, x, x ]\n';
    for (let i = 1; i < 9; i++) text += `a${i}: &a${i} [ ${`*a${i - 1}, `.repeat(10)} ]\n`;
    const reading = readObjects('a.yaml', text);
    assert.equal(reading.isCut, true);
    assert.match(reading.problems[0]?.message ?? '', /alias/i);
  });

  test('refuses an alias that holds itself', () => {
    const text = 'apiVersion: v1\nkind: Service\nmetadata: { name: a }\n';
    const reading = readObjects('a.yaml', `${text}spec: &a { x: *a, y: *a, z: *a }\n`);
    assert.deepEqual([reading.isCut, reading.objects], [true, []]);
  });

  test('takes hostile names for names', () => {
    const text = ROUTE.replace(
      'service: catalog',
      'service: catalog\n          __proto__: { x: 1 }',
    );
    const reading = readObjects('a.yaml', text);
    assert.equal(({} as Record<string, unknown>)['x'], undefined);
    assert.ok(reading.objects.length + reading.problems.length > 0);
  });
});
