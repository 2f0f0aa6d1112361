/**
 * Lists of ports and of address ranges as people write them: `22,9000-9100`, `10.0.0.0/8,fd00::/8`.
 *
 * The same text stands in an annotation, where injection refuses what is wrong with it, and in a
 * flag of the init step, which turns it into rules. Addresses are checked here and not by
 * `node:net`, because this is the contract and imports nothing.
 *
 * Pure. Used by `control-plane/src/inject/settings.ts` and `proxy/src/interception/`.
 */

export interface PortRange {
  readonly first: number;
  /** The same as `first` for a single port. */
  readonly last: number;
}

export interface AddressRange {
  readonly family: 4 | 6;
  /** With its length, as iptables reads it. */
  readonly text: string;
}

export const networkListLimits = { rangesMax: 64 } as const;

const PORT_MAX = 65_535;
const V4_PART = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const V4 = new RegExp(`^${V4_PART}(\\.${V4_PART}){3}$`);
const V6_GROUPS = 8;
const V6_GROUP = /^[0-9a-f]{1,4}$/i;

/** Empty text is an empty list; null: not a list of ports, or too long a one. */
export function parsePortRanges(text: string): readonly PortRange[] | null {
  return parseList(text, parsePortRange);
}

/** Empty text is an empty list; null: not a list of address ranges, or too long a one. */
export function parseAddressRanges(text: string): readonly AddressRange[] | null {
  return parseList(text, parseAddressRange);
}

function parseList<T>(text: string, parse: (item: string) => T | null): readonly T[] | null {
  if (text.trim() === '') return [];
  const items = text.split(',').map((item) => parse(item.trim()));
  const isWhole = items.every((item) => item !== null);
  return isWhole && items.length <= networkListLimits.rangesMax ? items : null;
}

function parsePortRange(text: string): PortRange | null {
  const [, low = '', high = low] = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(text) ?? [];
  const [first, last] = [Number(low), Number(high)];
  return first >= 1 && first <= last && last <= PORT_MAX ? { first, last } : null;
}

/** A bare address is the range that holds it alone. */
function parseAddressRange(text: string): AddressRange | null {
  const [, address = '', length] = /^([^/]*)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
  const family = V4.test(address) ? 4 : isV6(address) ? 6 : null;
  if (family === null) return null;
  const bits = family === 4 ? 32 : 128;
  if (Number(length ?? bits) > bits) return null;
  return { family, text: `${address}/${Number(length ?? bits)}` };
}

function isV6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => V6_GROUP.test(group))) return false;
  return halves.length === 2 ? groups.length < V6_GROUPS : groups.length === V6_GROUPS;
}
