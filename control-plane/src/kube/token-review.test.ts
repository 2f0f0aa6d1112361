import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../clock.ts';
import * as limits from '../limits.ts';
import type { KubeClient } from './client.ts';
import { TokenReviewer } from './token-review.ts';

const AUDIENCE = 'remora.dev/control-plane';
const POD = { namespace: 'shop', serviceAccount: 'cart', podName: 'cart-0', podUid: 'u-1' };

const KNOWN = {
  authenticated: true,
  audiences: [AUDIENCE],
  user: {
    username: 'system:serviceaccount:shop:cart',
    extra: {
      'authentication.kubernetes.io/pod-name': ['cart-0'],
      'authentication.kubernetes.io/pod-uid': ['u-1'],
    },
  },
};

function tokenUntil(wallMs: number, id = 0): string {
  const claims = { exp: Math.floor(wallMs / 1_000), id };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.sig`;
}

/** A reviewer whose API server answers with this status, and counts. */
function reviewerOf(status: () => object) {
  const clock = new ManualClock();
  const counted = { asked: 0 };
  const create = async (_: unknown, object: object) => {
    counted.asked++;
    return { ...object, status: status() };
  };
  const client = { create: create as unknown as KubeClient['create'] };
  const reviewer = new TokenReviewer({ client, audience: AUDIENCE, clock });
  return { reviewer, clock, counted, token: tokenUntil(clock.wallMs() + 3_600_000) };
}

describe('a token reviewer', () => {
  test('keeps an answer for five minutes, and not longer', async () => {
    const { reviewer, clock, counted, token } = reviewerOf(() => KNOWN);
    assert.deepEqual(await reviewer.review(token), POD);
    clock.advanceMs(limits.tokenReviewMs - 1);
    await reviewer.review(token);
    assert.equal(counted.asked, 1);
    clock.advanceMs(1);
    await reviewer.review(token);
    assert.equal(counted.asked, 2);
  });

  test('never keeps an answer beyond the end that the token names', async () => {
    const { reviewer, clock, counted } = reviewerOf(() => KNOWN);
    const token = tokenUntil(clock.wallMs() + 60_000);
    await reviewer.review(token);
    clock.advanceMs(60_000);
    await reviewer.review(token);
    assert.equal(counted.asked, 2);
  });

  test('keeps a refusal for seconds', async () => {
    const { reviewer, clock, counted, token } = reviewerOf(() => ({ error: 'expired' }));
    assert.deepEqual(await reviewer.review(token), { refused: 'expired' });
    clock.advanceMs(limits.tokenRefusalMs - 1);
    await reviewer.review(token);
    assert.equal(counted.asked, 1);
    clock.advanceMs(1);
    await reviewer.review(token);
    assert.equal(counted.asked, 2);
  });

  test('keeps no failure to ask', async () => {
    let fails = true;
    const { reviewer, token } = reviewerOf(() => {
      if (fails) throw new Error('unreachable');
      return KNOWN;
    });
    await assert.rejects(reviewer.review(token), /unreachable/);
    fails = false;
    assert.deepEqual(await reviewer.review(token), POD);
  });

  test('asks once for many who show the same token at once', async () => {
    const { reviewer, counted, token } = reviewerOf(() => KNOWN);
    await Promise.all(Array.from({ length: 100 }, () => reviewer.review(token)));
    assert.equal(counted.asked, 1);
  });

  test('refuses who is no pod of a service account, or shows a token for others', async () => {
    const { user } = KNOWN;
    const refused: [object, RegExp][] = [
      [{ ...KNOWN, authenticated: false }, /does not know/],
      [{ ...KNOWN, audiences: ['https://kubernetes.default.svc'] }, /not for remora/],
      // An API server that does not know audiences leaves them out.
      [{ ...KNOWN, audiences: undefined }, /not for remora/],
      [{ ...KNOWN, user: { ...user, username: 'system:node:n1' } }, /no service account/],
      [{ ...KNOWN, user: { ...user, extra: {} } }, /no pod/],
    ];
    for (const [status, why] of refused) {
      const { reviewer, token } = reviewerOf(() => status);
      const reviewed = await reviewer.review(token);
      assert.match('refused' in reviewed ? reviewed.refused : 'served', why);
    }
  });

  test('asks nobody about what is no token', async () => {
    const { reviewer, counted } = reviewerOf(() => KNOWN);
    for (const text of ['', 'a.b', 'a.!.c', `a.${'A'.repeat(limits.tokenBytesMax)}.c`]) {
      assert.ok('refused' in (await reviewer.review(text)), text);
    }
    assert.equal(counted.asked, 0);
  });

  test('forgets the oldest answers where there are too many', async () => {
    const { reviewer, clock, counted, token } = reviewerOf(() => KNOWN);
    await reviewer.review(token);
    for (let id = 1; id <= limits.tokenReviewsMax; id++) {
      await reviewer.review(tokenUntil(clock.wallMs() + 3_600_000, id));
    }
    const { asked } = counted;
    await reviewer.review(token);
    assert.equal(counted.asked, asked + 1);
  });
});
