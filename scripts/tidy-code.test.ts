/**
 * Tidy is a gate, so each of its rules is shown to refuse something and to leave the rest alone.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bounds, findInCode } from './tidy-code.ts';

const HEADER = '/**\n * Decides nothing.\n */\n';
const rules = (path: string, text: string) => findInCode(path, text).map((one) => one.rule);

describe('tidy', () => {
  test('is content with a small file that has a header', () => {
    assert.deepEqual(rules('proxy/src/net/pool.ts', `${HEADER}export const one = 1;\n`), []);
  });

  test('refuses a file without a header, and one whose header is a story', () => {
    assert.deepEqual(rules('a.ts', 'export const one = 1;\n'), ['header']);
    assert.deepEqual(rules('a.test.ts', 'export const one = 1;\n'), []);
    const story = `/**\n${' * And then.\n'.repeat(bounds.headerLinesMax + 1)} */\n`;
    assert.deepEqual(rules('a.ts', story), ['header']);
  });

  test('allows a first line that names an interpreter', () => {
    assert.deepEqual(rules('a.ts', `#!/usr/bin/env node\n${HEADER}`), []);
  });

  test('refuses line 401 and character 101, and not the ones before', () => {
    const lines = (count: number) => HEADER + '\n'.repeat(count - 3);
    assert.deepEqual(rules('a.ts', lines(bounds.fileLinesMax)), []);
    assert.deepEqual(rules('a.ts', lines(bounds.fileLinesMax + 1)), ['file-length']);
    const line = (count: number) => `${HEADER}//${'é'.repeat(count - 2)}\n`;
    assert.deepEqual(rules('a.ts', line(bounds.lineCharactersMax)), []);
    assert.deepEqual(rules('a.ts', line(bounds.lineCharactersMax + 1)), ['line-length']);
  });

  test('refuses a function of 71 lines: declared, arrow or method', () => {
    const body = (count: number) => '{\n'.concat('\n'.repeat(count - 2), '}');
    const kinds = [
      (count: number) => `function f() ${body(count)}\n`,
      (count: number) => `const f = () => ${body(count)};\n`,
      (count: number) => `class A { #f() ${body(count)} }\n`,
    ];
    for (const kind of kinds) {
      assert.deepEqual(rules('a.ts', HEADER + kind(bounds.functionLinesMax)), []);
      assert.deepEqual(rules('a.ts', HEADER + kind(bounds.functionLinesMax + 1)), [
        'function-length',
      ]);
    }
  });

  test('bounds a test but not the chapter that holds it', () => {
    const long = `() => {\n${'\n'.repeat(bounds.functionLinesMax)}}`;
    assert.deepEqual(rules('a.test.ts', `${HEADER}describe('x', ${long});\n`), []);
    assert.deepEqual(rules('a.test.ts', `${HEADER}test('x', ${long});\n`), ['function-length']);
  });

  test('refuses time, chance and timers in a pure folder only', () => {
    const text = `${HEADER}export const at = () => Date.now();\nsetTimeout(at, Math.random());\n`;
    assert.deepEqual(rules('proxy/src/balance/p2c.ts', text), ['pure', 'pure', 'pure']);
    assert.deepEqual(rules('proxy/src/balance/p2c.test.ts', text), []);
    assert.deepEqual(rules('proxy/src/net/pool.ts', text), []);
  });

  test('does not take a property or a comment for the global of that name', () => {
    const text = `${HEADER}// process.exit, Date.now()\nexport const p = { process: 1 }.process;\n`;
    assert.deepEqual(rules('proxy/src/balance/p2c.ts', text), []);
  });
});
