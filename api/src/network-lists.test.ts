import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { networkListLimits, parseAddressRanges, parsePortRanges } from './network-lists.ts';

describe('a list of ports', () => {
  test('holds ports and ranges, with spaces around them', () => {
    assert.deepEqual(parsePortRanges('22, 9000-9100 ,65535'), [
      { first: 22, last: 22 },
      { first: 9_000, last: 9_100 },
      { first: 65_535, last: 65_535 },
    ]);
    assert.deepEqual(parsePortRanges(' '), []);
  });

  test('refuses what is no port, a range that ends before it begins, and an empty item', () => {
    for (const text of ['0', '65536', '9-8', '80,', ',', 'http', '1-2-3', '-1', '8 0', '1e3']) {
      assert.equal(parsePortRanges(text), null, text);
    }
  });

  test('is bounded', () => {
    const list = (count: number) => Array.from({ length: count }, (_, at) => at + 1).join(',');
    assert.equal(parsePortRanges(list(networkListLimits.rangesMax))?.length, 64);
    assert.equal(parsePortRanges(list(networkListLimits.rangesMax + 1)), null);
  });
});

describe('a list of address ranges', () => {
  test('holds both families, and takes a bare address for itself alone', () => {
    assert.deepEqual(parseAddressRanges('10.0.0.0/8,169.254.169.254,fd00::/8,::1,::/0'), [
      { family: 4, text: '10.0.0.0/8' },
      { family: 4, text: '169.254.169.254/32' },
      { family: 6, text: 'fd00::/8' },
      { family: 6, text: '::1/128' },
      { family: 6, text: '::/0' },
    ]);
  });

  test('refuses what no kernel would take', () => {
    const wrong = ['10.0.0/8', '10.0.0.0/33', 'fd00::/129', '1::2::3', '01.2.3.4', 'db', '/8'];
    for (const text of wrong) assert.equal(parseAddressRanges(text), null, text);
    assert.equal(parseAddressRanges('10.0.0.0/8,,'), null);
    assert.equal(parseAddressRanges('10.0.0.0/8; -j ACCEPT'), null);
  });

  test('property: an address is one exactly where Node says so too', () => {
    const part = fc.constantFrom('', '0', 'ff', 'fd00', '12345', 'g', '1', '255', '256', '01');
    const joined = fc
      .tuple(fc.array(part, { maxLength: 9 }), fc.constantFrom(':', '.', '::'))
      .map(([parts, separator]) => parts.join(separator));
    const text = fc.oneof(joined, fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(text, (address) => {
        const hasDots = address.includes('.') && address.includes(':');
        fc.pre(address !== '' && !hasDots); // A dotted end of an IPv6 address is not taken.
        assert.equal(parseAddressRanges(address) !== null, isIP(address) !== 0, address);
      }),
    );
  });
});
