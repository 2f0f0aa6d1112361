/** Claims about a line of the access log: JSON whatever comes, documented, and cut where long. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RequestRecord } from '@remora/api/request-record.ts';
import fc from 'fast-check';
import * as limits from '../limits.ts';
import { attemptOf, recordOf } from './access-fixture.ts';
import { accessFields } from './access-line.ts';
import { ACCESS_FIELDS } from './access-reference.ts';

type Line = Readonly<Record<string, unknown>>;

function lineOf(changes: Partial<RequestRecord> = {}): Line {
  return JSON.parse(`{"level":30,"time":0,"name":""${accessFields(recordOf(changes))}}`) as Line;
}

/** What JSON makes of a text: a lone surrogate stays what it is. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('"', '\\', '\u0000', '\n', '\u007f', '\u2028', 'é', '/') }),
  fc.array(fc.integer({ min: 0xd7fe, max: 0xe001 })).map((codes) => String.fromCharCode(...codes)),
);

const ENVOYS_DEFAULT =
  '%START_TIME% %REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL% %RESPONSE_CODE% ' +
  '%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% ' +
  '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% %REQ(X-FORWARDED-FOR)% %REQ(USER-AGENT)% ' +
  '%REQ(X-REQUEST-ID)% %REQ(:AUTHORITY)% %UPSTREAM_HOST%';

describe('the table of fields', () => {
  test('names the fields of a line, each once and in its order', () => {
    assert.deepEqual(
      ACCESS_FIELDS.map(({ name }) => name),
      Object.keys(lineOf()),
    );
  });

  test("has all of Envoy's default format", () => {
    const operators = new Set(ACCESS_FIELDS.map(({ envoy }) => envoy));
    for (const operator of ENVOYS_DEFAULT.split(' ')) assert(operators.has(operator), operator);
  });
});

describe('a line', () => {
  test('says of a good request what its record says', () => {
    assert.deepEqual(lineOf(), {
      ...{ level: 30, time: 0, name: '', startedAt: 1_700_000_000_000 },
      ...{ durationMs: 12.604, upstreamMs: 12.125, direction: 'outbound', method: 'GET' },
      ...{ authority: 'catalog.shop', path: '/products?page=2', protocol: 'HTTP/1.1', status: 200 },
      ...{ isFailed: false, cause: null, detail: '', requestBytes: 0, responseBytes: 250 },
      ...{ peer: '127.0.0.1', userAgent: 'curl/8.5.0' },
      requestId: 'f3a1c2d4-5b6e-4f70-8a91-b2c3d4e5f607',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      ...{ destination: 'catalog.shop:80', rule: 'canary/0', backend: 'catalog-v1.shop:80' },
      ...{ endpoint: '10.1.2.3:9000', attempts: 1, retries: [], proxy: 'web-v1-0', msg: 'request' },
    });
  });

  test('tells why there were further attempts, and who answered', () => {
    const refused = attemptOf({ answeredMs: null, endpoint: '10.0.0.1:80', status: 0 });
    const hedge = attemptOf({ endpoint: '10.0.0.3:80', reason: 'hedge', answeredMs: null });
    const answered = attemptOf({
      endpoint: '10.0.0.2:80',
      reason: 'unsent',
      sentMs: 3,
      answeredMs: 7,
    });
    const line = lineOf({ attempts: [refused, answered, hedge] });
    assert.equal(line['endpoint'], '10.0.0.2:80');
    assert.equal(line['upstreamMs'], 4);
    assert.equal(line['attempts'], 3);
    assert.deepEqual(line['retries'], ['unsent', 'hedge']);
  });

  test('names the last endpoint that was tried where Remora answered itself', () => {
    const busy = attemptOf({ endpoint: '10.0.0.1:80', status: 503 });
    const refused = attemptOf({ endpoint: '10.0.0.2:80', sentMs: null, answeredMs: null });
    const shed = attemptOf({ endpoint: '', sentMs: null, answeredMs: null });
    const line = lineOf({ cause: 'RMR_CONNECT_REFUSED', attempts: [busy, refused, shed] });
    assert.equal(line['cause'], 'RMR_CONNECT_REFUSED');
    assert.equal(line['endpoint'], '10.0.0.2:80');
    assert.equal(line['upstreamMs'], null);
  });

  test('has no endpoint where nothing was tried', () => {
    const { endpoint, upstreamMs, attempts } = lineOf({ attempts: [] });
    assert.deepEqual(
      { endpoint, upstreamMs, attempts },
      { endpoint: '', upstreamMs: null, attempts: 0 },
    );
  });

  test('property: is JSON that says the same, whatever the texts are', () => {
    const texts = fc.record({
      ...{ requestId: anyText, traceId: anyText, method: anyText, authority: anyText },
      ...{ path: anyText, userAgent: anyText, peer: anyText, detail: anyText },
      ...{ destination: anyText, rule: anyText, backend: anyText },
    });
    fc.assert(
      fc.property(texts, anyText, anyText, anyText, (record, reason, endpoint, name) => {
        const attempts = [attemptOf(), attemptOf({ reason, endpoint: `:${endpoint}` })];
        const proxy = { name, namespace: '', workload: '' };
        const line = lineOf({ ...record, attempts, proxy });
        for (const [field, text] of Object.entries(record)) assert.equal(line[field], text);
        assert.deepEqual(line['retries'], [reason]);
        assert.equal(line['endpoint'], `:${endpoint}`);
        assert.equal(line['proxy'], name);
      }),
    );
  });

  test('property: is one line, and text that UTF-8 can hold', () => {
    fc.assert(
      fc.property(anyText, (path) => {
        const fields = accessFields(recordOf({ path }));
        assert(!fields.includes('\n'));
        assert(fields.isWellFormed());
      }),
    );
  });

  test('property: a duration is right to the microsecond', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (durationMs) => {
        const said = lineOf({ durationMs })['durationMs'] as number;
        assert(Math.abs(said - durationMs) <= 0.000_5 + durationMs * Number.EPSILON, `${said}`);
      }),
    );
  });

  test('prints thousandths in their places', () => {
    for (const durationMs of [12, 12.4, 12.04, 12.004, 12.123, 0.001]) {
      assert.equal(lineOf({ durationMs })['durationMs'], durationMs);
    }
    assert.equal(lineOf({ durationMs: 11.999_6 })['durationMs'], 12);
  });

  test('has no duration where the clock gave none', () => {
    for (const durationMs of [Number.NaN, Number.POSITIVE_INFINITY, -1]) {
      assert.equal(lineOf({ durationMs })['durationMs'], null);
    }
    assert.equal(lineOf({ durationMs: 0 })['durationMs'], 0);
  });

  test('cuts what is too long, says how much, and keeps what just fits', () => {
    const fits = '/'.padEnd(limits.accessPathMax, 'x');
    assert.equal(lineOf({ path: fits })['path'], fits);
    const long = '/'.padEnd(64 * 1_024, 'x');
    assert.equal(lineOf({ path: long })['path'], `${fits}...(+${64 * 1_024 - fits.length})`);
    const agent = 'a'.repeat(limits.accessTextMax);
    assert.equal(lineOf({ userAgent: agent })['userAgent'], agent);
    assert.equal(lineOf({ userAgent: `${agent}b` })['userAgent'], `${agent}...(+1)`);
  });

  test('stays JSON where the cut goes through a character', () => {
    const path = `${'/'.padEnd(limits.accessPathMax - 1, 'x')}😀`;
    assert(accessFields(recordOf({ path })).isWellFormed());
    assert(String(lineOf({ path })['path']).endsWith('\ud83d...(+1)'));
  });

  test('is bounded, whatever the record holds', () => {
    const text = '\u0001'.repeat(100_000);
    const attempts = Array.from({ length: 100 }, () => attemptOf({ reason: text, endpoint: text }));
    const texts = { requestId: text, traceId: text, method: text, authority: text, path: text };
    const more = { userAgent: text, peer: text, detail: text, destination: text, rule: text };
    const line = accessFields(recordOf({ ...texts, ...more, backend: text, attempts }));
    const escaped = 6;
    const others = 12 + limits.attemptsMax - 1;
    const bound = escaped * (limits.accessPathMax + others * limits.accessTextMax);
    assert(line.length < bound + 2_000, `${line.length}`);
  });
});
