/**
 * The proxies that people write in Node today, as baselines: each a small program beside this file.
 *
 * They forward by host and weight and keep connections alive; none has retries, limits, ejection or
 * statistics, so their rows are `minimal`. A program is started as `node FILE PORT TABLE`.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RouteTable } from '../route-table.ts';
import { probeOf } from './envoy.ts';
import { type Peer, type Place, type Running, startPeer } from './peer.ts';

export const nodePeers: readonly Peer[] = [
  nodePeer('http-proxy', new URL('./http-proxy.ts', import.meta.url)),
  nodePeer('http-proxy-3', new URL('./http-proxy-3.ts', import.meta.url)),
  nodePeer('undici', new URL('./undici.ts', import.meta.url)),
  nodePeer('node:http', new URL('./node-http.ts', import.meta.url)),
];

function nodePeer(name: string, program: URL): Peer {
  const peer = { name, flavor: 'minimal' } as const;
  return {
    ...peer,
    missing: () => null,
    start(place: Place, table: RouteTable): Promise<Running> {
      const file = join(mkdtempSync(join(place.folder, 'node-')), 'table.json');
      writeFileSync(file, JSON.stringify(table));
      const quiet = '--disable-warning=ExperimentalWarning';
      return startPeer(peer, place, probeOf(table), (port) => [
        ...[process.execPath, '--no-deprecation', quiet, program.pathname],
        ...[String(port), file],
      ]);
    },
  };
}
