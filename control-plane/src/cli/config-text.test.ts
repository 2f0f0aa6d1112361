/** Claims about the configuration in words: matches as they are written, and nothing hidden. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ruleDefaults } from '@remora/api/resilience-defaults.ts';
import type { DestinationConfig, MatchConfig, RuleConfig } from '@remora/api/wire.ts';
import { paintLine } from '../dev/line.ts';
import { destinationNamed } from '../publish/sample-destination.ts';
import { configLines } from './config-text.ts';

const KEY = 'catalog.shop:80';

function textOf(config: DestinationConfig, key = KEY): string {
  const page = { format: 'remora-snapshot/1', destinations: { [key]: { version: 'v7', config } } };
  return (configLines('web-0', page) ?? []).map((line) => paintLine(line, 200, false)).join('\n');
}

function ruleTo(id: string, parts: Partial<RuleConfig>): RuleConfig {
  return { id, ...ruleDefaults, backends: [], ...parts };
}

function shareOf(backend: string | null, weight: number): RuleConfig['backends'][number] {
  return { backend, weight, invalid: null, requestHeaders: null, responseHeaders: null };
}

const any: MatchConfig = {
  ...{ rule: 0, path: null, method: null, headers: [], query: [], source: null },
};

describe('the configuration in force', () => {
  test('is one line for each match, in the words of `remora routes`', () => {
    const config: DestinationConfig = {
      ...destinationNamed(KEY),
      matches: [
        {
          ...any,
          ...{ method: 'GET', path: { type: 'prefix', value: '/items' } },
          headers: [
            { name: 'x-user', type: 'exact', value: 'alice' },
            { name: 'x-beta', type: 'present', value: '' },
          ],
          source: { workload: 'storefront' },
        },
        { ...any, rule: 1 },
      ],
      rules: [
        ruleTo('catalog/canary', { backends: [shareOf(KEY, 90), shareOf(null, 10)] }),
        ruleTo('catalog/broken', { invalid: 'every backend has weight 0' }),
      ],
    };
    assert.deepEqual(textOf(config).split('\n').slice(0, 5), [
      'web-0: 1 destination in force, no inbound',
      '',
      'catalog.shop:80  version v7',
      '  catalog/canary: GET /items… header x-user=alice header x-beta from any/storefront → ' +
        'catalog.shop:80 90, nothing 10',
      '  catalog/broken: everything → nothing  ✗ every backend has weight 0',
    ]);
  });

  test('in a cluster names the Service beside the address that it is known by', () => {
    const [, , line] = textOf(destinationNamed(KEY), '10.96.0.7:80').split('\n');
    assert.equal(line, 'catalog.shop:80 at 10.96.0.7:80  version v7');
  });

  test('is the fallback where no route is attached', () => {
    assert.match(textOf({ ...destinationNamed(KEY), matches: null }), /default: everything → /);
  });

  test('is not guessed at where a page is of another version', () => {
    assert.equal(configLines('web-0', { destinations: [] }), null);
    assert.equal(configLines('web-0', 'nonsense'), null);
  });
});
