/**
 * What a proxy is told about one Service port: the table of contents of `desired/`.
 *
 * Routes act on the Service's front end once, as the Gateway API's mesh rules say: a backend is
 * the endpoints of its Service, never that Service's own routes. Which proxy asks matters only by
 * its namespace (consumer routes); `source` matches are compared in the proxy.
 *
 * Pure. Called by `compiler.ts`.
 */
import type { MeshObject, Service, ServicePort } from '@remora/api/config/objects.ts';
import { formatKey } from '@remora/api/destination.ts';
import type {
  BackendConfig,
  DestinationConfig,
  MatchConfig,
  RuleConfig,
} from '@remora/api/wire.ts';
import { compareText } from '../compare-text.ts';
import type { Facts } from '../world.ts';
import { createdAtMs, routesFor } from './attachment.ts';
import { endpointsOf } from './endpoints.ts';
import { matchConfigs } from './match-config.ts';
import { type RuleSettings, settingsFor } from './policy.ts';
import { byPrecedence, type RankedMatch } from './precedence.ts';
import { isRoutable, protocolOf } from './protocol.ts';
import { findDestination } from './references.ts';
import type { Route } from './route.ts';
import { fallbackRule, ruleConfig } from './rule-config.ts';
import { meshSources, sourceRefs } from './source-refs.ts';

/** Null: there is no such Service port. `key` is `name.namespace:port`. */
export function destinationConfig(
  world: Facts,
  key: string,
  forNamespace: string,
): DestinationConfig | null {
  const found = findDestination(world, key);
  if (found === null) return null;
  const { service, port } = found;
  const { name, namespace } = service.metadata;
  const routes = isRoutable(port) ? routesFor(world, service, port.port, forNamespace) : [];
  const settings = settingsFor(world, service, port.port, forNamespace).rule;
  const table = routes.length === 0 ? null : routeTable(world, routes, port.port, settings);
  const rules = table?.rules ?? [];
  const backends = backendsOf(world, backendKeys(key, rules), forNamespace);
  return {
    key: formatKey(name, namespace, port.port),
    name,
    namespace,
    port: port.port,
    protocol: protocolOf(port, routes.length > 0),
    matches: table?.matches ?? null,
    rules,
    fallback: fallbackRule(key, settings),
    backends: Object.fromEntries(backends.map(({ config }) => [config.key, config])),
    sources: sourceRefs([...routes, ...backends.flatMap(({ sources }) => sources)]),
  };
}

function routeTable(
  world: Facts,
  routes: readonly Route[],
  targetPort: number,
  settings: RuleSettings,
): { readonly matches: readonly MatchConfig[]; readonly rules: readonly RuleConfig[] } {
  const rules: RuleConfig[] = [];
  const ranked: RankedMatch[] = [];
  for (const route of routes) {
    const { namespace, name } = route.metadata;
    const from = { createdAtMs: createdAtMs(route), namespace, name, kind: route.kind };
    let order = 0;
    for (const [index, rule] of route.rules.entries()) {
      const at = rules.push(ruleConfig(rule, { world, route, index, targetPort, settings })) - 1;
      for (const match of matchConfigs(rule, at)) {
        ranked.push({ ...from, match, order: order++ });
      }
    }
  }
  return { matches: ranked.sort(byPrecedence).map(({ match }) => match), rules };
}

/** Sorted, the destination itself included: it is the fallback's. */
function backendKeys(key: string, rules: readonly RuleConfig[]): readonly string[] {
  const keys = new Set([key]);
  for (const { backends, mirrors, fallback } of rules) {
    for (const { backend } of backends) if (backend !== null) keys.add(backend);
    for (const { backend } of mirrors) keys.add(backend);
    if (fallback !== null) keys.add(fallback);
  }
  return [...keys].sort(compareText);
}

interface CompiledBackend {
  readonly config: BackendConfig;
  readonly sources: readonly MeshObject[];
}

function backendsOf(
  world: Facts,
  keys: readonly string[],
  forNamespace: string,
): readonly CompiledBackend[] {
  return keys.flatMap((key) => {
    const found = findDestination(world, key);
    return found === null ? [] : [compiledBackend(world, key, found, forNamespace)];
  });
}

function compiledBackend(
  world: Facts,
  key: string,
  { service, port }: { readonly service: Service; readonly port: ServicePort },
  forNamespace: string,
): CompiledBackend {
  const { backend, policies } = settingsFor(world, service, port.port, forNamespace);
  return {
    config: { key, endpoints: endpointsOf(world, service, port), ...backend },
    sources: [service, ...policies, ...meshSources(world)],
  };
}
