/**
 * Kubernetes quantities, as far as resources of a container need them: `50m`, `0.5`, `64Mi`, `1G`.
 *
 * Read so that a request over its limit is refused where it was written, and not by the API server
 * as a mistake in a container that the user never saw.
 *
 * Pure. Used by `setting.ts`.
 */

export interface Quantity {
  readonly text: string;
  /** In cores, or in bytes. */
  readonly amount: number;
}

const UNITS: Readonly<Record<string, number>> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};
const QUANTITY = /^(?<digits>[0-9]{1,15}(?:\.[0-9]{1,3})?)(?<unit>m|k|M|G|T|Ki|Mi|Gi|Ti|)$/;

/** Null: not a quantity, or none above 0. */
export function parseQuantity(text: string): Quantity | null {
  const { digits, unit } = QUANTITY.exec(text)?.groups ?? {};
  if (digits === undefined || unit === undefined) return null;
  const amount = Number(digits) * UNITS[unit]!;
  return amount > 0 ? { text, amount } : null;
}
