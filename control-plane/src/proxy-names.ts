/**
 * Which proxy is meant by what somebody typed: `NAMESPACE/NAME`, or the name alone where no other
 * namespace has it too.
 *
 * Pure. Used by the page of one proxy and by `remora config`, which asks several replicas.
 */
import { nearestNames } from '@remora/api/nearest-names.ts';

/** Why it is not one proxy, and which may be meant. */
export interface NotOneProxy {
  readonly error: string;
  readonly nearest: readonly string[];
}

/** The one of these that is meant, as `NAMESPACE/NAME`. */
export function proxyNamed(name: string, known: readonly string[]): string | NotOneProxy {
  if (known.includes(name)) return name;
  const named = known.filter((key) => key.endsWith(`/${name}`));
  const [first] = named;
  if (named.length > 1) return { error: `Several proxies are called ${name}`, nearest: named };
  if (first !== undefined) return first;
  const bare = known.map((key) => key.slice(key.indexOf('/') + 1));
  const nearest = nearestNames(name, name.includes('/') ? known : bare);
  return { error: `No proxy ${name} is connected`, nearest };
}
