/**
 * Which proxy is meant by what somebody typed: `NAMESPACE/NAME`, or the name alone where no other
 * namespace has it too.
 *
 * Pure. Used by the page of one proxy and by `remora config`, which asks several replicas.
 */
import { nearestNames } from '@remora/api/nearest-names.ts';

/** More than one: the name alone does not tell. */
export function proxiesNamed(name: string, keys: Iterable<string>): readonly string[] {
  const known = [...keys];
  return known.includes(name) ? [name] : known.filter((key) => key.endsWith(`/${name}`));
}

/** Why it is not one proxy, and which may be meant. */
export function notOneProxy(
  name: string,
  keys: Iterable<string>,
): { readonly error: string; readonly nearest: readonly string[] } {
  const known = [...keys];
  const named = proxiesNamed(name, known);
  if (named.length > 1) return { error: `Several proxies are called ${name}`, nearest: named };
  const bare = known.map((key) => key.slice(key.indexOf('/') + 1));
  const nearest = nearestNames(name, name.includes('/') ? known : bare);
  return { error: `No proxy ${name} is connected`, nearest };
}
