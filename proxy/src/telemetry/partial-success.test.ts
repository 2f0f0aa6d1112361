import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejection } from './partial-success.ts';

test('rejected spans are counted as text or as a number, and never more than were sent', () => {
  const said = (spans: string) => `{"partialSuccess":{"rejectedSpans":${spans}}}`;
  assert.equal(rejection(said('"3"'), 10).spans, 3);
  assert.equal(rejection(said('3'), 10).spans, 3);
  assert.equal(rejection(said('"99"'), 10).spans, 10);
  assert.equal(rejection(said('-1'), 10).spans, 0);
});

test('what is no such JSON rejects nothing', () => {
  for (const body of [
    '',
    '{}',
    'OK',
    'null',
    'rejectedSpans',
    '{"rejectedSpans":3}',
    '{"partialSuccess":null,"x":"rejectedSpans"}',
    '{"partialSuccess":{"rejectedSpans":"many"}}',
  ]) {
    assert.equal(rejection(body, 10).spans, 0, body);
  }
});

test('the reason is cut to what a line of log takes', () => {
  const errorMessage = 'x'.repeat(10_000);
  const body = JSON.stringify({ partialSuccess: { rejectedSpans: 1, errorMessage } });
  assert.equal(rejection(body, 10).why.length, 200);
});
