/** Claims about which format a scraper gets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFor } from './metrics-format.ts';

const OPEN = 'application/openmetrics-text';

for (const [who, accept, expected] of [
  [
    'Prometheus 2',
    `${OPEN};version=1.0.0,${OPEN};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1`,
    'openmetrics',
  ],
  [
    'Prometheus 3',
    `${OPEN};version=1.0.0;escaping=allow-utf-8;q=0.5,${OPEN};version=0.0.1;q=0.4,` +
      'text/plain;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
    'openmetrics',
  ],
  ['a browser', 'text/html,application/xhtml+xml,*/*;q=0.8', 'text'],
  ['curl', '*/*', 'text'],
  ['nobody in particular', '', 'text'],
  ['who likes text better', `${OPEN};q=0.4, text/plain;q=0.5`, 'text'],
  ['who likes both', `text/plain, ${OPEN}`, 'openmetrics'],
  ['who refuses it', `${OPEN};q=0`, 'text'],
  ['who wants another version', `${OPEN};version=2.0.0, text/plain;q=0.1`, 'text'],
  ['who quotes', `${OPEN.toUpperCase()}; Version="1.0.0"`, 'openmetrics'],
] as const) {
  test(`${who} gets ${expected}`, () => assert.equal(formatFor(accept), expected));
}
