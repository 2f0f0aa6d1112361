/**
 * The pieces that OTLP's JSON is made of: quoted text, attributes with prepared keys, instants.
 *
 * An attribute is a function that was given its key once, and each writes a leading comma, so that
 * a list is its first attribute and whatever follows. Values that say nothing ('', -1) write
 * nothing. Objects for JSON.stringify were refused: five times the time and as much garbage.
 *
 * Pure. Used by `otlp.ts`.
 */

/** What JSON takes as it stands: printable ASCII but for the quote and the backslash. */
const PLAIN = /^[ !#-[\]-~]*$/;
/** Texts kept of each count: all statuses, and what is in flight or waits on a common day. */
const COUNTS_KEPT = 600;
const COMMA = 0x2c;
const NANOS_OF_MS = 1_000_000;
/** Of 64 bits of nanoseconds; the year 2554. */
const LAST_MS = 2 ** 64 / NANOS_OF_MS - 1;
/** Looked up, since padding and formatting large numbers took a third of a span's time. */
const THREE_DIGITS: readonly string[] = Array.from({ length: 1_000 }, (_, number) =>
  String(number).padStart(3, '0'),
);

/** As a JSON string: control characters and lone surrogates become escapes. */
export function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

export function textAttribute(key: string): (value: string) => string {
  const before = `,{"key":"${key}","value":{"stringValue":"`;
  return (value) => {
    if (value === '') return '';
    if (PLAIN.test(value)) return `${before}${value}"}}`;
    return `${before}${JSON.stringify(value).slice(1)}}}`;
  };
}

/** The same for what is often the same again: the last text is kept. */
export function repeatedAttribute(key: string): (value: string) => string {
  const write = textAttribute(key);
  let last = '';
  let text = '';
  return (value) => {
    if (value !== last) {
      text = inOnePiece(write(value));
      last = value;
    }
    return text;
  };
}

/** Whole numbers from 0: as text, since 64 bits are more than JSON's numbers carry. */
export function countAttribute(key: string): (value: number) => string {
  const before = `,{"key":"${key}","value":{"intValue":"`;
  const kept: string[] = [];
  return (value) => {
    if (!Number.isSafeInteger(value) || value < 0) return '';
    if (value >= COUNTS_KEPT) return `${before}${value}"}}`;
    kept[value] ??= inOnePiece(`${before}${value}"}}`);
    return kept[value];
  };
}

export function numberAttribute(key: string): (value: number) => string {
  const before = `,{"key":"${key}","value":{"doubleValue":`;
  return (value) => (Number.isFinite(value) ? `${before}${value}}}` : '');
}

/**
 * What was put together is a tree of its pieces until somebody looks into it, and that is done here
 * once. Asking for the comma is only to have a use for the look.
 */
function inOnePiece(text: string): string {
  return text.charCodeAt(0) === COMMA ? text : '';
}

/** Written only where it is true. */
export function markAttribute(key: string): (value: boolean) => string {
  const text = `,{"key":"${key}","value":{"boolValue":true}}`;
  return (value) => (value ? text : '');
}

/**
 * Nanoseconds since 1970 of `startedAt + offsetMs`, both in milliseconds with fractions. A double
 * has no room for them together in this century, so whole milliseconds and the rest are added
 * apart.
 */
export function nanosText(startedAt: number, offsetMs: number): string {
  const startWhole = Math.floor(startedAt);
  const offsetWhole = Math.floor(offsetMs);
  const fraction = startedAt - startWhole + (offsetMs - offsetWhole);
  let ms = startWhole + offsetWhole;
  let nanos = Math.round(fraction * NANOS_OF_MS);
  while (nanos >= NANOS_OF_MS) {
    ms++;
    nanos -= NANOS_OF_MS;
  }
  // Not a time at all, or before 1970: a collector would refuse the whole batch for it.
  if (!(ms > 0 && ms < LAST_MS)) return '0';
  const seconds = Math.floor(ms / 1_000);
  const micros = Math.floor(nanos / 1_000);
  const head = seconds + THREE_DIGITS[ms - seconds * 1_000]!;
  return head + THREE_DIGITS[micros]! + THREE_DIGITS[nanos - micros * 1_000]!;
}

/** Where the host of `host:port` ends: the colon's place, or the text's length without a port. */
export function hostEnd(address: string): number {
  const colon = address.lastIndexOf(':');
  if (colon === -1 || address.endsWith(']')) return address.length;
  // More colons, and no brackets around them: an IPv6 address alone.
  if (address.indexOf(':') !== colon && !address.startsWith('[')) return address.length;
  return colon;
}

/** Of `host:port`; `unset` where there is none. */
export function portOf(address: string, end: number, unset: number): number {
  if (end >= address.length - 1) return unset;
  const port = Number(address.slice(end + 1));
  return Number.isInteger(port) ? port : unset;
}
