/**
 * Each word that tidy refuses, refused once, beside the nearest thing that it must allow.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findInName, findInText } from './tidy-text.ts';

const rules = (path: string, text: string) => findInText(path, text).map((one) => one.rule);

describe('tidy refuses in any text', () => {
  test('the host of a package registry', () => {
    const host = ['registry', 'npmjs', 'org'].join('.');
    assert.deepEqual(rules('README.md', `npm --registry https://${host}/`), ['registry-host']);
    assert.deepEqual(rules('README.md', 'see npmjs for the package'), []);
  });

  test('a lock file that ties its reader to one registry, and not one with links', () => {
    assert.deepEqual(rules('package-lock.json', '"resolved": "https://mirror.example/a.tgz"'), [
      'registry-host',
    ]);
    assert.deepEqual(rules('package-lock.json', '"resolved": "api", "link": true'), []);
  });

  test('a path of one machine, and not a route of that name', () => {
    assert.deepEqual(rules('docs/a.md', `run ${'/wo'}rk/main/x`), ['machine-path']);
    assert.deepEqual(rules('docs/a.md', `run ${'/ho'}me/ann/x`), ['machine-path']);
    assert.deepEqual(rules('docs/a.md', 'GET /work and /worker/one and /home'), []);
  });

  test('a TODO without its issue', () => {
    assert.deepEqual(rules('a.ts', `// TO${'DO'}: later`), ['unfinished']);
    assert.deepEqual(rules('a.ts', `// TO${'DO'}(#12): later`), []);
  });
});

describe('tidy refuses as a file name', () => {
  const refuses = (path: string) => findInName(path).length > 0;

  test('an empty word, in whole or in part', () => {
    assert(refuses('proxy/src/utils.ts'));
    assert(refuses('proxy/src/net/socket-helpers.ts'));
    assert(!refuses('proxy/src/net/common-log-format.md'));
    assert(!refuses('proxy/src/net/utilisation.ts'));
  });

  test('anything but kebab-case', () => {
    assert(refuses('proxy/src/headParser.ts'));
    assert(refuses('proxy/src/head_parser.ts'));
    assert(!refuses('proxy/src/head-parser.test.ts'));
    assert(!refuses('.dependency-cruiser.mjs'));
  });
});
