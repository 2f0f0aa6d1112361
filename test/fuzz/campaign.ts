/**
 * One run of the fuzzer: seeds, mutations and oracle until the time is over or something is found;
 * then the input is made as small as it stays wrong.
 *
 * A throw counts as a finding. The clock is handed in.
 */
import { type Clock, seededChance } from '../../proxy/src/clock.ts';
import { framingCases } from '../corpora/essential-framing.ts';
import { headCases } from '../corpora/essential-heads.ts';
import { responseCases } from '../corpora/essential-responses.ts';
import { corpusCases } from '../corpora/shared-corpora.ts';
import { below, mutated } from './mutations.ts';
import { codecRelays, type Relays, requestFault, responseFault } from './oracle.ts';

const SEED_BYTES_MAX = 20_000;
const CUTS_MAX = 6;
const CLOCK_EVERY = 32;

export interface Finding {
  readonly side: 'request' | 'response';
  readonly fault: string;
  readonly bytes: Buffer;
  readonly cuts: readonly number[];
}

interface Campaign {
  readonly runs: number;
  readonly finding: Finding | null;
}

function seedsOf(raws: readonly { readonly raw: string }[], kinds: readonly string[]): Buffer[] {
  const own = raws.map(({ raw }) => Buffer.from(raw, 'latin1'));
  const others = corpusCases(kinds).map(({ bytes }) => bytes);
  return [...own, ...others].filter((bytes) => bytes.length <= SEED_BYTES_MAX);
}

function faultOf(finding: Omit<Finding, 'fault'>, relays: Relays): string | null {
  const judge = finding.side === 'request' ? requestFault : responseFault;
  try {
    return judge(finding.bytes, finding.cuts, relays);
  } catch (error) {
    return `threw ${String(error)}`;
  }
}

/** Runs for `ms`, or to the first finding. */
export function runCampaign(
  seed: number,
  ms: number,
  clock: Clock,
  relays: Relays = codecRelays,
): Campaign {
  const random = seededChance(seed);
  const requests = seedsOf([...framingCases, ...headCases], ['request', 'conn']);
  const responses = seedsOf(responseCases, ['response']);
  const endMs = clock.nowMs() + ms;
  let runs = 0;
  while (runs % CLOCK_EVERY !== 0 || clock.nowMs() < endMs) {
    runs++;
    const side = random() < 0.75 ? 'request' : 'response';
    const bytes = mutated(side === 'request' ? requests : responses, random);
    const cuts = Array.from({ length: 1 + below(random, CUTS_MAX) }, () =>
      below(random, bytes.length + 2),
    );
    const tried = { side, bytes, cuts } as const;
    const fault = faultOf(tried, relays);
    if (fault !== null) return { runs, finding: smaller({ ...tried, fault }, relays) };
  }
  return { runs, finding: null };
}

/** Leaves out ever smaller pieces while the input stays wrong. */
function smaller(found: Finding, relays: Relays): Finding {
  let best = found;
  for (let size = best.bytes.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < best.bytes.length; ) {
      const bytes = Buffer.concat([best.bytes.subarray(0, at), best.bytes.subarray(at + size)]);
      const fault = faultOf({ ...best, bytes }, relays);
      if (fault === null) at += size;
      else best = { ...best, bytes, fault };
    }
  }
  return best;
}

export function findingText(seed: number, finding: Finding): string {
  return (
    `seed ${seed}: as a ${finding.side}: ${finding.fault}\n` +
    `cuts: ${JSON.stringify(finding.cuts)}\n` +
    `bytes (latin1): ${JSON.stringify(finding.bytes.toString('latin1'))}\n`
  );
}
