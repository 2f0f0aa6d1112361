/** Claims about the proposed commands: run by a real shell, they do what they say. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { triesFor } from './tries.ts';

const ROUTE = `spec:
  rules:
    - backends:
        # weight: 1
        - { service: web-v1, weight: 90 }
        - { service: web-v2, weight: 10 }
`;
const load = { through: 'http://127.0.0.1:15001', url: 'http://web/' };

describe('the proposed commands', () => {
  test('are three where a rule divides traffic and there is a load', () => {
    assert.equal(triesFor([{ path: 'web.yaml', text: ROUTE }], load).length, 3);
  });

  test('are only a request where nothing is divided', () => {
    const tries = triesFor([{ path: 'web.yaml', text: 'kind: Service\n' }], load);
    assert.deepEqual(
      tries.map(({ command }) => command.split(' ')[0]),
      ['curl'],
    );
  });

  test('change both weights of the rule and nothing else, also in a path with a quote', (t) => {
    const folder = mkdtempSync(join(tmpdir(), "remora tries'"));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'web.yaml');
    writeFileSync(path, ROUTE);
    const run = () => {
      const [first] = triesFor([{ path, text: readFileSync(path, 'utf8') }], null);
      execFileSync('/bin/sh', ['-c', first?.command ?? 'false']);
      return readFileSync(path, 'utf8');
    };
    const even = ROUTE.replace('weight: 90', 'weight: 50').replace('weight: 10', 'weight: 50');
    assert.equal(run(), even);
    assert.equal(run(), ROUTE);
  });
});
