import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BODY_CHUNKED,
  BODY_LENGTH,
  BODY_NONE,
  BODY_UNTIL_CLOSE,
  downstreamFraming,
  requestBody,
  responseBody,
} from './body-framing.ts';
import { Head, METHOD, NO_LENGTH } from './head.ts';

function head(status: number, contentLength: number, chunked = false): Head {
  return Object.assign(new Head(), { status, contentLength, chunked });
}

test('a request has a body only where it says so', () => {
  assert.equal(requestBody(head(0, NO_LENGTH)), BODY_NONE);
  assert.equal(requestBody(head(0, 0)), BODY_NONE);
  assert.equal(requestBody(head(0, 1)), BODY_LENGTH);
  assert.equal(requestBody(head(0, NO_LENGTH, true)), BODY_CHUNKED);
});

test('a response has a body unless its status or the method forbids it', () => {
  assert.equal(responseBody(head(200, NO_LENGTH), METHOD.GET), BODY_UNTIL_CLOSE);
  assert.equal(responseBody(head(200, 0), METHOD.GET), BODY_NONE);
  assert.equal(responseBody(head(200, 5), METHOD.GET), BODY_LENGTH);
  assert.equal(responseBody(head(200, NO_LENGTH, true), METHOD.GET), BODY_CHUNKED);
  assert.equal(responseBody(head(200, 5), METHOD.HEAD), BODY_NONE);
  for (const status of [100, 101, 103, 204, 304]) {
    assert.equal(responseBody(head(status, 5, true), METHOD.GET), BODY_NONE, String(status));
  }
});

test('a body without an end of its own is chunked for 1.1 and ends by closing for 1.0', () => {
  assert.equal(downstreamFraming(BODY_UNTIL_CLOSE, 11), BODY_CHUNKED);
  assert.equal(downstreamFraming(BODY_CHUNKED, 10), BODY_UNTIL_CLOSE);
  assert.equal(downstreamFraming(BODY_LENGTH, 10), BODY_LENGTH);
});
