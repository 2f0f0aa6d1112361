/**
 * `npm run fuzz -- [--seconds N] [--seed N]`: fuzzes the HTTP/1 codec; 0 if nothing was found.
 *
 * Prints the seed first, so that a run that is killed can be repeated too.
 */
import { parseArgs } from 'node:util';
import { systemClock } from '../../proxy/src/clock.ts';
import { corporaMissing } from '../corpora/shared-corpora.ts';
import { findingText, runCampaign } from './campaign.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(process.pid * 7919 + (Date.now() % 1_000_000)) },
  },
});

const seed = Number(values.seed);
const seconds = Number(values.seconds);
if (!Number.isSafeInteger(seed) || !(seconds > 0)) {
  process.stderr.write('usage: npm run fuzz -- [--seconds N] [--seed N]\n');
  process.exit(2);
}
if (corporaMissing !== null) process.stdout.write(`${corporaMissing}\n`);
process.stdout.write(`fuzzing for ${seconds} s with seed ${seed}\n`);
const { runs, finding } = runCampaign(seed, seconds * 1000, systemClock);
process.stdout.write(
  finding === null ? `${runs} inputs, nothing found\n` : findingText(seed, finding),
);
process.exit(finding === null ? 0 : 1);
