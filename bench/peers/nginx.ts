/**
 * nginx, twice: as a proxy under test, and as the origin that answers everybody.
 *
 * `full`: a server per host, weighted upstreams with passive ejection and connection limits, one
 * retry elsewhere, a request id, `stub_status`. `minimal`: one upstream. Both run as one process
 * without a master, so that its CPU is one pid's. Answers are never spooled to disk.
 */
import { mkdtempSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onCores } from '../machine/cores.ts';
import { freePortRun } from '../machine/free-ports.ts';
import { NAMESPACE, type RouteTable, type ServiceRoutes } from '../route-table.ts';
import { probeOf } from './envoy.ts';
import {
  awaitAnswer,
  type Flavor,
  type Peer,
  type Place,
  type Running,
  startPeer,
} from './peer.ts';
import { serversOf } from './weighted-servers.ts';

const ANSWER_BYTES = 250;
const MIB = 1024 * 1024;
/** nginx allocates for all of them at start, which is memory that the benches show. */
const PEER_CONNECTIONS = 2_048;
const ORIGIN_CONNECTIONS = 16_384;
const TEMPS = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

export function nginx(flavor: Flavor): Peer {
  const peer = { name: 'nginx', flavor };
  return {
    ...peer,
    missing: (tools) => (tools.nginx === null ? 'nginx' : null),
    start(place: Place, table: RouteTable): Promise<Running> {
      const shown = flavor === 'full' ? table.services : table.services.slice(0, 1);
      return startPeer(peer, place, probeOf(table), (port) => {
        const servers = shown.map((service) => proxyServer(table, service, port, flavor));
        return command(place, PEER_CONNECTIONS, servers.join('\n'));
      });
    },
  };
}

function proxyServer(
  table: RouteTable,
  { name }: ServiceRoutes,
  port: number,
  flavor: Flavor,
): string {
  const isFull = flavor === 'full';
  const limits = ' max_fails=7 fail_timeout=10s max_conns=256';
  const servers = serversOf(table, name).map(
    (one) => `server 127.0.0.1:${one.port} ${isFull ? `weight=${one.weight}${limits}` : ''};`,
  );
  return `
  upstream ${name} { ${servers.join(' ')} keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    server_name ${name} ${name}.${NAMESPACE};
    location / {
      proxy_pass http://${name};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_max_temp_file_size 0;
      ${isFull ? 'proxy_set_header X-Request-Id $request_id;' : ''}
      ${isFull ? 'proxy_next_upstream error timeout; proxy_next_upstream_tries 2;' : ''}
    }
    ${isFull ? 'location = /-/status { stub_status; }' : ''}
  }`;
}

/** The server behind all proxies: 250 bytes on any path, 1 MiB on `/1m`, 1 GiB on `/1g`. */
export async function startOrigin(
  place: Place,
  ports: number,
): Promise<{ readonly firstPort: number }> {
  const firstPort = await freePortRun(ports);
  const files = mkdtempSync(join(place.folder, 'origin-'));
  writeFileSync(join(files, '1m'), Buffer.alloc(MIB, 'remora'));
  const body = JSON.stringify({ items: [] }).padEnd(ANSWER_BYTES, ' ');
  const last = firstPort + ports - 1;
  const servers = `
  server {
    listen 127.0.0.1:${firstPort}${ports > 1 ? `-${last}` : ''};
    root ${files};
    default_type application/json;
    location = /1m { }
    location = /1g { }
    location / { return 200 '${body}'; }
  }`;
  writeFileSync(join(files, '1g'), '');
  truncateSync(join(files, '1g'), 1024 * MIB); // Sparse: it takes no disk.
  const child = place.children.start(
    'origin',
    onCores(command(place, ORIGIN_CONNECTIONS, servers), place.cores, 'load'),
  );
  await awaitAnswer(child, last, '/items');
  return { firstPort };
}

function command(place: Place, connections: number, servers: string): readonly string[] {
  const folder = mkdtempSync(join(place.folder, 'nginx-'));
  const file = join(folder, 'nginx.conf');
  const temps = TEMPS.map((name) => `${name}_temp_path ${join(folder, name)};`).join('\n  ');
  const config = `daemon off;
master_process off;
worker_processes 1;
error_log stderr error;
pid ${join(folder, 'nginx.pid')};
events { worker_connections ${connections}; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  keepalive_timeout 3600;
  ${temps}
${servers}
}
`;
  writeFileSync(file, config);
  return [place.tools.nginx ?? '', '-p', folder, '-c', file, '-e', 'stderr'];
}
