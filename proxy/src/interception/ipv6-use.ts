/**
 * Whether this network namespace speaks IPv6, from the text of /proc/net/if_inet6.
 *
 * A pod with a global IPv6 address whose rules cannot be set would talk past its sidecar, and must
 * not start; one with only loopback and link-local addresses may, on a kernel without the table.
 *
 * Pure. Called by `init.ts`.
 */

/** `none`: switched off in the kernel. `local`: nobody else can be reached by it. */
export type Ipv6Use = 'none' | 'local' | 'global';

/** Scope, the fourth column, of an address that others can reach. */
const GLOBAL_SCOPE = '00';

/** Null: there is no such file. */
export function ipv6Use(addresses: string | null): Ipv6Use {
  if (addresses === null || addresses.trim() === '') return 'none';
  const scopes = addresses.split('\n').map((line) => line.trim().split(/\s+/)[3]);
  return scopes.includes(GLOBAL_SCOPE) ? 'global' : 'local';
}
