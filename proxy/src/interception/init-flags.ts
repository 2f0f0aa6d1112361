/**
 * The command line of the init step: what is left alone, and what alone is taken.
 *
 * Pure. Called by `init.ts`. Injection writes these flags from the annotations of the same names.
 */
import { parseArgs } from 'node:util';
import {
  networkListLimits,
  parseAddressRanges,
  parsePortRanges,
} from '@remora/api/network-lists.ts';
import type { Interception } from './rules.ts';

export const USAGE = `usage: remora-init [options]

Leads the TCP connections of this network namespace through the sidecar, in nat of IPv4 and IPv6.
Needs the capabilities NET_ADMIN and NET_RAW. A second run replaces what the first one set.

  --skip-outbound-ports LIST   connections to these ports are left alone
  --only-outbound-ports LIST   no others are taken
  --skip-outbound-cidrs LIST   connections to these addresses are left alone
  --only-outbound-cidrs LIST   no others are taken
  --skip-inbound-ports LIST    connections to these ports of the pod are left alone
  --only-inbound-ports LIST    no others are taken
  --dry-run                    print the rules, set nothing

LIST is such as 22,9000-9100 or 10.0.0.0/8,fd00::/8: ${networkListLimits.rangesMax} parts at most.
`;

export interface InitOptions {
  readonly interception: Interception;
  readonly isDryRun: boolean;
}

const FLAGS = {
  'skip-outbound-ports': { type: 'string', default: '' },
  'only-outbound-ports': { type: 'string', default: '' },
  'skip-outbound-cidrs': { type: 'string', default: '' },
  'only-outbound-cidrs': { type: 'string', default: '' },
  'skip-inbound-ports': { type: 'string', default: '' },
  'only-inbound-ports': { type: 'string', default: '' },
  'dry-run': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

type Given = ReturnType<typeof readFlags>;
type ListFlag = Exclude<keyof typeof FLAGS, 'dry-run' | 'help'>;

/** The options, or what is wrong with them, or 'help'. */
export function parseInitFlags(args: readonly string[]): InitOptions | string {
  try {
    const given = readFlags(args);
    return given.help ? 'help' : toOptions(given);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function readFlags(args: readonly string[]) {
  return parseArgs({ args: [...args], options: FLAGS, strict: true }).values;
}

function toOptions(given: Given): InitOptions {
  return {
    interception: {
      skipOutboundPorts: portRanges('skip-outbound-ports', given),
      onlyOutboundPorts: portRanges('only-outbound-ports', given),
      skipOutboundRanges: addressRanges('skip-outbound-cidrs', given),
      onlyOutboundRanges: addressRanges('only-outbound-cidrs', given),
      skipInboundPorts: portRanges('skip-inbound-ports', given),
      onlyInboundPorts: portRanges('only-inbound-ports', given),
    },
    isDryRun: given['dry-run'],
  };
}

function portRanges(flag: ListFlag, given: Given) {
  const ranges = parsePortRanges(given[flag]);
  if (ranges !== null) return ranges;
  throw new Error(`--${flag} must be ports such as 22,9000-9100, not ${given[flag]}`);
}

function addressRanges(flag: ListFlag, given: Given) {
  const ranges = parseAddressRanges(given[flag]);
  if (ranges !== null) return ranges;
  throw new Error(`--${flag} must be ranges such as 10.0.0.0/8,fd00::/8, not ${given[flag]}`);
}
