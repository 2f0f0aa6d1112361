/**
 * The names under which a Service port is called, and the one key that all of them mean.
 *
 * `svc`, `svc.ns`, `svc.ns.svc`, `svc.ns.svc.cluster.local`, each with `:port`, in any case.
 * What is none of these is outside the mesh: an IP address, another domain.
 *
 * Pure. Used by the outbound role for every new authority, and by the control plane.
 */
const DEFAULT_PORT = 80;
const NAME_BYTES_MAX = 253;
/** A DNS label, RFC 1123: what Kubernetes allows as a Service's or namespace's name. */
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SUFFIXES: readonly string[] = ['', 'svc', 'svc.cluster.local'];

/** `name.namespace:port`. */
export function formatKey(name: string, namespace: string, port: number): string {
  return `${name}.${namespace}:${port}`;
}

/** An address as the key of a subscription: `10.96.0.7:80`, `[fd00::7]:80`. */
export function formatAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Null: the key is a name. Addresses are compared as text, in the form that the kernel prints. */
export function parseAddress(key: string): { address: string; port: number } | null {
  const [, v6, v4, number = ''] = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):([0-9]{1,5})$/.exec(key) ?? [];
  const address = v6 ?? v4;
  const port = parsePort(number);
  return address === undefined || port === null ? null : { address, port };
}

/** The key that an authority means for callers in `ownNamespace`; null: no Service can be meant. */
export function destinationKey(authority: string, ownNamespace: string): string | null {
  const colon = authority.lastIndexOf(':');
  const host = (colon < 0 ? authority : authority.slice(0, colon)).toLowerCase();
  const port = colon < 0 ? DEFAULT_PORT : parsePort(authority.slice(colon + 1));
  if (port === null || host.length > NAME_BYTES_MAX) return null;
  const [name, namespace, ...suffix] = host.replace(/\.$/, '').split('.');
  if (name === undefined || !LABEL.test(name)) return null;
  if (namespace === undefined) return formatKey(name, ownNamespace, port);
  if (!LABEL.test(namespace) || !SUFFIXES.includes(suffix.join('.'))) return null;
  return formatKey(name, namespace, port);
}

function parsePort(text: string): number | null {
  if (!/^[0-9]{1,5}$/.test(text)) return null;
  const port = Number(text);
  return port >= 1 && port <= 65_535 ? port : null;
}
