/**
 * A short run of the fuzzer, and the proof that it finds what it looks for.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../proxy/src/clock.ts';
import { relayRequests } from '../corpora/pipeline.ts';
import { findingText, runCampaign } from './campaign.ts';
import { codecRelays } from './oracle.ts';

const SHORT_RUN_MS = 3_000;

test('three seconds of fuzzing find nothing', () => {
  const seed = Date.now() % 1_000_000_007;
  const { runs, finding } = runCampaign(seed, SHORT_RUN_MS, systemClock);
  assert.equal(finding === null ? '' : findingText(seed, finding), '');
  assert.ok(runs > 100, `${runs} runs`);
});

test('a relay that passes bare LFs on is found, and the input is small', () => {
  const { finding } = runCampaign(1, 20_000, systemClock, {
    ...codecRelays,
    request(bytes, cuts) {
      const outcome = relayRequests(bytes, cuts);
      return Buffer.from(bytes).includes('\n: ')
        ? { ...outcome, sent: Buffer.from(bytes) }
        : outcome;
    },
  });
  assert.ok(finding !== null);
  assert.ok(finding.bytes.length < 40, finding.bytes.toString('latin1'));
});
