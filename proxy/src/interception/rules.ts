/**
 * Which TCP connections of a pod go through the sidecar: text for iptables-restore, nat table.
 *
 *   from the application: OUTPUT → REMORA_OUT (left alone?) → REMORA_OUT_PORTS → REDIRECT outbound
 *   to the application: PREROUTING → REMORA_IN (left alone?) → REDIRECT inbound
 *
 * The sidecar's user is never redirected. So an application that calls its own Service is routed,
 * but when the choice falls on itself it is dialled past its own inbound, as with Linkerd. Istio
 * redirects that dial, and so has to dial the application by another source address; ours dials the
 * pod's own address, and a redirected one would come round for ever.
 *
 * Pure. Called by `init.ts`. Real packets: `test/e2e/interception-rules.test.ts`.
 */
import { PROXY_UID } from '@remora/api/mesh-names.ts';
import type { AddressRange, PortRange } from '@remora/api/network-lists.ts';
import { ports } from '@remora/api/ports.ts';

/** An empty list of `only` is no restriction; where both hold, `skip` wins. */
export interface Interception {
  readonly skipOutboundPorts: readonly PortRange[];
  readonly onlyOutboundPorts: readonly PortRange[];
  readonly skipOutboundRanges: readonly AddressRange[];
  readonly onlyOutboundRanges: readonly AddressRange[];
  readonly skipInboundPorts: readonly PortRange[];
  readonly onlyInboundPorts: readonly PortRange[];
}

export type Family = 4 | 6;

const CHAINS = ['REMORA_OUT', 'REMORA_OUT_PORTS', 'REMORA_IN'];
/** As `iptables -S` prints them, too: that is how a second run knows the first. */
const JUMPS = ['-A PREROUTING -p tcp -j REMORA_IN', '-A OUTPUT -p tcp -j REMORA_OUT'];
const LOOPBACK: Readonly<Record<Family, string>> = { 4: '127.0.0.0/8', 6: '::1/128' };
const DNS_PORT = 53;
const OWN_PORTS = [ports.outbound, ports.inbound, ports.admin, ports.metrics];

/**
 * For `--noflush`: a chain that is declared is emptied first, and all of it holds at once, so that
 * a second run replaces the first without a moment in between. `listed` is what `-S` prints.
 */
export function rulesText(
  interception: Interception,
  family: Family,
  listed: readonly string[],
): string {
  const lines = [
    '*nat',
    ...CHAINS.map((chain) => `:${chain} - [0:0]`),
    ...JUMPS.filter((jump) => !listed.includes(jump)),
    ...outboundRules(interception, family),
    ...inboundRules(interception),
    'COMMIT',
  ];
  return `${lines.join('\n')}\n`;
}

function outboundRules(interception: Interception, family: Family): string[] {
  const { skipOutboundPorts, onlyOutboundPorts, skipOutboundRanges, onlyOutboundRanges } =
    interception;
  const inFamily = (ranges: readonly AddressRange[]) =>
    ranges.filter((range) => range.family === family).map(({ text }) => `-d ${text} `);
  const skipped = [
    `-m owner --uid-owner ${PROXY_UID} `,
    // A pod's own addresses are reached by lo as well: that traffic never leaves the pod.
    '-o lo ',
    `-d ${LOOPBACK[family]} `,
    // Resolvers fall back to TCP for long answers.
    ...portMatches([{ first: DNS_PORT, last: DNS_PORT }]),
    ...portMatches(skipOutboundPorts),
    ...inFamily(skipOutboundRanges),
  ];
  const going = onlyOutboundRanges.length === 0 ? [''] : inFamily(onlyOutboundRanges);
  return [
    ...skipped.map((match) => `-A REMORA_OUT ${match}-j RETURN`),
    ...going.map((match) => `-A REMORA_OUT ${match}-j REMORA_OUT_PORTS`),
    ...redirects('REMORA_OUT_PORTS', onlyOutboundPorts, ports.outbound),
  ];
}

function inboundRules({ skipInboundPorts, onlyInboundPorts }: Interception): string[] {
  const own = OWN_PORTS.map((port) => ({ first: port, last: port }));
  return [
    ...portMatches([...own, ...skipInboundPorts]).map((match) => `-A REMORA_IN ${match}-j RETURN`),
    ...redirects('REMORA_IN', onlyInboundPorts, ports.inbound),
  ];
}

function redirects(chain: string, only: readonly PortRange[], to: number): string[] {
  const matches = only.length === 0 ? ['-p tcp '] : portMatches(only);
  return matches.map((match) => `-A ${chain} ${match}-j REDIRECT --to-ports ${to}`);
}

/** One rule a range: `multiport` takes 15 of them and is one more module that may be missing. */
function portMatches(ranges: readonly PortRange[]): string[] {
  return ranges.map(({ first, last }) => {
    return `-p tcp -m tcp --dport ${first === last ? first : `${first}:${last}`} `;
  });
}
