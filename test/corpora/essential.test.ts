/**
 * The project's own cases, run everywhere: each says exactly why a message is refused, and that
 * what is forwarded passes the judge, wherever one cut falls.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { refusalReason } from '../../proxy/src/http1/refusals.ts';
import type { EssentialCase } from './essential-case.ts';
import { framingCases } from './essential-framing.ts';
import { headCases } from './essential-heads.ts';
import { responseCases } from './essential-responses.ts';
import { type Outcome, relayRequests, relayResponse } from './pipeline.ts';
import { type Message, readRequests, readResponses } from './strict-grammar.ts';

function check(each: EssentialCase, outcome: Outcome, messages: readonly Message[]): void {
  assert.equal(refusalReason(outcome.refused), refusalReason(each.refused));
  assert.equal(outcome.refused, each.refused);
  assert.equal(outcome.whole, each.whole);
  if (each.target !== undefined) assert.equal(messages[0]?.target, each.target);
}

/** Less start and end, which follow from how chunks were cut. */
function meaning(messages: readonly Message[]): unknown {
  return messages.map(({ start: _start, end: _end, ...rest }) => rest);
}

describe('a request', () => {
  for (const each of [...framingCases, ...headCases]) {
    const verb = each.refused === 0 ? 'is read' : 'is refused';
    test(`${each.name}: ${verb}, wherever it is cut`, () => {
      const bytes = Buffer.from(each.raw, 'latin1');
      const outcome = relayRequests(bytes);
      const reading = readRequests(outcome.sent);
      assert.equal(reading.fault, null);
      assert.equal(reading.messages.length, outcome.whole);
      check(each, outcome, reading.messages);
      const step = Math.max(1, Math.floor(bytes.length / 200));
      for (let cut = 1; cut < bytes.length; cut += step) {
        const inTwo = relayRequests(bytes, [cut]);
        assert.equal(inTwo.refused, outcome.refused, `cut at ${cut}`);
        assert.deepEqual(meaning(readRequests(inTwo.sent).messages), meaning(reading.messages));
      }
    });
  }
});

describe('a response', () => {
  for (const each of responseCases) {
    const verb = each.refused === 0 ? 'is read' : 'is refused';
    test(`${each.name}: ${verb}`, () => {
      const outcome = relayResponse(Buffer.from(each.raw, 'latin1'));
      const reading = readResponses(outcome.sent, ['GET'], false);
      assert.equal(reading.fault, null);
      assert.equal(reading.messages.filter(({ status }) => status >= 200).length, outcome.whole);
      check(each, outcome, reading.messages);
    });
  }
});

test('there are at least 120 own cases, with different names', () => {
  const all = [...framingCases, ...headCases, ...responseCases];
  assert.ok(all.length >= 120, String(all.length));
  assert.equal(
    new Set([...framingCases, ...headCases].map(({ raw }) => raw)).size,
    framingCases.length + headCases.length,
  );
});
