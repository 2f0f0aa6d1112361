/**
 * The corpora through the codec, without sockets. For every case whatever was sent must pass the
 * judge, as exactly as many messages as the codec believes it sent; then the case's own verdict.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Head } from '../../proxy/src/http1/head.ts';
import { PARSE_OK, parseRequestHead } from '../../proxy/src/http1/head-parser.ts';
import { refusalReason } from '../../proxy/src/http1/refusals.ts';
import { FORWARDED_SHARE_MIN, peersForward, refusedUnlikePeers } from './peers-forward.ts';
import { relayRequests, relayResponse } from './pipeline.ts';
import { type CorpusCase, corporaMissing, corpusCases, hasHost } from './shared-corpora.ts';
import { readRequests, readResponses } from './strict-grammar.ts';
import { REQUEST_WAIVERS_MAX, requestWaivers, responseWaivers, unfinished } from './waivers.ts';

const skip = corporaMissing ?? false;
const requests = corpusCases(['request', 'conn']);
const responses = corpusCases(['response']);

function of(cases: readonly CorpusCase[], verdict: string): CorpusCase[] {
  return cases.filter((each) => each.verdict === verdict);
}

describe('corpora: requests', { skip }, () => {
  test('whatever a client sends, what goes on is canonical, and as many as were counted', () => {
    const faults: string[] = [];
    for (const each of requests) {
      const outcome = relayRequests(each.bytes);
      const reading = readRequests(outcome.sent);
      if (reading.fault !== null) faults.push(`${each.id}: ${reading.fault}`);
      if (reading.messages.length !== outcome.whole) faults.push(`${each.id}: counted wrongly`);
    }
    assert.deepEqual(faults, []);
    assert.ok(requests.length > 2_000, String(requests.length));
  });

  test('what must be refused is never forwarded', () => {
    const forwarded = of(requests, 'reject').filter(
      (each) => relayRequests(each.bytes).whole > each.messagesBefore,
    );
    assert.deepEqual(
      forwarded.map(({ id }) => id),
      [],
    );
  });

  test('what must be accepted is forwarded, less the waivers', () => {
    const waived = new Set([...requestWaivers, ...unfinished].map(({ id }) => id));
    const refused: string[] = [];
    for (const each of of(requests, 'accept')) {
      if (!hasHost(each) || each.tags.includes('pause') || waived.has(each.id)) continue;
      const outcome = relayRequests(each.bytes);
      if (outcome.whole === 0) refused.push(`${each.id}: ${refusalReason(outcome.refused)}`);
    }
    assert.deepEqual(refused, []);
    assert.ok(requestWaivers.length <= REQUEST_WAIVERS_MAX);
  });

  test('of what Envoy and nginx both forward, 90% goes on, and the rest is listed', () => {
    const byId = new Map(requests.map((each) => [each.id, each]));
    const refused = peersForward.filter((id) => relayRequests(byId.get(id)!.bytes).whole === 0);
    assert.deepEqual(
      refused,
      refusedUnlikePeers.map(({ id }) => id),
    );
    const forwarded = peersForward.length - refused.length;
    assert.ok(forwarded >= FORWARDED_SHARE_MIN * peersForward.length, String(forwarded));
    assert.equal(peersForward.length, 51);
  });

  test('each waiver is needed', () => {
    const byId = new Map([...requests, ...responses].map((each) => [each.id, each]));
    for (const { id } of requestWaivers) {
      assert.notEqual(relayRequests(byId.get(id)!.bytes).refused, 0, id);
    }
    for (const { id } of responseWaivers) {
      assert.notEqual(relayResponse(byId.get(id)!.bytes).refused, 0, id);
    }
    for (const { id } of unfinished) {
      const outcome = relayRequests(byId.get(id)!.bytes);
      assert.deepEqual([outcome.whole, outcome.refused], [0, 0], id);
    }
  });
});

describe('corpora: responses', { skip }, () => {
  test('whatever an upstream answers, what goes on is canonical', () => {
    const faults: string[] = [];
    for (const each of responses) {
      const outcome = relayResponse(each.bytes);
      const reading = readResponses(outcome.sent, ['GET'], false);
      if (reading.fault !== null) faults.push(`${each.id}: ${reading.fault}`);
    }
    assert.deepEqual(faults, []);
  });

  test('what must be refused is refused, and one answer is never two', () => {
    for (const each of of(responses, 'reject')) {
      const outcome = relayResponse(each.bytes);
      // A verdict about bytes behind the answer: the pool drops them with the connection.
      const behind =
        each.id === 'llhttp/response/connection:167' ||
        each.id === 'llhttp/response/connection:230';
      assert.equal(outcome.whole, behind ? 1 : 0, each.id);
    }
  });

  test('what must be accepted is forwarded, less the waivers', () => {
    const waived = new Set(responseWaivers.map(({ id }) => id));
    for (const each of of(responses, 'accept')) {
      if (waived.has(each.id)) continue;
      assert.equal(refusalReason(relayResponse(each.bytes).refused), refusalReason(0), each.id);
    }
  });
});

/** Where the corpus wants another rule: merged slashes, unescaped slashes, kept backslashes. */
const OTHER_RULES = /merge|unescape|decode|redirect|BackslashPreserved/i;
/** RFC 3986 §5.2.4 stops at the root; upper-case escapes are §6.2.2.1. */
const OURS: Readonly<Record<string, string>> = {
  'envoypath/uhv/NormalizePathUriInvalidBeyondRoot': '/',
  'envoypath/NormalizeValidPaths/5': '/%C0%AF',
  'envoypath/NormalizeCasePath/3': '/a/%2F%2F/c',
};

test('corpora: paths come out as RFC 3986 normalises them', { skip }, () => {
  let seen = 0;
  for (const each of corpusCases(['path'])) {
    if (each.tags.some((tag) => OTHER_RULES.test(tag)) || OTHER_RULES.test(each.id)) continue;
    if (each.path === null || !/^[/*]/.test(each.path)) continue;
    const method = each.path === '*' && each.expect === '*' ? 'OPTIONS' : 'GET';
    const bytes = Buffer.from(`${method} ${each.path} HTTP/1.1\r\nHost: a\r\n\r\n`, 'latin1');
    const head = new Head();
    head.collect(bytes, 0, bytes.length);
    const result = parseRequestHead(head, head.slab, 0, head.filled);
    const path = result === PARSE_OK ? head.text(head.pathStart, head.pathEnd) : null;
    assert.equal(path, OURS[each.id] ?? each.expect, each.id);
    seen++;
  }
  assert.ok(seen >= 12, String(seen));
});
