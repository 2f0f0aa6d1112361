/**
 * HAProxy with one thread. `full`: hosts by a map, weighted servers, leastconn, a request id, one
 * retry elsewhere for connections that failed, connection limits with a queue of 250 ms, servers
 * taken out after 7 errors seen in traffic, statistics. `minimal`: one backend, round robin.
 *
 * Only tables with one rule per service are rendered: the wide table is not asked of it.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NAMESPACE, type RouteTable } from '../route-table.ts';
import { probeOf } from './envoy.ts';
import { type Flavor, type Peer, type Place, type Running, startPeer } from './peer.ts';
import { serversOf, type WeightedServer } from './weighted-servers.ts';

export function haproxy(flavor: Flavor): Peer {
  const peer = { name: 'HAProxy', flavor };
  return {
    ...peer,
    missing: (tools) => (tools.haproxy === null ? 'haproxy' : null),
    start(place: Place, table: RouteTable): Promise<Running> {
      const folder = mkdtempSync(join(place.folder, 'haproxy-'));
      const file = join(folder, 'haproxy.cfg');
      return startPeer(peer, place, probeOf(table), (port) => {
        writeFileSync(join(folder, 'hosts.map'), hostMap(table));
        const render = flavor === 'full' ? fullConfig : minimalConfig;
        writeFileSync(file, render(table, port, folder));
        return [place.tools.haproxy ?? '', '-db', '-q', '-f', file];
      });
    },
  };
}

const DEFAULTS = `
defaults
  mode http
  timeout connect 1s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 60s
  http-reuse always
`;

function fullConfig(table: RouteTable, port: number, folder: string): string {
  const backends = table.services.map(
    ({ name }) => `
backend ${name}
  balance leastconn
  retries 1
  option redispatch 1
  retry-on conn-failure empty-response
  timeout queue 250ms
${serversOf(table, name).map(fullServer).join('\n')}`,
  );
  return `global
  nbthread 1
  maxconn 2000
  stats socket ${join(folder, 'stats.sock')} mode 600 level admin
${DEFAULTS}
frontend outbound
  bind 127.0.0.1:${port}
  unique-id-format %[uuid]
  http-request set-header x-request-id %[unique-id] unless { req.hdr(x-request-id) -m found }
  http-request set-header x-forwarded-proto http
  use_backend %[req.hdr(host),lower,map(${join(folder, 'hosts.map')})]
${backends.join('\n')}
`;
}

function fullServer({ port, weight }: WeightedServer): string {
  const checks = 'check inter 5s observe layer7 error-limit 7 on-error mark-down';
  return `  server s${port} 127.0.0.1:${port} weight ${weight} maxconn 256 ${checks}`;
}

function minimalConfig(table: RouteTable, port: number): string {
  const servers = serversOf(table, table.services[0]!.name);
  return `global
  nbthread 1
  maxconn 2000
${DEFAULTS}
frontend outbound
  bind 127.0.0.1:${port}
  default_backend all
backend all
  balance roundrobin
${servers.map((server) => `  server s${server.port} 127.0.0.1:${server.port}`).join('\n')}
`;
}

function hostMap(table: RouteTable): string {
  return table.services
    .flatMap(({ name }) => [`${name} ${name}`, `${name}.${NAMESPACE} ${name}`])
    .join('\n')
    .concat('\n');
}
