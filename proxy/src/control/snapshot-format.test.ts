/** Claims about the snapshot format: what is written is read again, what is wrong says so. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { drained } from './control-fixture.ts';
import { type ConfigText, readSnapshot, writeSnapshot } from './snapshot-format.ts';

describe('a snapshot', () => {
  test('property: reads back as it was written, texts byte for byte', () => {
    const config = fc.record({
      version: fc.string(),
      text: fc.jsonValue().map((value) => JSON.stringify(value)),
    });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), config), (byKey) => {
        const texts: ConfigText[] = Object.entries(byKey).map(([key, rest]) => ({ key, ...rest }));
        const file = [...writeSnapshot(texts)].join('');
        assert.deepEqual(drained(readSnapshot(file)), texts);
        JSON.parse(file);
      }),
    );
  });

  for (const [what, file, why] of [
    ['cut off', '{"format":"remora-snapshot/1","destinations":{"a":{"version":"1","con', /JSON/],
    ['of another format', '{"format":"other","destinations":{}}', /expected "remora-snapshot\/1"/],
    ['without destinations', '{"format":"remora-snapshot/1"}', /destinations are missing/],
    ['with an entry without a version', entry('{"config":{}}'), /version is missing/],
    ['with an entry without a config', entry('{"version":"1"}'), /a: config is missing/],
    ['empty', '', /JSON object/],
  ] as const) {
    test(`${what} is refused with the reason`, () => {
      assert.throws(() => drained(readSnapshot(file)), why);
    });
  }
});

function entry(value: string): string {
  return `{"format":"remora-snapshot/1","destinations":{"a":${value}}}`;
}
