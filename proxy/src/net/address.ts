/**
 * Addresses as text, in the one form that all are compared in: as the kernel prints them.
 *
 * Pure. Used wherever a socket says who is at its ends.
 */

export interface Address {
  readonly address: string;
  readonly port: number;
}

const MAPPED = '::ffff:';

/** An IPv4 address over an IPv6 socket is an IPv4 address; a zone says nothing here. */
export function plainAddress(address: string): string {
  const [plain = ''] = address.split('%');
  return plain.startsWith(MAPPED) ? plain.slice(MAPPED.length) : plain;
}

export function isMapped(address: string): boolean {
  return address.startsWith(MAPPED);
}

export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || address.startsWith('127.');
}
