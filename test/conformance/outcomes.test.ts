import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { outcomeOf, outcomesPage } from './outcomes.ts';

describe('an outcome of the conformance suite', () => {
  test('is told by the line of a whole test, never by that of its parts', () => {
    assert.deepEqual(outcomeOf('    --- PASS: TestConformance/MeshPorts (0.52s)'), {
      name: 'MeshPorts',
      result: 'passed',
    });
    const others = [
      '--- PASS: TestConformance (12.00s)',
      '        --- FAIL: TestConformance/MeshPorts/0_request_to_echo (0.10s)',
      '=== RUN   TestConformance/MeshPorts',
      '    meshports.go:10: --- PASS: TestConformance/MeshPorts (0.52s)',
    ];
    for (const line of others) assert.equal(outcomeOf(line), null, line);
  });

  test('is on the page in the order of names, and counted', () => {
    const page = outcomesPage(
      [
        { name: 'MeshPorts', result: 'failed' },
        { name: 'MeshBasic', result: 'passed' },
      ],
      ['Gateway API v1.6.3'],
    );
    assert.match(page, /1 of 2 tests passed/);
    assert.match(page, /\| MeshBasic \| passed \|\n\| MeshPorts \| failed \|\n$/);
  });
});
