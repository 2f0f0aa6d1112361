/**
 * The one order of names: by code units, so that it depends on nobody's locale.
 *
 * Pure. Used wherever an order reaches a proxy or a hash.
 */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
